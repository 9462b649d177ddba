//! Sessions: browsers in which somebody is signed in.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::user::UserReference;

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person signed out.
    SignedOut,
    /// The same browser signed in anew.
    Replaced,
    /// An administrator ended it.
    ByAdministrator,
    /// The account was disabled.
    AccountDisabled,
    /// The password was reset.
    CredentialReset,
    /// The certificate that it began with is revoked, or was taken from the account.
    CertificateRevoked,
    /// It was unused too long, or reached its end.
    Expired,
}

/// When and why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionEnded {
    /// When.
    pub at: String,
    /// Why.
    pub why: SessionEnd,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its identity, seen by relying parties as `sid`.
    pub id: String,
    /// Who is signed in.
    pub user: UserReference,
    /// Whether it may be used now.
    pub live: bool,
    /// How strongly they signed in.
    pub acr: String,
    /// How they signed in (RFC 8176).
    pub amr: Vec<String>,
    /// When they last proved who they are.
    pub auth_time: String,
    /// Began.
    pub created_at: String,
    /// Last used at this provider.
    pub last_seen_at: String,
    /// Over for good at.
    pub expires_at: String,
    /// Ended, when it is not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<SessionEnded>,
    /// What the browser calls itself, shortened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    /// The clients that were let in; only when one session is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
}

/// Which sessions. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SessionQuery {
    /// Of this user (id or user name); of everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Also those that are over.
    #[serde(default)]
    pub ended: bool,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many entries, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// How many sessions were ended; their clients are told through the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionsEnded {
    /// Sessions ended now; those that were over before do not count.
    pub sessions: u32,
    /// Back-channel logouts put into the outbox.
    pub logouts: u32,
}
