//! What a certificate, or a signature, is worth: the answer explained step by step.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most octets of a request: a signature with what it is over, in base64.
pub const MAX_BYTES: usize = 24 * 1024 * 1024;

/// What is to be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateVerification {
    /// A certificate: PEM, in which those between may follow, or DER in base64. With `content`: a
    /// detached CMS signature, PEM or DER in base64.
    pub certificate: String,
    /// What the signature is over, in base64; at most 16 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// As of when, at most now: an RFC 3339 time; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateVerdict {
    /// Whether it counts: it leads to a trusted authority, is meant for signing in, and is known not
    /// to be revoked.
    pub good: bool,
    /// The first rule that does not hold, by its stable name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that rule stands; absent for rules and bounds of this server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The trusted authority, as the operator calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Known to be good then: the oldest of what is known about the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_at: Option<String>,
    /// Counts only by the authority's rule for outages.
    pub status_outdated: bool,
    /// As of when it was asked.
    pub at: String,
    /// What was looked at, in order.
    pub steps: Vec<VerificationStep>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerificationStep {
    /// What: `read`, `signature`, `path`, `certificate`, `profile`, `identity`, `status`, `outage`.
    pub step: String,
    /// Whether it holds.
    pub holds: bool,
    /// The rule that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that rule stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What was seen. Numbers of people keep their first and last three digits.
    pub details: Vec<VerificationDetail>,
}

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerificationDetail {
    /// What: `subject`, `issuer`, `serial`, `fingerprint`, `key`, `signed_over`, `not_before`,
    /// `not_after`, `anchor`, `policy`, `holder`, `identifier`, `mail`, `source`, `this_update`,
    /// `next_update`, `signing_time`.
    pub name: String,
    /// Its value; a time is RFC 3339 in UTC.
    pub value: String,
}

/// The certificates that somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolledCertificates {
    /// Those that are bound to the account and not over.
    pub certificates: Vec<EnrolledCertificate>,
}

/// A certificate that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolledCertificate {
    /// DER in base64. It holds what its authority wrote into it, numbers of people too.
    pub certificate: String,
    /// The trusted authority that it led to when it was bound.
    pub anchor: String,
    /// Over at.
    pub expires_at: String,
}
