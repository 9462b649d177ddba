//! One Argon2id hash in PHC format (RFC 9106).

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::HashProblem;
use crate::policy::PasswordCost;

/// The tag length of hashes made here, in octets.
const TAG: usize = 32;
/// The most memory a stored hash may ask for: 256 MiB.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
/// The most passes a stored hash may ask for.
const MOST_PASSES: u32 = 32;
/// The most lanes a stored hash may ask for.
const MOST_LANES: u32 = 16;

/// Cost, salt and tag.
#[derive(Clone)]
pub(super) struct Argon2idHash {
    cost: PasswordCost,
    salt: Vec<u8>,
    tag: Zeroizing<Vec<u8>>,
}

impl Argon2idHash {
    /// Computes the hash of `secret`.
    pub(super) fn make(
        secret: &[u8],
        cost: PasswordCost,
        salt: &[u8],
    ) -> Result<Self, HashProblem> {
        Ok(Self {
            cost,
            salt: salt.to_vec(),
            tag: compute(secret, cost, salt, TAG)?,
        })
    }

    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$tag`: this order, no other member, salts of 8 to 64
    /// octets, tags of 16 to 64.
    pub(super) fn parse(text: &str) -> Result<Self, HashProblem> {
        let rest = text
            .strip_prefix("$argon2id$")
            .ok_or(HashProblem::UnknownFormat)?;
        let rest = rest.strip_prefix("v=19$").ok_or(HashProblem::Malformed)?;
        let mut parts = rest.split('$');
        let (Some(cost), Some(salt), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HashProblem::Malformed);
        };
        Ok(Self {
            cost: parse_cost(cost)?,
            salt: octets(salt, 8..=64)?,
            tag: Zeroizing::new(octets(tag, 16..=64)?),
        })
    }

    /// Whether `secret` has this hash.
    pub(super) fn matches(&self, secret: &[u8]) -> Result<bool, HashProblem> {
        let tag = compute(secret, self.cost, &self.salt, self.tag.len())?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    /// Whether `wanted` asks for more memory or more passes.
    pub(super) fn is_weaker_than(&self, wanted: PasswordCost) -> bool {
        self.cost.memory_kib < wanted.memory_kib || self.cost.passes < wanted.passes
    }
}

impl fmt::Display for Argon2idHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PasswordCost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let salt = STANDARD_NO_PAD.encode(&self.salt);
        let tag = STANDARD_NO_PAD.encode(self.tag.as_slice());
        write!(
            f,
            "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${tag}"
        )
    }
}

fn compute(
    secret: &[u8],
    cost: PasswordCost,
    salt: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, HashProblem> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(length))
        .map_err(|_| HashProblem::TooCostly)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = Zeroizing::new(vec![0; length]);
    argon2
        .hash_password_into(secret, salt, &mut tag)
        .map_err(|_| HashProblem::TooCostly)?;
    Ok(tag)
}

fn parse_cost(text: &str) -> Result<PasswordCost, HashProblem> {
    let mut parts = text.split(',');
    let mut number = |name: &str| {
        let digits = parts.next()?.strip_prefix(name)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (Some(memory_kib), Some(passes), Some(lanes)) = (number("m="), number("t="), number("p="))
    else {
        return Err(HashProblem::Malformed);
    };
    if parts.next().is_some() {
        return Err(HashProblem::Malformed);
    }
    if memory_kib > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > MOST_LANES {
        return Err(HashProblem::TooCostly);
    }
    Ok(PasswordCost {
        memory_kib,
        passes,
        lanes,
    })
}

fn octets(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>, HashProblem> {
    let octets = STANDARD_NO_PAD
        .decode(text)
        .map_err(|_| HashProblem::Malformed)?;
    if length.contains(&octets.len()) {
        Ok(octets)
    } else {
        Err(HashProblem::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Argon2idHash, HashProblem};

    /// From the test vectors of the reference implementation: password `password`, salt `somesalt`.
    const REFERENCE: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    #[test]
    fn the_reference_vector_verifies_and_survives_its_text() {
        let hash = Argon2idHash::parse(REFERENCE).unwrap();
        assert_eq!(hash.matches(b"password"), Ok(true));
        assert_eq!(hash.matches(b"passwore"), Ok(false));
        assert_eq!(hash.to_string(), REFERENCE);
    }

    #[test]
    fn refusals() {
        for (text, problem) in [
            (
                "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$x",
                HashProblem::UnknownFormat,
            ),
            (
                "$argon2id$m=8,t=1,p=1$c29tZXNhbHQ$x",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=8,t=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$t=1,m=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=8,t=1,p=1,x=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=+8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=8,t=1,p=1$c2Fs$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
                HashProblem::Malformed,
            ),
            (
                "$argon2id$v=19$m=999999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::TooCostly,
            ),
            (
                "$argon2id$v=19$m=8,t=99,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::TooCostly,
            ),
        ] {
            assert_eq!(Argon2idHash::parse(text).err(), Some(problem), "{text}");
        }
    }
}
