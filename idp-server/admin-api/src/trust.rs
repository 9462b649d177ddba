//! Authorities whose certificates are believed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::{Clearable, clearable};

/// What the people and systems below an authority hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustPurpose {
    /// Officials' certificates of the government's own authority.
    Government,
    /// Certificates of public authorities.
    Public,
    /// Certificates whose keys a remote signing service holds.
    RemoteSigning,
    /// Clients that authenticate by `tls_client_auth`.
    Systems,
}

/// An authority of which fingerprint and usual rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrustPreset {
    /// The government's root of the second generation.
    VgcaG2,
    /// The government's root of the first generation.
    VgcaG1,
    /// The national root.
    VnRoot,
}

/// The rules of an authority. What is left out keeps its value; in an addition, its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRules {
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<TrustPurpose>,
    /// All certificates of authorities below it: PEM, or DER in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediates: Option<Vec<String>>,
    /// `CCCD:` is the verified personal ID of its holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_id: Option<bool>,
    /// `MST:` without a personal identifier is the tax code of an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<bool>,
    /// Mail addresses are official where O or OU is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_of: Option<Vec<String>>,
    /// Responders (OCSP) are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responders: Option<bool>,
    /// Lists (CRL) that certificates name are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<bool>,
    /// Lists that are fetched besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_addresses: Option<Vec<String>>,
    /// All responders that speak for the authorities below it though none of them says so: PEM,
    /// or DER in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_responders: Option<Vec<String>>,
    /// The most seconds that an answer may be old: 60 to 604800.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_seconds: Option<u32>,
    /// For how many hours the last good answer counts when nobody can be asked: 1 to 168; 0
    /// refuses at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_hours: Option<u16>,
    /// Signatures of authorities over SHA-1 are tolerated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<bool>,
    /// Keys marked for `nonRepudiation` alone are tolerated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_repudiation_alone: Option<bool>,
    /// Certificates must name one of these purposes (dotted object identifiers).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purposes_required: Option<Vec<String>>,
    /// One of these certificate policies must hold (dotted object identifiers).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies_required: Option<Vec<String>>,
    /// Counts from: a date or an RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Counts until; `null` for good.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Clearable<String>,
}

/// An authority that is to be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustAnchorNew {
    /// 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Its certificate: PEM, or DER in base64.
    pub certificate: String,
    /// The SHA-256 fingerprint that it must have, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// An authority that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<TrustPreset>,
    /// Its rules; they go before those of the preset.
    #[serde(default)]
    pub rules: TrustRules,
}

/// Since when an authority is not trusted any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustWithdrawal {
    /// A date or an RFC 3339 time; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A certificate of an authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthorityCertificate {
    /// Of whom.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// SHA-256 in upper-case hexadecimal, as authorities publish it.
    pub fingerprint: String,
    /// Its key: `RSA 4096`, `EC P-256`, …
    pub key: String,
    /// Whether it is signed over SHA-1.
    pub by_sha1: bool,
    /// Valid from.
    pub not_before: String,
    /// Valid until.
    pub not_after: String,
    /// Responders (OCSP) that it names.
    pub responders: Vec<String>,
    /// Revocation lists that it names.
    pub lists: Vec<String>,
}

/// An authority that is, or was, trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustAnchor {
    /// What the operator calls it.
    pub name: String,
    /// Its certificate.
    pub certificate: AuthorityCertificate,
    /// Those between, in the order in which they were given.
    pub intermediates: Vec<AuthorityCertificate>,
    /// Its rules; certificates in DER in base64.
    pub rules: TrustRules,
    /// Whether it counts now.
    pub counts: bool,
    /// Distrusted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrusted_at: Option<String>,
    /// What there is to know, by name: `withdrawn`, `outside_window`, `expired`, `expires_soon`,
    /// `intermediate_expired`, `intermediate_expires_soon`, `sha1_tolerated`, `rsa_short`,
    /// `status_never_asked`, `nobody_named`.
    pub findings: Vec<String>,
    /// Those of the findings that need something to be done.
    pub troubles: Vec<String>,
}
