//! Where a client comes from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who said what a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientOrigin {
    /// An administrator registered it.
    #[default]
    Administrator,
    /// It registered itself (RFC 7591).
    SelfRegistered,
    /// A file of the operator declares it; each start makes it what the file says.
    Declared,
}
