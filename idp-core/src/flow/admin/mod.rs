//! Administration as flows: load what a decision asks for, decide, commit. One file per noun.

pub mod audit;
pub mod change_set;
pub mod client;
pub mod configuration;
pub mod import;
pub mod key;
mod load;
pub mod outbox;
pub mod registration;
mod rehearsal;
pub mod role;
pub mod session;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod unit;
pub mod user;
pub mod user_certificate;

use std::sync::Arc;

use super::{Committed, Failure, Provider, RequestContext};
use crate::admin::{Act, ActingAdministrator};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::event::{Circumstances, What};
use crate::model::Version;
use crate::organisation::UnitTree;
use crate::policy::Policy;
use crate::store::change::Batch;
use crate::store::decision::{Decision, Outcome};

/// In whose name something is administered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acting {
    /// The account with this user name or id; proved anew for every request.
    Named(String),
    /// The installation itself: declared clients, the schedule of keys, and reading on the machine
    /// by whoever may open the socket.
    Installation,
}

/// One administrative request: who, in which circumstances, tried or meant.
pub struct Administration {
    /// The provider.
    pub provider: Provider,
    /// This request's circumstances and randomness.
    pub context: RequestContext,
    /// In whose name.
    pub acting: Acting,
    /// Decide and answer as if, write nothing.
    pub dry_run: bool,
    /// The version the caller believes to change; any when absent.
    pub expected: Option<Version>,
}

/// What every decision stands on, loaded once per attempt.
pub(super) struct Ground {
    by: ActingAdministrator,
    tree: Arc<UnitTree>,
    here: Circumstances,
    policy: Arc<Policy>,
    sealing: Arc<SealingKey>,
    client_sealing: Arc<SealingKey>,
    expected: Option<Version>,
}

impl Ground {
    fn act(&self) -> Act<'_> {
        Act {
            by: &self.by,
            tree: &self.tree,
            here: &self.here,
            policy: &self.policy,
            sealing: &self.sealing,
            client_sealing: &self.client_sealing,
            expected: self.expected,
        }
    }
}

impl Administration {
    /// A request that is meant, on any version.
    pub fn new(provider: Provider, context: RequestContext, acting: Acting) -> Self {
        Self {
            provider,
            context,
            acting,
            dry_run: false,
            expected: None,
        }
    }

    /// Loads the tree and proves the administrator.
    async fn ground(&self) -> Result<Ground, Failure> {
        let tree = UnitTree::new(self.provider.records.units().await?);
        let by = match &self.acting {
            Acting::Installation => ActingAdministrator::of_installation(),
            Acting::Named(name) => {
                let user = load::find_user(&self.provider, name).await?;
                ActingAdministrator::prove(user.as_ref(), &tree, self.context.here.now)?
            }
        };
        Ok(Ground {
            by,
            tree: Arc::new(tree),
            here: self.context.here.clone(),
            policy: self.provider.policy.clone(),
            sealing: self.provider.outbox_sealing.clone(),
            client_sealing: self.provider.client_sealing.clone(),
            expected: self.expected,
        })
    }

    /// Records that this request was refused because the administrator's rights do not reach so
    /// far (security sentence 1): trying to take accounts over leaves a trace, on a dry run as
    /// well. For a unit administrator that includes what does not exist within reach; for others
    /// [`Reason::NotFoundHere`] is a typing error. Other reasons are not recorded.
    ///
    /// # Errors
    /// [`Reason::AdministratorUnknown`], or a fault of the store.
    pub async fn note_refused(&mut self, reason: Reason) -> Result<(), Failure> {
        if !matches!(reason, Reason::OutsideScope | Reason::NotFoundHere) {
            return Ok(());
        }
        let ground = self.ground().await?;
        if ground.by.units().is_none() {
            return Ok(());
        }
        let reason = reason.name().to_owned();
        let what = What::AdministrationRefused { reason };
        let event = ground.act().event(what, &mut self.context.entropy);
        let batch = Batch {
            changes: Vec::new(),
            events: vec![event],
        };
        self.provider.commit(batch).await.map(drop)
    }

    /// Commits a decision; `None` when it lost against another write and must be made again. On
    /// a dry run nothing is written, and a yes counts where no unique value is taken.
    async fn settle<T>(&self, decision: Decision<T>) -> Result<Option<T>, Failure> {
        let (outcome, batch) = decision.into_parts();
        let value = match outcome {
            Outcome::Done(value) => value,
            Outcome::Refused(refusal) => return Err(refusal.into()),
            Outcome::Need(_) => {
                return Err(Fault::lasting("admin", "a decision asked for the outside").into());
            }
        };
        if self.dry_run {
            rehearsal::untaken(&self.provider.records, &batch.changes).await?;
            return Ok(Some(value));
        }
        match self.provider.commit(batch).await? {
            Committed::Yes => Ok(Some(value)),
            Committed::Again => Ok(None),
        }
    }
}
