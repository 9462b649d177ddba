//! Who may vouch for people at the token endpoint (RFC 7523 §2.1; this project's own).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An issuer whose assertions count for one client, and where its keys are: exactly one of `jwks`
/// and `jwks_uri`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AssertionIssuer {
    /// The `iss` of its assertions, octet by octet.
    pub issuer: String,
    /// Its public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where it publishes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
}
