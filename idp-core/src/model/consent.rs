//! What a user agreed to let a client know, remembered until withdrawn.

use serde::{Deserialize, Serialize};

use super::client::ClientId;
use super::{UserId, Version};
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;

/// A user's consent to one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Which provider's.
    pub issuer: IssuerKey,
    /// Who.
    pub user: UserId,
    /// To which client.
    pub client: ClientId,
    /// Written so often.
    pub version: Version,
    /// Scopes agreed to, sorted.
    pub scope: Vec<String>,
    /// Single claims agreed to beyond those of the scopes, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// When.
    pub at: Timestamp,
}

impl Consent {
    /// Whether it covers all of `scope`.
    pub fn covers(&self, scope: &[String]) -> bool {
        scope.iter().all(|s| self.scope.contains(s))
    }
}
