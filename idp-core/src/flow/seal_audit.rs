//! The sealer's round: events into the next signed block.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Failure, Provider, RequestContext};
use crate::base::time::Timestamp;
use crate::event::seal::{Block, BlockHead};
use crate::model::key::KeyPurpose;
use crate::store::change::{Batch, Change};
use crate::store::records::CommitError;

/// One holder seals at a time; a holder that died is succeeded after this.
const LEASE: Duration = Duration::from_secs(10);
const SEALER: &str = "audit-sealer";
/// The most events of one block.
pub const MOST_EVENTS: u32 = 10_000;

impl Provider {
    /// Gives the sealer's lease back, so that the next process need not wait until it is over.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn release_sealer(&self, holder: &str, now: Timestamp) -> Result<(), Failure> {
        // Whoever holds it now keeps it: the answer does not matter.
        let _held = self.records.lease(SEALER, holder, now, now).await?;
        Ok(())
    }

    /// Seals what is unsealed into one block; `None` when there is nothing, or another node
    /// holds the lease. `holder` names this process.
    ///
    /// # Errors
    /// A fault of the store or the signer; nothing is lost, the next round seals it.
    pub async fn seal_audit(
        &self,
        holder: &str,
        context: &RequestContext,
    ) -> Result<Option<BlockHead>, Failure> {
        let now = context.here.now;
        let last = self.records.last_block().await?.map(|block| block.head);
        let from = last.as_ref().map_or(0, |head| head.last);
        let events = self.records.events_after(from, MOST_EVENTS).await?;
        let Some(head) = BlockHead::over(last.as_ref(), &events, now) else {
            return Ok(None);
        };
        // Asked for only when there is something to seal: an idle server writes nothing.
        if !self.records.lease(SEALER, holder, now, now + LEASE).await? {
            return Ok(None);
        }
        let issuer = &self.policy.issuer_key;
        let key = self
            .signer
            .active_key(issuer, KeyPurpose::Audit, None)
            .await?;
        let signature = self.signer.sign(issuer, &key, &head.bytes()).await?;
        let block = Block {
            head: head.clone(),
            kid: key.kid,
            signature: URL_SAFE_NO_PAD.encode(signature),
        };
        let batch = Batch {
            changes: vec![Change::AuditBlock(block)],
            events: Vec::new(),
        };
        match self.records.commit(batch).await {
            Ok(()) => Ok(Some(head)),
            // Another sealer was faster: its block stands, ours is forgotten.
            Err(CommitError::Taken { .. } | CommitError::Changed { .. }) => Ok(None),
            Err(CommitError::Fault(fault)) => Err(fault.into()),
        }
    }
}
