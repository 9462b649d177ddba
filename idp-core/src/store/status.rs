//! What others signed about the status of certificates: lists of up to 128 MiB and small answers. It
//! lasts and all nodes share it, but none of it is anybody's data, so that it is in no batch.

use async_trait::async_trait;

use crate::base::fault::Fault;
use crate::base::secret::Digest;
use crate::model::certificate_status::{KeptStatus, StatusStamp};

/// Keeps lists and answers.
#[async_trait]
pub trait StatusRecords: Send + Sync {
    /// What is kept under a key.
    async fn kept_status(&self, key: &Digest) -> Result<Option<KeptStatus>, Fault>;

    /// The lists kept for an issuer's name, by key; at most 64.
    async fn kept_lists(&self, issuer: &Digest) -> Result<Vec<StatusStamp>, Fault>;

    /// Keeps it in the place of what is there, unless that was made later; whether it is kept.
    async fn keep_status(&self, kept: KeptStatus) -> Result<bool, Fault>;
}
