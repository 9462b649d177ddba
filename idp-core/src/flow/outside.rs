//! Fetches what a client's metadata point to.

use super::answer::endless;
use super::{Failure, Provider};
use crate::admin::client::{Outside, SectorDocument};
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::jose::JwkSet;
use crate::ports::Outgoing;
use crate::store::decision::Asks;

const MOST_SECTOR_BYTES: usize = 256 * 1024;

/// How often a registration is decided again because something had to be fetched.
pub(super) const LOOKS: usize = 3;

impl Provider {
    /// Answers what a registration asked of the outside.
    ///
    /// # Errors
    /// [`Reason::ClientSectorUnavailable`], [`Reason::ClientKeysUnavailable`]; a fault for a question
    /// that no registration asks.
    pub(super) async fn look_outside(
        &self,
        asks: Asks,
        outside: &mut Outside,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match asks {
            Asks::SectorDocument { uri } => {
                let body = self.fetched(uri, MOST_SECTOR_BYTES).await;
                let body = body.ok_or(Reason::ClientSectorUnavailable)?;
                outside.sector = Some(SectorDocument::parse(&body)?);
            }
            Asks::ClientKeys { uri, fresh } => {
                let keys = self.client_keys(&uri, fresh, now).await?;
                outside.statement_keys = Some(JwkSet::clone(&keys));
            }
            Asks::VerifyPassword { .. } | Asks::HashPassword { .. } => return Err(endless()),
        }
        Ok(())
    }

    /// The body of a document that is there; none for any trouble with it.
    async fn fetched(&self, url: String, most_bytes: usize) -> Option<Vec<u8>> {
        let request = Outgoing {
            url,
            form: None,
            most_bytes,
        };
        let answer = self.fetch.fetch(request).await.ok()?;
        (answer.status == 200).then_some(answer.body)
    }
}
