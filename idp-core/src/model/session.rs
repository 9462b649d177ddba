//! A browser in which somebody is signed in.

use serde::{Deserialize, Serialize};

use super::authentication::Authentication;
use super::{CredentialId, SessionId, UserId, Version};
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl SessionEnd {
    /// The name in the audit, also of the grants that ended with the session.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::ByAdministrator => "by_administrator",
            Self::AccountDisabled => "account_disabled",
            Self::CredentialReset => "credential_reset",
            Self::CertificateRevoked => "certificate_revoked",
        }
    }
}

/// The certificate that somebody signed in with, as far as a session needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionCertificate {
    /// The credential that holds it.
    pub credential: CredentialId,
    /// The name of the anchor that it led to.
    pub anchor: String,
    /// How its holder showed it.
    pub way: CertificateWay,
    /// The certificate policies that held, as dotted OIDs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Known then to be good: the oldest of what was asked about its path.
    pub status_at: Timestamp,
    /// Accepted by an answer that was to be renewed before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub status_outdated: bool,
}

/// How the holder of a certificate showed that they hold its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateWay {
    /// In a TLS handshake.
    Tls,
    /// By a raw signature over a challenge.
    Raw,
    /// By signed data (CMS) over a challenge.
    Cms,
}

impl CertificateWay {
    /// The name in the audit and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Raw => "raw",
            Self::Cms => "cms",
        }
    }
}

/// A session. The browser holds a 256-bit secret of which only the digest rests here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its identity, seen by relying parties as `sid`.
    pub id: SessionId,
    /// Written so often.
    pub version: Version,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// Who is signed in.
    pub user: UserId,
    /// The digest of the browser's secret.
    pub secret: Digest,
    /// How they signed in.
    pub authentication: Authentication,
    /// Began.
    pub created_at: Timestamp,
    /// Last used at this provider; written at most once a minute.
    pub last_seen_at: Timestamp,
    /// Over for good at.
    pub expires_at: Timestamp,
    /// The person must set a new password before anything else.
    #[serde(default)]
    pub password_change_needed: bool,
    /// Ended early, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Timestamp, SessionEnd)>,
    /// The certificate that it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Box<SessionCertificate>>,
    /// What the browser calls itself, shortened to 120 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
}

impl Session {
    /// Whether the session may be used at `now`, when it may rest for `idle`.
    pub fn is_live(&self, now: Timestamp, idle: std::time::Duration) -> bool {
        self.ended.is_none() && now < self.expires_at && now < self.last_seen_at + idle
    }
}
