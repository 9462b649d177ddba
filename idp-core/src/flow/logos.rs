//! Housekeeping of the pictures of clients.

use std::collections::BTreeSet;

use super::Provider;
use crate::base::fault::Fault;

impl Provider {
    /// Removes the pictures that no client shows now and none showed at the last look, which found
    /// `seen`; answers what this look found, for the next one. A picture is kept before the client
    /// is written that shows it, so that one look alone could take it away in between. One that lay
    /// unused and is taken up in the very moment of its removal is lost; registering its address
    /// again fetches it.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn forget_unused_logos(
        &self,
        seen: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, Fault> {
        let unused = self.records.unused_logos().await?;
        let mut fresh = BTreeSet::new();
        for name in unused {
            if seen.contains(&name) {
                self.records.forget_logo(&name).await?;
            } else {
                fresh.insert(name);
            }
        }
        Ok(fresh)
    }
}
