//! What a client may exchange (RFC 8693; this project's own).

use serde::{Deserialize, Serialize};

use super::ClientId;

/// Whose tokens a client may exchange, and for what. Nothing is allowed that is not written here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenExchangePolicy {
    /// The clients whose tokens it may exchange, besides its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_clients: Vec<ClientId>,
    /// The audiences that it may obtain tokens for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The tokens it obtains need not say that somebody acts for the person (RFC 8693 §1.1).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub impersonation: bool,
}
