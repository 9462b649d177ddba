//! What rests: plain aggregates, each read and written whole, each with a version.

pub mod address;
pub mod authentication;
pub mod authorization_details;
pub mod certificate_status;
pub mod change_set;
pub mod client;
pub mod configuration;
pub mod confirmation;
pub mod consent;
pub mod credential;
pub mod grant;
pub mod identifier;
pub mod key;
pub mod organisation_unit;
pub mod outbox;
pub mod registration;
pub mod requested_claims;
pub mod role;
pub mod session;
pub mod standard_claims;
pub mod subject;
pub mod trust;
pub mod user;

use serde::{Deserialize, Serialize};

use crate::base::id::Id;

/// How often an aggregate was written; a write names the version it read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version of an aggregate that was never stored.
    pub const NEW: Self = Self(0);

    /// The version after one more write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Identifies a user.
pub type UserId = Id<user::User>;
/// Identifies an organisation unit.
pub type UnitId = Id<organisation_unit::OrganisationUnit>;
/// Identifies a session; its text is the `sid` claim.
pub type SessionId = Id<session::Session>;
/// Identifies a grant.
pub type GrantId = Id<grant::Grant>;
/// Identifies a credential.
pub type CredentialId = Id<credential::Credential>;
/// Identifies a change set.
pub type ChangeSetId = Id<change_set::ChangeSet>;
/// Identifies an outbox row.
pub type OutboxId = Id<outbox::OutboxEntry>;

/// A text in Vietnamese, and in English where somebody wrote one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalText {
    /// Vietnamese; always there.
    pub vi: String,
    /// English, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl LocalText {
    /// A text that is the same in both languages.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            vi: text.into(),
            en: None,
        }
    }
}
