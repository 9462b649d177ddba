//! The only room with `async` logic: load → decide → sign → commit → render, one file per endpoint.
//!
//! A flow holds no rule. It reads the facts a decision asks for, runs the decision, answers what
//! only the outside can answer, and commits. When the commit finds that something changed
//! meanwhile, the flow loads and decides again, three times at most.

pub mod access;
pub mod admin;
pub mod answer;
pub mod authorize;
pub mod browser;
pub mod certificate_sessions;
pub mod certificate_sign_in;
pub mod certificate_verification;
pub mod configuration;
pub mod consent;
pub mod deliver;
pub mod device;
mod device_poll;
mod encrypt;
mod front_channel;
pub mod introspect;
pub mod introspection_jwt;
mod jwt_bearer;
pub mod key_sets;
mod known_browser;
mod logos;
mod opaque_token;
mod outside;
pub mod par;
pub mod password;
pub mod pending;
pub mod person;
pub mod position;
pub mod receivers;
pub mod register;
pub mod request_objects;
mod requested;
mod respond;
pub mod revoke;
pub mod seal_audit;
pub mod sender;
mod session_end;
pub mod session_management;
pub mod sign_in;
pub mod sign_out;
mod signed_in;
pub mod token;
mod token_exchange;
pub mod userinfo;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::refusal::{Reason, Refusal};
use crate::base::seal::SealingKey;
use crate::event::Circumstances;
use crate::model::configuration::SharedConfiguration;
use crate::policy::Policy;
use crate::ports::{CertificateStatus, Fetch, Notices, Passwords, Signer};
use crate::store::change::Batch;
use crate::store::records::{CommitError, Records};
use crate::store::sealed::SealedTickets;
use crate::store::tickets::{TicketOp, Tickets};

/// How often a flow loads and decides again after a conflict.
pub const ATTEMPTS: usize = 3;

/// A provider: its stores, its doors to outside, its rules. Cheap to clone.
#[derive(Clone)]
pub struct Provider {
    /// What lasts.
    pub records: Arc<dyn Records>,
    /// What is short-lived.
    pub tickets: Arc<dyn Tickets>,
    /// Private keys.
    pub signer: Arc<dyn Signer>,
    /// Password hashing.
    pub passwords: Arc<dyn Passwords>,
    /// Requests to outside.
    pub fetch: Arc<dyn Fetch>,
    /// Whether certificates are revoked.
    pub certificate_status: Arc<dyn CertificateStatus>,
    /// Hears of trouble that fails no request.
    pub notices: Arc<dyn Notices>,
    /// Clients' key sets, kept for a while.
    pub key_sets: Arc<key_sets::KeySets>,
    /// Request objects by address, kept for a moment.
    pub request_objects: Arc<request_objects::RequestObjects>,
    /// How the receivers of deliveries did lately.
    pub receivers: Arc<receivers::Receivers>,
    /// Whose pages may frame the page of Session Management.
    pub framing_origins: Arc<session_management::FramingOrigins>,
    /// Seals tickets.
    pub ticket_sealing: Arc<SealingKey>,
    /// Seals clients' secrets that we compute with.
    pub client_sealing: Arc<SealingKey>,
    /// Seals outbox payloads.
    pub outbox_sealing: Arc<SealingKey>,
    /// The rules.
    pub policy: Arc<Policy>,
    /// What other nodes on the same store must be told alike; none where there can be no others.
    pub shared_configuration: Option<Arc<SharedConfiguration>>,
}

/// One request's circumstances and randomness.
#[derive(Debug)]
pub struct RequestContext {
    /// Where, when, in which request, from where.
    pub here: Circumstances,
    /// This request's randomness.
    pub entropy: Entropy,
    /// The source for throttling: the client address, an IPv6 one shortened to its /64.
    pub source: String,
}

/// Refusal or fault, nothing else.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// An expected "no", told to the caller.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Unexpected trouble, told to the operator.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason.into())
    }
}

/// How a commit ended, where it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Everything was written.
    Yes,
    /// Something changed meanwhile: load and decide again.
    Again,
}

impl Provider {
    /// The ticket store with typed, sealed values.
    pub fn sealed_tickets(&self) -> SealedTickets<'_> {
        SealedTickets {
            tickets: self.tickets.as_ref(),
            sealing: &self.ticket_sealing,
        }
    }

    /// Keeps the books after what was asked for is done and acknowledged: when that fails, the
    /// operator hears of it, and the request succeeds all the same.
    async fn apply_beside(&self, ops: Vec<TicketOp>, context: &RequestContext) {
        let applied = self.tickets.apply(ops, context.here.now).await;
        self.note(applied, context);
    }

    /// Notes what failed beside a request.
    fn note<T>(&self, result: Result<T, Fault>, context: &RequestContext) {
        if let Err(fault) = result {
            self.notices.note(&fault, context.here.request.as_deref());
        }
    }

    /// Commits; an empty batch costs nothing. A taken subject counts as a change, because the
    /// next load finds it.
    ///
    /// # Errors
    /// The refusal that belongs to a taken identifier or code; a fault of the store.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, Failure> {
        if batch.is_empty() {
            return Ok(Committed::Yes);
        }
        match self.records.commit(batch).await {
            Ok(()) => Ok(Committed::Yes),
            Err(
                CommitError::Changed { .. }
                | CommitError::Taken {
                    what: "subject", ..
                },
            ) => Ok(Committed::Again),
            Err(CommitError::Taken { what, .. }) => Err(taken(what)),
            Err(CommitError::Fault(fault)) => Err(fault.into()),
        }
    }
}

/// The refusal that belongs to a value that somebody else was faster to take.
fn taken(what: &str) -> Failure {
    match what {
        "identifier" => Reason::IdentifierTaken.into(),
        "unit_code" => Reason::UnitCodeTaken.into(),
        "role" => Reason::RoleNameTaken.into(),
        "client_id" => Reason::ClientIdTaken.into(),
        other => Failure::Fault(Fault::lasting("store", format!("{other} is taken"))),
    }
}

/// What a flow answers when it lost every attempt: somebody else keeps changing the same thing.
pub fn contended() -> Failure {
    Failure::Fault(Fault::transient(
        "store",
        "the same record kept changing; all attempts lost",
    ))
}
