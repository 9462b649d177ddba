//! Browsers that signed in to an account before. Their guesses are counted apart, so that nobody
//! else in their network can lock them out (security sentence 5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::model::credential::Credential;

/// A browser that signed in is known for so long.
pub const KNOWN_FOR: Duration = Duration::from_secs(180 * 86_400);

/// So many browsers are known for one account: somebody who signs in in ever new ones must not
/// fill the store.
pub const MOST_KNOWN: usize = 16;

/// What is known about a browser: whose it is, and with which password it became known. Whoever
/// had the password before it was set anew keeps nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownBrowser {
    /// The account.
    user: UserId,
    /// When the account's password was set.
    password_set_at: Timestamp,
}

impl KnownBrowser {
    /// What a browser is known by after a sign-in to the account; none without a password.
    pub fn of(user: UserId, credentials: &[Credential]) -> Option<Self> {
        let password = credentials.iter().find(|c| c.password().is_some())?;
        Some(Self {
            user,
            password_set_at: password.set_at,
        })
    }

    /// The account.
    pub const fn user(&self) -> UserId {
        self.user
    }
}

/// The browsers known for one account, by the digests of their cookies, the one that was used
/// longest ago first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBrowsers(Vec<Digest>);

impl KnownBrowsers {
    /// The list after `browser` was used, and those that have to be forgotten for it.
    #[must_use]
    pub fn after_use_of(mut self, browser: Digest) -> (Self, Vec<Digest>) {
        self.0.retain(|known| *known != browser);
        self.0.push(browser);
        let beyond = self.0.len().saturating_sub(MOST_KNOWN);
        let forgotten = self.0.drain(..beyond).collect();
        (self, forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::{CredentialSecret, PasswordCredential};
    use crate::model::{CredentialId, Version};

    fn password(set_at: i64) -> Credential {
        Credential {
            id: CredentialId::from_u128(1),
            version: Version(1),
            user: UserId::from_u128(1),
            secret: CredentialSecret::Password(PasswordCredential {
                hash: "hash".into(),
                must_change: false,
                history: Vec::new(),
            }),
            set_at: Timestamp::from_seconds(set_at),
        }
    }

    #[test]
    fn another_account_or_password_is_another_browser() {
        let (an, binh) = (UserId::from_u128(1), UserId::from_u128(2));
        let known = KnownBrowser::of(an, &[password(1)]);
        assert!(known.is_some());
        assert_eq!(known, KnownBrowser::of(an, &[password(1)]));
        assert_ne!(known, KnownBrowser::of(an, &[password(2)]));
        assert_ne!(known, KnownBrowser::of(binh, &[password(1)]));
        assert_eq!(KnownBrowser::of(an, &[]), None);
    }

    #[test]
    fn the_browser_used_longest_ago_is_forgotten_first() {
        let digest = |n: usize| Digest::of(&n.to_be_bytes());
        let mut known = KnownBrowsers::default();
        for n in 0..MOST_KNOWN {
            let (after, forgotten) = known.after_use_of(digest(n));
            assert!(forgotten.is_empty());
            known = after;
        }
        let (known, forgotten) = known.after_use_of(digest(0));
        assert!(forgotten.is_empty(), "it was known already");
        let (known, forgotten) = known.after_use_of(digest(99));
        assert_eq!(forgotten, [digest(1)]);
        assert_eq!(known.0.len(), MOST_KNOWN);
        assert_eq!(known.0.last(), Some(&digest(99)));
    }
}
