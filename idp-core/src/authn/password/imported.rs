//! Hashes that other systems made: read once at import, wrapped in Argon2id, never stored bare.
//!
//! | written as | by |
//! |---|---|
//! | `{SSHA}…`, `{SSHA256}…`, `{SSHA384}…`, `{SSHA512}…`: base64 of digest and salt | LDAP servers |
//! | `{SHA}…`, `{SHA256}…`, `{SHA384}…`, `{SHA512}…`: the same without salt | LDAP servers |
//! | `{PBKDF2}…`, `{PBKDF2-SHA1}…`, `{PBKDF2-SHA256}…`, `{PBKDF2-SHA512}`: `rounds$salt$digest` | OpenLDAP |
//! | `$pbkdf2$…`, `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…`: `rounds$salt$digest` | Python applications |
//! | `pbkdf2_sha1$…`, `pbkdf2_sha256$…`: `rounds$plain salt$digest` | Django |
//! | `$2a$…`, `$2b$…`, `$2y$…`, also behind `{CRYPT}` or `{BCRYPT}` | web applications, crypt(3) |
//! | `$argon2id$…` | kept as it is |

use std::num::NonZeroU32;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest;
use zeroize::Zeroizing;

use super::argon2id::Argon2idHash;
use super::{HashProblem, IMPORTED};
use crate::base::entropy::Entropy;
use crate::policy::PasswordCost;

/// The highest bcrypt cost: about a second on a server of these years.
const MOST_BCRYPT_COST: u32 = 14;
/// The most PBKDF2 rounds: about a second.
const MOST_ROUNDS: u32 = 2_000_000;
/// The longest salt, in octets.
const LONGEST_SALT: usize = 64;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    LENIENT
        .with_decode_allow_trailing_bits(true)
        .with_encode_padding(false),
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const ALL: [(&'static str, Self); 4] = [
        ("sha1", Self::Sha1),
        ("sha256", Self::Sha256),
        ("sha384", Self::Sha384),
        ("sha512", Self::Sha512),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, hash)| *hash)
    }

    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, own)| *own == self)
            .map_or("", |(name, _)| name)
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn pbkdf2(self) -> ring::pbkdf2::Algorithm {
        match self {
            Self::Sha1 => ring::pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => ring::pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => ring::pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => ring::pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// How a former system went from a password to a digest; parameters, never the digest itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
    },
    Pbkdf2 {
        hash: Hash,
        rounds: NonZeroU32,
        salt: Vec<u8>,
        length: usize,
    },
    Salted {
        hash: Hash,
        salt: Vec<u8>,
    },
}

impl Scheme {
    /// The former digest of `password`.
    pub(super) fn compute(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashProblem> {
        match self {
            Self::Bcrypt { cost, salt } => {
                let parts = bcrypt::hash_with_salt(password, *cost, *salt)
                    .map_err(|_| HashProblem::TooCostly)?;
                let text = Zeroizing::new(parts.to_string());
                // `$2b$12$`, 22 characters of salt, 31 of digest.
                let digest = text.get(29..).ok_or(HashProblem::Malformed)?;
                decode(&BCRYPT, digest).map(Zeroizing::new)
            }
            Self::Pbkdf2 {
                hash,
                rounds,
                salt,
                length,
            } => {
                let mut digest = Zeroizing::new(vec![0; *length]);
                ring::pbkdf2::derive(hash.pbkdf2(), *rounds, salt, password, &mut digest);
                Ok(digest)
            }
            Self::Salted { hash, salt } => {
                let mut context = digest::Context::new(hash.digest());
                context.update(password);
                context.update(salt);
                Ok(Zeroizing::new(context.finish().as_ref().to_vec()))
            }
        }
    }

    /// Reads what [`Scheme::to_text`] wrote.
    pub(super) fn parse(text: &str) -> Result<Self, HashProblem> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["bcrypt", cost, salt] => bcrypt_scheme(cost, &decode(&STANDARD, salt)?),
            ["pbkdf2", hash, rounds, salt, length] => {
                let hash = Hash::named(hash).ok_or(HashProblem::UnknownFormat)?;
                let length = length.parse().map_err(|_| HashProblem::Malformed)?;
                pbkdf2_scheme(hash, rounds, decode(&STANDARD, salt)?, length)
            }
            ["salted", hash, salt] => {
                let hash = Hash::named(hash).ok_or(HashProblem::UnknownFormat)?;
                let salt = decode(&STANDARD, salt)?;
                Ok(Self::Salted { hash, salt })
            }
            _ => Err(HashProblem::UnknownFormat),
        }
    }

    /// The parameters as they rest.
    fn to_text(&self) -> String {
        match self {
            Self::Bcrypt { cost, salt } => format!("bcrypt:{cost}:{}", STANDARD.encode(salt)),
            Self::Pbkdf2 {
                hash,
                rounds,
                salt,
                length,
            } => {
                let salt = STANDARD.encode(salt);
                format!("pbkdf2:{}:{rounds}:{salt}:{length}", hash.name())
            }
            Self::Salted { hash, salt } => {
                format!("salted:{}:{}", hash.name(), STANDARD.encode(salt))
            }
        }
    }
}

/// A hash from a former system, checked and ready to be wrapped.
pub struct ImportedHash(Imported);

enum Imported {
    Foreign {
        scheme: Scheme,
        digest: Zeroizing<Vec<u8>>,
    },
    Own(Argon2idHash),
}

impl ImportedHash {
    /// Reads a hash as the table above has it; scheme names in braces in any letter case.
    ///
    /// # Errors
    /// [`HashProblem::UnknownFormat`] for every other scheme (clear text, MD5 and DES among them),
    /// [`HashProblem::Malformed`], and [`HashProblem::TooCostly`] beyond bcrypt cost 14 or two
    /// million PBKDF2 rounds, because anybody could make the server compute it.
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        if let Some((name, rest)) = braces(text) {
            return in_braces(&name, rest);
        }
        if text.starts_with("$argon2id$") {
            return Argon2idHash::parse(text).map(|hash| Self(Imported::Own(hash)));
        }
        if let Some(rest) = text.strip_prefix('$') {
            return match rest.split_once('$') {
                Some(("2a" | "2b" | "2y", rest)) => bcrypt_hash(rest),
                Some(("pbkdf2", rest)) => pbkdf2_hash(Hash::Sha1, rest, SaltText::Base64),
                Some(("pbkdf2-sha256", rest)) => pbkdf2_hash(Hash::Sha256, rest, SaltText::Base64),
                Some(("pbkdf2-sha512", rest)) => pbkdf2_hash(Hash::Sha512, rest, SaltText::Base64),
                _ => Err(HashProblem::UnknownFormat),
            };
        }
        match text.split_once('$') {
            Some(("pbkdf2_sha1", rest)) => pbkdf2_hash(Hash::Sha1, rest, SaltText::Plain),
            Some(("pbkdf2_sha256", rest)) => pbkdf2_hash(Hash::Sha256, rest, SaltText::Plain),
            _ => Err(HashProblem::UnknownFormat),
        }
    }

    /// Wraps the former digest in Argon2id of the given cost: what may rest.
    ///
    /// # Errors
    /// [`HashProblem::TooCostly`] when Argon2 does not accept the cost.
    pub fn wrap(&self, cost: PasswordCost, entropy: &mut Entropy) -> Result<String, HashProblem> {
        match &self.0 {
            Imported::Own(hash) => Ok(hash.to_string()),
            Imported::Foreign { scheme, digest } => {
                let outer = Argon2idHash::make(digest, cost, &entropy.bytes::<16>())?;
                Ok(format!("{IMPORTED}{}{outer}", scheme.to_text()))
            }
        }
    }
}

impl std::fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedHash(…)")
    }
}

/// Splits `{NAME}rest`, the name in lower case.
fn braces(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.strip_prefix('{')?.split_once('}')?;
    Some((name.to_ascii_lowercase(), rest))
}

fn in_braces(name: &str, rest: &str) -> Result<ImportedHash, HashProblem> {
    match name {
        "sha" | "ssha" => salted_hash(Hash::Sha1, rest),
        "sha256" | "ssha256" => salted_hash(Hash::Sha256, rest),
        "sha384" | "ssha384" => salted_hash(Hash::Sha384, rest),
        "sha512" | "ssha512" => salted_hash(Hash::Sha512, rest),
        "pbkdf2" | "pbkdf2-sha1" => pbkdf2_hash(Hash::Sha1, rest, SaltText::Base64),
        "pbkdf2-sha256" => pbkdf2_hash(Hash::Sha256, rest, SaltText::Base64),
        "pbkdf2-sha512" => pbkdf2_hash(Hash::Sha512, rest, SaltText::Base64),
        "crypt" | "bcrypt" => match rest.strip_prefix('$').and_then(|r| r.split_once('$')) {
            Some(("2a" | "2b" | "2y", rest)) => bcrypt_hash(rest),
            _ => Err(HashProblem::UnknownFormat),
        },
        "argon2" if rest.starts_with("$argon2id$") => {
            Argon2idHash::parse(rest).map(|hash| ImportedHash(Imported::Own(hash)))
        }
        _ => Err(HashProblem::UnknownFormat),
    }
}

fn foreign(scheme: Scheme, digest: Vec<u8>) -> ImportedHash {
    let digest = Zeroizing::new(digest);
    ImportedHash(Imported::Foreign { scheme, digest })
}

/// `base64(digest ‖ salt)`.
fn salted_hash(hash: Hash, text: &str) -> Result<ImportedHash, HashProblem> {
    let octets = decode(&STANDARD, text)?;
    let (digest, salt) = octets
        .split_at_checked(hash.digest().output_len())
        .ok_or(HashProblem::Malformed)?;
    if salt.len() > LONGEST_SALT {
        return Err(HashProblem::Malformed);
    }
    let scheme = Scheme::Salted {
        hash,
        salt: salt.to_vec(),
    };
    Ok(foreign(scheme, digest.to_vec()))
}

#[derive(Clone, Copy)]
enum SaltText {
    Base64,
    Plain,
}

/// `rounds$salt$digest`, in base64 or its variant with `.` for `+`.
fn pbkdf2_hash(hash: Hash, text: &str, salt_text: SaltText) -> Result<ImportedHash, HashProblem> {
    let parts: Vec<&str> = text.split('$').collect();
    let [rounds, salt, digest] = parts.as_slice() else {
        return Err(HashProblem::Malformed);
    };
    let salt = match salt_text {
        SaltText::Base64 => decode(&STANDARD, &salt.replace('.', "+"))?,
        SaltText::Plain => salt.as_bytes().to_vec(),
    };
    let digest = decode(&STANDARD, &digest.replace('.', "+"))?;
    Ok(foreign(
        pbkdf2_scheme(hash, rounds, salt, digest.len())?,
        digest,
    ))
}

fn pbkdf2_scheme(
    hash: Hash,
    rounds: &str,
    salt: Vec<u8>,
    length: usize,
) -> Result<Scheme, HashProblem> {
    let rounds: NonZeroU32 = rounds.parse().map_err(|_| HashProblem::Malformed)?;
    if !(16..=64).contains(&length) || salt.len() > LONGEST_SALT {
        return Err(HashProblem::Malformed);
    }
    if rounds.get() > MOST_ROUNDS {
        return Err(HashProblem::TooCostly);
    }
    Ok(Scheme::Pbkdf2 {
        hash,
        rounds,
        salt,
        length,
    })
}

/// `cost$`, 22 characters of salt, 31 of digest.
fn bcrypt_hash(text: &str) -> Result<ImportedHash, HashProblem> {
    let (cost, rest) = text.split_once('$').ok_or(HashProblem::Malformed)?;
    let (salt, digest) = rest.split_at_checked(22).ok_or(HashProblem::Malformed)?;
    if digest.len() != 31 {
        return Err(HashProblem::Malformed);
    }
    let scheme = bcrypt_scheme(cost, &decode(&BCRYPT, salt)?)?;
    Ok(foreign(scheme, decode(&BCRYPT, digest)?))
}

fn bcrypt_scheme(cost: &str, salt: &[u8]) -> Result<Scheme, HashProblem> {
    let cost: u32 = cost.parse().map_err(|_| HashProblem::Malformed)?;
    let salt = salt.try_into().map_err(|_| HashProblem::Malformed)?;
    match cost {
        0..4 => Err(HashProblem::Malformed),
        4..=MOST_BCRYPT_COST => Ok(Scheme::Bcrypt { cost, salt }),
        _ => Err(HashProblem::TooCostly),
    }
}

fn decode(engine: &GeneralPurpose, text: &str) -> Result<Vec<u8>, HashProblem> {
    engine.decode(text).map_err(|_| HashProblem::Malformed)
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::{Hash, HashProblem, ImportedHash, STANDARD, Scheme};
    use crate::authn::password::StoredPassword;
    use crate::base::entropy::Entropy;
    use crate::base::secret::SecretText;
    use crate::policy::PasswordCost;

    const CHEAP: PasswordCost = PasswordCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    fn ab64(octets: &[u8]) -> String {
        STANDARD
            .encode(octets)
            .trim_end_matches('=')
            .replace('+', ".")
    }

    /// Imports `text`, wraps it, and checks a right and a wrong password against what rests.
    fn accepts(text: &str, password: &str) {
        let mut entropy = Entropy::from_seed(&[9; 32]);
        let wrapped = ImportedHash::parse(text)
            .unwrap()
            .wrap(CHEAP, &mut entropy)
            .unwrap();
        let stored = StoredPassword::parse(&wrapped).unwrap();
        let is = |p: &str| stored.matches(&SecretText::new(p.to_owned())).unwrap();
        assert!(is(password), "{text}");
        assert!(!is(&format!("{password}x")), "{text}");
        let tail = text.rsplit(['$', '}']).next().unwrap();
        assert!(
            !wrapped.contains(tail),
            "the former digest must not rest: {text}"
        );
    }

    #[test]
    fn bcrypt_of_the_openwall_vectors() {
        accepts(
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "U*U",
        );
        accepts(
            "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
            "U*U*",
        );
        accepts(
            "{CRYPT}$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
            "U*U*U",
        );
    }

    #[test]
    fn pbkdf2_of_rfc_6070_and_its_sha2_companions() {
        let sha1 = hex("4b007901b765489abead49d926f721d065a429c1");
        let text = format!("4096${}${}", ab64(b"salt"), ab64(&sha1));
        accepts(&format!("{{PBKDF2}}{text}"), "password");
        accepts(&format!("{{pbkdf2-sha1}}{text}"), "password");
        accepts(&format!("$pbkdf2${text}"), "password");
        let sha256 = hex("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
        let text = format!("4096${}${}", ab64(b"salt"), ab64(&sha256));
        accepts(&format!("{{PBKDF2-SHA256}}{text}"), "password");
        accepts(&format!("$pbkdf2-sha256${text}"), "password");
        accepts(
            &format!("pbkdf2_sha256$4096$salt${}", STANDARD.encode(&sha256)),
            "password",
        );
        let sha512 = hex(
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5\
             143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5",
        );
        accepts(
            &format!("{{PBKDF2-SHA512}}4096${}${}", ab64(b"salt"), ab64(&sha512)),
            "password",
        );
    }

    #[test]
    fn salted_digests_as_ldap_writes_them() {
        // FIPS 180 vectors: the password and the salt together are the message `abc`.
        for (name, digest) in [
            ("SSHA", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "SSHA256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "ssha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let mut octets = hex(digest);
            octets.push(b'c');
            accepts(&format!("{{{name}}}{}", STANDARD.encode(octets)), "ab");
        }
        accepts("{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=", "hello");
    }

    #[test]
    fn an_argon2id_hash_is_kept() {
        let text =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let mut entropy = Entropy::from_seed(&[9; 32]);
        for text in [text.to_owned(), format!("{{ARGON2}}{text}")] {
            let kept = ImportedHash::parse(&text)
                .unwrap()
                .wrap(CHEAP, &mut entropy)
                .unwrap();
            assert!(text.ends_with(&kept));
        }
    }

    #[test]
    fn refusals() {
        let too_long = format!("{{SSHA}}{}", STANDARD.encode([0; 20 + 65]));
        for (text, problem) in [
            ("", HashProblem::UnknownFormat),
            ("password", HashProblem::UnknownFormat),
            ("{CLEARTEXT}password", HashProblem::UnknownFormat),
            ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", HashProblem::UnknownFormat),
            ("{CRYPT}$1$abc$def", HashProblem::UnknownFormat),
            (
                "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                HashProblem::UnknownFormat,
            ),
            ("$2a$05$short", HashProblem::Malformed),
            (
                "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                HashProblem::Malformed,
            ),
            (
                "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                HashProblem::TooCostly,
            ),
            (
                "$2a$05$CCCCCCCCCCCCCCCCCCCCé.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                HashProblem::Malformed,
            ),
            ("{SSHA}!!!!", HashProblem::Malformed),
            ("{SSHA}AAAA", HashProblem::Malformed),
            (too_long.as_str(), HashProblem::Malformed),
            (
                "{PBKDF2}0$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::Malformed,
            ),
            ("{PBKDF2}1$c2FsdA", HashProblem::Malformed),
            ("{PBKDF2}1$c2FsdA$AAAA", HashProblem::Malformed),
            (
                "{PBKDF2}4000000000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
                HashProblem::TooCostly,
            ),
        ] {
            assert_eq!(ImportedHash::parse(text).err(), Some(problem), "{text}");
        }
    }

    #[test]
    fn parameters_survive_their_text() {
        for scheme in [
            Scheme::Bcrypt {
                cost: 12,
                salt: [7; 16],
            },
            Scheme::Salted {
                hash: Hash::Sha384,
                salt: Vec::new(),
            },
            Scheme::Pbkdf2 {
                hash: Hash::Sha512,
                rounds: 9.try_into().unwrap(),
                salt: b"s".to_vec(),
                length: 64,
            },
        ] {
            assert_eq!(Scheme::parse(&scheme.to_text()), Ok(scheme));
        }
    }
}
