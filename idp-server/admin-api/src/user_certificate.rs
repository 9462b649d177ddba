//! Certificates of accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A certificate that is to be bound to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCertificateNew {
    /// PEM, or DER in base64.
    pub certificate: String,
}

/// A certificate of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserCertificate {
    /// Its id here.
    pub id: String,
    /// Of whom; numbers of people keep their first and last three digits.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// SHA-256 in hexadecimal.
    pub fingerprint: String,
    /// Its key: `RSA 2048`, `EC P-256`, …
    pub key: String,
    /// Over at.
    pub expires_at: String,
    /// The trusted authority that it led to when it was bound.
    pub anchor: String,
    /// How it was bound: `by_administrator`, `by_self` or `matched`.
    pub binding: String,
    /// Bound at.
    pub bound_at: String,
    /// Whether it would count now, by what is known without asking anybody.
    pub counts: bool,
    /// Known to be good then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_at: Option<String>,
    /// The first rule that does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that rule stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}
