//! A node compares its configuration with that of the other nodes.

use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::admin::configuration::{Agreed, Difference, join};
use crate::base::fault::Fault;
use crate::model::configuration::AGREED;
use crate::store::decision::Outcome;

impl Provider {
    /// Joins the other nodes: writes down what none of them said yet, and answers where this one
    /// differs. Nothing happens where the store is not shared.
    ///
    /// # Errors
    /// A fault of the store, or of what rests there.
    pub async fn join_nodes(
        &self,
        context: &mut RequestContext,
    ) -> Result<Vec<Difference>, Failure> {
        let Some(here) = &self.shared_configuration else {
            return Ok(Vec::new());
        };
        for _ in 0..ATTEMPTS {
            let agreed = self.agreed_configuration().await?;
            let decision = join(&agreed, here, &context.here, &mut context.entropy);
            let (outcome, batch) = decision.into_parts();
            let (Outcome::Done(differences), Committed::Yes) = (outcome, self.commit(batch).await?)
            else {
                continue;
            };
            return Ok(differences);
        }
        Err(contended())
    }

    /// Where this node's configuration differs from what the nodes agreed on: one read of one row,
    /// none where the store is not shared.
    ///
    /// # Errors
    /// A fault of the store, or of what rests there.
    pub async fn configuration_differences(&self) -> Result<Vec<Difference>, Fault> {
        match &self.shared_configuration {
            None => Ok(Vec::new()),
            Some(here) => Ok(self.agreed_configuration().await?.differences(here)),
        }
    }

    /// What the nodes agreed on.
    pub(super) async fn agreed_configuration(&self) -> Result<Agreed, Fault> {
        Agreed::parse(self.records.setting(AGREED).await?)
    }
}
