//! Passwords at rest: Argon2id outermost, always; other schemes' hashes wrapped at import.
//!
//! | what rests | meaning |
//! |---|---|
//! | `$argon2id$v=19$m=…,t=…,p=…$salt$tag` | Argon2id over the password (RFC 9106, PHC format) |
//! | `imported:<scheme>:<parameters>$argon2id$…` | Argon2id over what the former scheme computes |
//!
//! A wrapped hash lets somebody sign in with the password of the former system, and a stolen
//! store still costs an Argon2id computation per guess. The first successful sign-in finds the
//! hash outdated, so that the flow replaces it with a plain one.
//!
//! Everything here is slow on purpose and blocks: callers run it on threads of their own.

mod argon2id;
mod imported;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use argon2id::Argon2idHash;
pub use imported::ImportedHash;
use imported::Scheme;

use crate::base::entropy::Entropy;
use crate::base::secret::SecretText;
use crate::policy::PasswordCost;

const IMPORTED: &str = "imported:";

/// Why a hash cannot be read, imported or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashProblem {
    /// It is written in no format known here.
    #[error("the password hash is in no known format")]
    UnknownFormat,
    /// The format is known, but the text breaks it: wrong base64, a missing part, a wrong length.
    #[error("the password hash is malformed")]
    Malformed,
    /// Its cost lies outside what this server computes for one sign-in.
    #[error("the password hash asks for more work than this server does for one sign-in")]
    TooCostly,
}

/// Hashes a new password with Argon2id, a fresh 128-bit salt and a 256-bit tag.
///
/// The password is brought to NFC first, so that a name typed with composed or combining marks is
/// the same password. Does not look at password rules.
///
/// # Errors
/// [`HashProblem::TooCostly`] when Argon2 does not accept the cost.
pub fn hash_password(
    password: &SecretText,
    cost: PasswordCost,
    entropy: &mut Entropy,
) -> Result<String, HashProblem> {
    let secret = normal(password);
    Ok(Argon2idHash::make(&secret, cost, &entropy.bytes::<16>())?.to_string())
}

/// Does the work of checking a password, without a hash to check against: what an unknown account
/// costs, so that time does not tell whether it exists.
///
/// # Errors
/// [`HashProblem::TooCostly`] when Argon2 does not accept the cost.
pub fn check_nothing(password: &SecretText, cost: PasswordCost) -> Result<(), HashProblem> {
    Argon2idHash::make(&normal(password), cost, &[0; 16]).map(drop)
}

/// A password hash read back from a store.
#[derive(Clone)]
pub struct StoredPassword {
    inner: Option<Scheme>,
    outer: Argon2idHash,
}

impl StoredPassword {
    /// Reads what [`hash_password`] or [`ImportedHash::wrap`] wrote.
    ///
    /// # Errors
    /// See [`HashProblem`]; costs beyond the bounds are refused before anything is computed.
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        let (inner, outer) = match text.strip_prefix(IMPORTED) {
            None => (None, text),
            Some(rest) => {
                let outer_at = rest.find("$argon2id$").ok_or(HashProblem::Malformed)?;
                let (scheme, outer) = rest.split_at(outer_at);
                (Some(Scheme::parse(scheme)?), outer)
            }
        };
        let outer = Argon2idHash::parse(outer)?;
        Ok(Self { inner, outer })
    }

    /// Whether `password` is the one that was hashed. The comparison takes the same time wherever
    /// the tags differ.
    ///
    /// # Errors
    /// [`HashProblem::TooCostly`] when Argon2 does not accept the stored cost.
    pub fn matches(&self, password: &SecretText) -> Result<bool, HashProblem> {
        let composed = normal(password);
        let Some(scheme) = &self.inner else {
            return self.outer.matches(&composed);
        };
        if self.outer.matches(&scheme.compute(&composed)?)? {
            return Ok(true);
        }
        // The former system may have hashed the octets as they were typed.
        let typed = password.expose().as_bytes();
        Ok(typed != composed.as_slice() && self.outer.matches(&scheme.compute(typed)?)?)
    }

    /// Whether the hash should be replaced: it wraps a former scheme, or costs less than `wanted`
    /// in memory or in passes over it.
    pub fn is_outdated(&self, wanted: PasswordCost) -> bool {
        self.inner.is_some() || self.outer.is_weaker_than(wanted)
    }
}

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPassword")
            .field("imported", &self.inner.is_some())
            .finish_non_exhaustive()
    }
}

fn normal(password: &SecretText) -> Zeroizing<Vec<u8>> {
    let composed = Zeroizing::new(password.expose().nfc().collect::<String>());
    Zeroizing::new(composed.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{HashProblem, ImportedHash, StoredPassword, check_nothing, hash_password};
    use crate::base::entropy::Entropy;
    use crate::base::secret::SecretText;
    use crate::policy::PasswordCost;

    const CHEAP: PasswordCost = PasswordCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    fn matches(stored: &str, password: &str) -> bool {
        let stored = StoredPassword::parse(stored).unwrap();
        stored.matches(&secret(password)).unwrap()
    }

    #[test]
    fn a_password_matches_its_own_hash_only_and_marks_may_be_typed_either_way() {
        let mut entropy = Entropy::from_seed(&[1; 32]);
        let stored = hash_password(&secret("Tiếng Việt giàu đẹp"), CHEAP, &mut entropy).unwrap();
        assert!(matches(&stored, "Tiếng Việt giàu đẹp"));
        assert!(matches(
            &stored,
            "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t già\u{75} đe\u{323}p"
        ));
        assert!(!matches(&stored, "tiếng việt giàu đẹp"));
        assert!(!matches(&stored, ""));
        let again = hash_password(&secret("Tiếng Việt giàu đẹp"), CHEAP, &mut entropy).unwrap();
        assert_ne!(stored, again, "each hash has its own salt");
    }

    #[test]
    fn a_hash_is_outdated_when_the_policy_asks_for_more_or_it_was_imported() {
        let mut entropy = Entropy::from_seed(&[2; 32]);
        let stored = hash_password(&secret("x"), CHEAP, &mut entropy).unwrap();
        let stored = StoredPassword::parse(&stored).unwrap();
        assert!(!stored.is_outdated(CHEAP));
        for wanted in [
            PasswordCost {
                memory_kib: 16,
                ..CHEAP
            },
            PasswordCost { passes: 2, ..CHEAP },
        ] {
            assert!(stored.is_outdated(wanted), "{wanted:?}");
        }
        let imported = ImportedHash::parse("{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=").unwrap();
        let wrapped = imported.wrap(CHEAP, &mut entropy).unwrap();
        assert!(matches(&wrapped, "hello"));
        assert!(StoredPassword::parse(&wrapped).unwrap().is_outdated(CHEAP));
    }

    #[test]
    fn the_former_system_may_have_hashed_combining_marks() {
        let mut entropy = Entropy::from_seed(&[3; 32]);
        let decomposed = "Hu\u{1b0}\u{301}";
        let digest = ring::digest::digest(
            &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
            decomposed.as_bytes(),
        );
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(digest);
        let imported = ImportedHash::parse(&format!("{{SHA}}{text}")).unwrap();
        let wrapped = imported.wrap(CHEAP, &mut entropy).unwrap();
        assert!(matches(&wrapped, decomposed));
        assert!(!matches(&wrapped, "Huu\u{301}"));
    }

    #[test]
    fn what_cannot_be_a_stored_hash_is_refused() {
        for (text, problem) in [
            ("", HashProblem::UnknownFormat),
            ("matkhau", HashProblem::UnknownFormat),
            ("imported:bcrypt:10:x", HashProblem::Malformed),
            (
                "imported:md5:x$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZXRhZ3NvbWV0YWc",
                HashProblem::UnknownFormat,
            ),
        ] {
            assert_eq!(StoredPassword::parse(text).unwrap_err(), problem, "{text}");
        }
    }

    #[test]
    fn an_impossible_cost_is_a_problem_and_not_a_panic() {
        let none = PasswordCost {
            memory_kib: 0,
            passes: 0,
            lanes: 0,
        };
        assert_eq!(
            check_nothing(&secret("x"), none),
            Err(HashProblem::TooCostly)
        );
        assert_eq!(check_nothing(&secret("x"), CHEAP), Ok(()));
    }
}
