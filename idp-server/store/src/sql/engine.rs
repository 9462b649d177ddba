//! What the statements need of an engine.

use std::collections::BTreeSet;
use std::future::Future;

use idp_core::base::fault::Fault;
use idp_core::store::changes::Changed;
use idp_core::store::records::CommitError;

use super::dialect::Dialect;
use super::value::{Row, Statement};

/// A statement of a commit, and what it means when it touches no row.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) statement: Statement,
    pub(crate) otherwise: Option<CommitError>,
}

/// An event at rest: its body, and its erasable part.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) body: String,
    pub(crate) personal: Option<String>,
}

/// A batch, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) steps: Vec<Step>,
    pub(crate) events: Vec<EventRow>,
    /// What other nodes are told, each once, in the order of the list.
    pub(crate) changed: BTreeSet<Changed>,
}

/// Runs statements.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The engine's own words.
    const DIALECT: Dialect;

    /// Reads.
    fn read(&self, statement: Statement) -> impl Future<Output = Result<Vec<Row>, Fault>> + Send;

    /// Runs statements that write and answer rows, in one durable transaction.
    fn change(
        &self,
        statements: Vec<Statement>,
    ) -> impl Future<Output = Result<Vec<Vec<Row>>, Fault>> + Send;

    /// Commits a batch durably, whole or not at all.
    fn commit(&self, prepared: Prepared) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Whether a write would succeed, as far as the engine can tell cheaply.
    fn check_writes(&self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What the engine needs now and then while it runs, besides the removal of what is over.
    fn tend(&self) -> impl Future<Output = Result<(), Fault>> + Send {
        std::future::ready(Ok(()))
    }
}
