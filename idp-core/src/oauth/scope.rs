//! Scopes (RFC 6749 §3.3): what a client may learn or do.

use crate::base::refusal::{Reason, Refusal};

/// Scopes with a meaning at this provider; others are the names of resource servers' rights.
pub const OPENID: &str = "openid";
/// Name and locale.
pub const PROFILE: &str = "profile";
/// Mail address.
pub const EMAIL: &str = "email";
/// Mobile number.
pub const PHONE: &str = "phone";
/// Postal address.
pub const ADDRESS: &str = "address";
/// Role names.
pub const ROLES: &str = "roles";
/// The unit of the chosen position.
pub const UNIT: &str = "unit";
/// All positions held.
pub const POSITIONS: &str = "positions";
/// The agency codes of all positions held, for applications that cannot read nested objects.
pub const UNIT_CODES: &str = "unit_codes";
/// A refresh token that outlives the session.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes listed in the metadata.
pub const STANDARD: [&str; 10] = [
    OPENID,
    PROFILE,
    EMAIL,
    PHONE,
    ADDRESS,
    ROLES,
    UNIT,
    POSITIONS,
    UNIT_CODES,
    OFFLINE_ACCESS,
];

/// A set of scopes, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Parses a `scope` parameter; order and repetition do not matter.
    ///
    /// # Errors
    /// [`Reason::ScopeMalformed`] for characters outside `%x21 / %x23-5B / %x5D-7E`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let mut scopes = Vec::new();
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            if !word.bytes().all(allowed) {
                return Err(Reason::ScopeMalformed.into());
            }
            scopes.push(word.to_owned());
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self(scopes))
    }

    /// A set made of stored scopes.
    pub fn of(scopes: &[String]) -> Self {
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    /// Whether it holds `scope`.
    pub fn holds(&self, scope: &str) -> bool {
        self.0.iter().any(|s| s == scope)
    }

    /// Whether every scope of it is in `other`.
    pub fn within(&self, other: &[String]) -> bool {
        self.0.iter().all(|s| other.contains(s))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The scopes, as they rest in a grant.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_do_not_matter() {
        let scope = Scope::parse("profile openid  profile").unwrap();
        assert_eq!(scope.to_string(), "openid profile");
        assert!(scope.holds(OPENID) && !scope.holds(EMAIL));
        assert!(scope.within(&["profile".into(), "openid".into(), "email".into()]));
        assert!(!scope.within(&["openid".into()]));
        assert_eq!(
            Scope::parse("a\"b").unwrap_err().reason,
            Reason::ScopeMalformed
        );
        assert!(Scope::parse("hồ-sơ").is_err());
    }
}
