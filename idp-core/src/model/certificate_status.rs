//! What others signed about the status of certificates, as it rests: revocation lists and answers of
//! responders, each whole as it came.

use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// A revocation list.
    List,
    /// A responder's answer about one certificate.
    Answer,
}

impl StatusKind {
    /// The word at rest, in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Answer => "answer",
        }
    }
}

/// A list or an answer that was verified when it came. Whoever uses it verifies it again.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptStatus {
    /// What it replaces and is replaced by: see [`crate::trust::status`].
    pub key: Digest,
    /// What it is.
    pub kind: StatusKind,
    /// Of the name of who issued the certificates in question.
    pub issuer: Digest,
    /// Where it came from; empty for one that an operator brought.
    pub address: String,
    /// Came.
    pub fetched_at: Timestamp,
    /// Made, by its own word. One that was made earlier never replaces it.
    pub this_update: Timestamp,
    /// News were due then; housekeeping removes it a week later.
    pub until: Timestamp,
    /// Its DER.
    pub body: Vec<u8>,
}

/// Without the body, which may be large.
impl std::fmt::Debug for KeptStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptStatus")
            .field("kind", &self.kind)
            .field("address", &self.address)
            .field("this_update", &self.this_update)
            .field("until", &self.until)
            .field("octets", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Which state of a row it is, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusStamp {
    /// Its key.
    pub key: Digest,
    /// Where it came from last.
    pub address: String,
    /// Came.
    pub fetched_at: Timestamp,
    /// Made.
    pub this_update: Timestamp,
    /// News are due.
    pub until: Timestamp,
}
