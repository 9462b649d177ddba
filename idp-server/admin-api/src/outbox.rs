//! Deliveries to receivers outside.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What kind of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A logout token to a client's `backchannel_logout_uri`.
    BackChannelLogout,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waiting or being retried.
    Pending,
    /// Delivered; the payload is wiped.
    Delivered,
    /// Given up after the last attempt; the payload is wiped.
    Failed,
}

/// A delivery. Its payload is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its identity.
    pub id: String,
    /// What kind.
    pub kind: DeliveryKind,
    /// The receiving client.
    pub client: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tried so often.
    pub attempts: u32,
    /// Next attempt not before; absent when there will be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// Written at.
    pub created_at: String,
    /// Why the last attempt failed: a status or a word of a closed list; empty when none did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_error: String,
}

/// Which deliveries. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Only those that stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<DeliveryState>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many entries, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
