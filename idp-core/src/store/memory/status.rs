//! The status of certificates in memory.

use async_trait::async_trait;

use super::MemoryRecords;
use crate::base::fault::Fault;
use crate::base::secret::Digest;
use crate::model::certificate_status::{KeptStatus, StatusKind, StatusStamp};
use crate::store::status::StatusRecords;

#[async_trait]
impl StatusRecords for MemoryRecords {
    async fn kept_status(&self, key: &Digest) -> Result<Option<KeptStatus>, Fault> {
        Ok(self.state().statuses.get(key.as_bytes()).cloned())
    }

    async fn kept_lists(&self, issuer: &Digest) -> Result<Vec<StatusStamp>, Fault> {
        let state = self.state();
        let lists = state.statuses.values();
        let of_issuer = lists.filter(|s| s.kind == StatusKind::List && s.issuer == *issuer);
        let stamps = of_issuer.take(64).map(|kept| StatusStamp {
            key: kept.key,
            address: kept.address.clone(),
            fetched_at: kept.fetched_at,
            this_update: kept.this_update,
            until: kept.until,
        });
        Ok(stamps.collect())
    }

    async fn keep_status(&self, kept: KeptStatus) -> Result<bool, Fault> {
        let mut state = self.state();
        let newer = state
            .statuses
            .get(kept.key.as_bytes())
            .is_some_and(|there| there.this_update > kept.this_update);
        if !newer {
            state.statuses.insert(*kept.key.as_bytes(), kept);
        }
        Ok(!newer)
    }
}
