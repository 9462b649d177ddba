//! The nodes of an installation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key of the configuration whose value at this node is not the agreed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigurationDifference {
    /// The key, as in the configuration file (`lifetimes.access_token`).
    pub key: String,
    /// What the nodes agreed on.
    pub agreed: String,
    /// What this node was told.
    pub here: String,
}
