//! How clients come to be registered without an administrator (RFC 7591, RFC 7592).

use serde::{Deserialize, Serialize};

use crate::base::id::Id;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// The setting in Records under which the initial access tokens rest: one JSON array, replaced as a
/// whole by a write that names what it replaces, so that no use is counted twice.
pub const INITIAL_TOKENS: &str = "registration_tokens";

/// Identifies an initial access token to people.
pub type InitialTokenId = Id<InitialToken>;

/// An initial access token (RFC 7591 §3): lets whoever holds it register clients. The token itself
/// was shown once; its digest rests here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialToken {
    /// Its name for people; not the token.
    pub id: InitialTokenId,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// The digest of 256 random bits.
    pub digest: Digest,
    /// What it is for, in an administrator's words: at most 200 characters.
    pub note: String,
    /// How many clients may still be registered with it.
    pub uses_left: u32,
    /// Made.
    pub created_at: Timestamp,
    /// Accepted until.
    pub expires_at: Timestamp,
}

impl InitialToken {
    /// Whether it still lets anybody in.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.uses_left > 0 && now < self.expires_at
    }
}

/// That a client registered itself, and how it may read and change its registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The digest of its registration access token (RFC 7592 §1.2).
    pub token: Digest,
    /// The initial access token it came with; none when anybody may register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<InitialTokenId>,
    /// Whether its name is another's word: of a software statement, or of an administrator who
    /// changed it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub name_checked: bool,
    /// Removed by housekeeping at this time. Open until somebody signs in with it, then empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
