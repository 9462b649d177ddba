//! Tickets in SQLite: each kind in the file of its durability.

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketOp, Tickets};

use super::engine::SqliteEngine;
use crate::sql::dialect::SQLITE;
use crate::sql::tickets;
use crate::sql::value::{Row, Statement, values};

/// Tickets in SQLite.
///
/// Operations of one call on kinds of the same durability are applied in one transaction; those
/// on durable and on lossy kinds in one each, the durable one first.
#[derive(Clone, Debug)]
pub struct SqliteTickets {
    engine: SqliteEngine,
}

impl SqliteTickets {
    pub(super) const fn new(engine: SqliteEngine) -> Self {
        Self { engine }
    }

    /// Applies operations of one durability; answers each with its rows.
    async fn run(
        &self,
        ops: &[&TicketOp],
        durable: bool,
        now: Timestamp,
    ) -> Result<Vec<TicketAnswer>, Fault> {
        let database = self.engine.tickets(durable);
        let mut answers = Vec::with_capacity(ops.len());
        if ops.iter().all(|op| tickets::reads_only(op)) {
            for op in ops {
                for statement in tickets::statements(op, now) {
                    let rows = database.readers.read(statement).await?;
                    answers.push(tickets::answer(op, &rows)?);
                }
            }
            return Ok(answers);
        }
        let mut statements = Vec::with_capacity(ops.len());
        let mut last = Vec::with_capacity(ops.len());
        for op in ops {
            statements.extend(tickets::statements(op, now));
            last.push(statements.len() - 1);
        }
        let rows: Vec<Vec<Row>> = database.writer.change(statements).await?;
        for (op, place) in ops.iter().zip(last) {
            let rows = rows.get(place).map(Vec::as_slice).unwrap_or_default();
            answers.push(tickets::answer(op, rows)?);
        }
        Ok(answers)
    }
}

/// Free pages that a sweep leaves in the file, because the next minute needs some again: 4 MiB.
const SPARE_PAGES: i64 = 1_024;

impl SqliteTickets {
    /// Gives free pages of the tickets database back to the file system, in small steps, so that
    /// no writer waits for long: a flood of requests that wait for nobody must not keep the disk.
    /// The durable tickets rest in the records database, whose free pages its records use.
    async fn give_back(&self) -> Result<(), Fault> {
        let database = self.engine.tickets(false);
        loop {
            let free = Statement::new("PRAGMA freelist_count", Vec::new());
            let rows = database.readers.read(free).await?;
            let free = rows.first().map_or(Ok(0), |row| row.int(0))?;
            if free <= SPARE_PAGES {
                return Ok(());
            }
            // At most 500 pages at a time.
            let step = Statement::new("PRAGMA incremental_vacuum(500)", Vec::new());
            database.writer.change(vec![step]).await?;
        }
    }
}

#[async_trait]
impl Tickets for SqliteTickets {
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        ops.iter().try_for_each(TicketOp::check)?;
        let is_durable = |op: &TicketOp| op.key().kind.durable();
        let (durable, lossy): (Vec<_>, Vec<_>) = ops.iter().partition(|op| is_durable(op));
        let mut durable = self.run(&durable, true, now).await?.into_iter();
        let mut lossy = self.run(&lossy, false, now).await?.into_iter();
        let mut answers = Vec::with_capacity(ops.len());
        for op in &ops {
            let next = if is_durable(op) {
                durable.next()
            } else {
                lossy.next()
            };
            answers.push(next.ok_or_else(|| Fault::lasting("tickets", "an answer is missing"))?);
        }
        Ok(answers)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Fault> {
        let mut removed = 0;
        for durable in [true, false] {
            for text in tickets::sweep(SQLITE) {
                loop {
                    let (text, values) = (text.clone().into(), values![now]);
                    let statement = Statement { text, values };
                    let database = self.engine.tickets(durable);
                    let rows = database.writer.change(vec![statement]).await?;
                    let went = rows.first().map_or(0, Vec::len);
                    removed += went as u64;
                    if went < tickets::SWEPT {
                        break;
                    }
                }
            }
        }
        self.give_back().await?;
        Ok(removed)
    }
}
