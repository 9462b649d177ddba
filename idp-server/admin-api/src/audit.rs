//! The audit: events, the proof that none was changed, and copies for elsewhere.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    User,
    /// An application.
    Client,
    /// The server itself.
    System,
    /// Nobody is known.
    Anonymous,
}

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// A user's id or a `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A user's present user name; absent when the account is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An event, for people and for programs that follow the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// Its place in the chain; increasing, gaps allowed.
    pub place: i64,
    /// When.
    pub at: String,
    /// Caused by.
    pub actor: Actor,
    /// In which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What happened, in the past tense (`signed_in`).
    pub event: String,
    /// Its own fields: identifiers, names of closed lists, counts.
    #[schema(value_type = Object)]
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// The source address, unless erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the browser called itself, unless erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only events after this place, oldest first: how to follow the audit. Excludes `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Only events before this place, newest first; the newest of all when both are absent. The
    /// `next` of the answer is the place to send next, in either direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Only events of this name (`signed_in`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Only events that this user (id or user name) caused or was the object of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only events that this client caused or was the object of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// At most so many entries, 1–500; 50 when absent. With a filter at most 10,000 events are
    /// looked at for one page, so a page may be short or empty and still have a `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The signed head of a block. Heads are kept outside the machine, so that a chain that was
/// rewritten or cut off is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// 1 for the first block.
    pub number: i64,
    /// Place of its first event.
    pub first: i64,
    /// Place of its last event.
    pub last: i64,
    /// How many events.
    pub count: i64,
    /// SHA-256 over the events, base64url.
    pub events: String,
    /// SHA-256 over the head before, base64url.
    pub previous: String,
    /// When it was sealed, in Unix milliseconds: part of what is signed, so not as RFC 3339.
    pub sealed_at: i64,
    /// The key that signed.
    pub kid: String,
    /// The signature over the head, base64url.
    pub signature: String,
}

/// At most so many heads in one verification.
pub const MAX_HEADS: usize = 20_000;

/// What to verify the chain against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditVerification {
    /// Heads that were kept elsewhere; each must be in the chain. At most 20,000: two weeks of one
    /// a minute; more are verified in several requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<AuditHead>,
}

/// What is wrong with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainBreakKind {
    /// A block is missing or out of order.
    Order,
    /// Events were added, changed or removed.
    Events,
    /// A signature does not verify.
    Signature,
    /// An erasable part was changed instead of erased.
    Personal,
    /// The chain does not contain a head that was kept elsewhere.
    Truncated,
}

/// The first place where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainBreak {
    /// What is wrong.
    pub kind: ChainBreakKind,
    /// The number of the block or head, or, for `personal`, the place of the event.
    pub at: i64,
    /// The same as a sentence.
    pub message: String,
}

/// What a verification found. A broken chain is an answer, not a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// Whether everything sealed is as it was sealed and every given head is there.
    pub intact: bool,
    /// Blocks that hold.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// Events after the last block, which nothing protects yet; a running server seals them
    /// within a second or two.
    pub unsealed: u64,
    /// Given heads that are in the chain.
    pub heads_found: u64,
    /// The last block's head, to be kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_head: Option<AuditHead>,
    /// The first thing that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<ChainBreak>,
}

/// An event as sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedEvent {
    /// Its place.
    pub place: i64,
    /// The sealed body, byte for byte: JSON as text, so that its digest can be recomputed.
    pub body: String,
    /// The erasable part, when asked for and not erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<String>,
}

/// A block with its events: one line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditBlock {
    /// Its signed head.
    pub head: AuditHead,
    /// Its events.
    pub events: Vec<SealedEvent>,
}

/// Which blocks to export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditExportQuery {
    /// From this block number on; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// At most so many blocks, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// With the erasable parts (addresses, browsers).
    #[serde(default)]
    pub personal: bool,
}

/// Some blocks of an export, with the public keys that verify them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditExport {
    /// Blocks, in order.
    pub blocks: Vec<AuditBlock>,
    /// The number to send as `from` for the next blocks; absent after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
    /// The number of the last block there is, to show progress by.
    pub last: i64,
    /// The public keys that signed these blocks (a JWK Set).
    #[schema(value_type = Object)]
    pub keys: serde_json::Value,
}
