//! What must reach somebody else, written in the same commit as its cause.

use serde::{Deserialize, Serialize};

use super::OutboxId;
use super::client::ClientId;
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;

/// What kind of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// A logout token to a client's `backchannel_logout_uri`.
    BackChannelLogout,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waiting or being retried.
    Pending,
    /// Delivered; the payload is wiped.
    Delivered,
    /// Given up after the last attempt; the payload is wiped.
    Failed,
}

/// One delivery to one receiver. The payload is what the worker needs to build and sign the
/// message at delivery time; it holds identifiers only (`sub`, `sid`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboxEntry {
    /// Its identity.
    pub id: OutboxId,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// What kind.
    pub kind: OutboxKind,
    /// To whom.
    pub client: ClientId,
    /// The sealed payload, base64url; empty once wiped.
    pub payload: String,
    /// Where it stands.
    pub state: OutboxState,
    /// Tried so often.
    pub attempts: u32,
    /// Next attempt not before.
    pub due_at: Timestamp,
    /// Written at.
    pub created_at: Timestamp,
    /// Why the last attempt failed: a status or a word of a closed list, never a body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_error: String,
}

impl OutboxEntry {
    /// The name to which a payload is sealed.
    pub fn seal_name(id: OutboxId) -> Vec<u8> {
        format!("outbox/{id}").into_bytes()
    }
}

/// The payload of a back-channel logout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoutPayload {
    /// The subject as this client knows it.
    pub sub: String,
    /// The session.
    pub sid: String,
}
