//! Tickets in PostgreSQL: the operations of a call are one statement.
//!
//! Calls with lossy kinds alone do not wait for the server's disk (`synchronous_commit` off for
//! that transaction): a crash of the server loses at most the last moment of them, as in an
//! embedded store. They are logged all the same, so that a standby has them too.

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketOp, Tickets};

use super::combine::Combined;
use super::engine::PostgresEngine;
use super::transaction::{Done, Work};
use crate::sql::dialect::POSTGRES;
use crate::sql::tickets;
use crate::sql::value::{Row, Statement, Value, values};

/// Tickets in PostgreSQL.
///
/// The operations of one call are one transaction. Those on different keys are one round trip.
#[derive(Clone, Debug)]
pub struct PostgresTickets {
    engine: PostgresEngine,
}

/// Lets the transaction end without waiting for the disk.
const LOSSY: &str = "SELECT set_config('synchronous_commit', 'off', true) AS off";

impl PostgresTickets {
    pub(super) const fn new(engine: PostgresEngine) -> Self {
        Self { engine }
    }

    /// Operations on different keys.
    async fn together(&self, ops: &[TicketOp], now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        let statement = combined(ops, now);
        let work = if ops.iter().all(tickets::reads_only) {
            Work::Read(statement)
        } else {
            Work::Change(vec![statement])
        };
        let rows = self.rows(work).await?.into_iter().next();
        let rows = rows.unwrap_or_default();
        let mut answers = Vec::with_capacity(ops.len());
        for (number, op) in (0..).zip(ops) {
            let own = rows
                .iter()
                .find(|row| row.int(0).is_ok_and(|n| n == number));
            let own: Vec<Row> = own.map(|row| columns(op, row)).into_iter().collect();
            answers.push(tickets::answer(op, &own)?);
        }
        Ok(answers)
    }

    /// Operations of which some are on the same key: one after the other.
    async fn in_order(&self, ops: &[TicketOp], now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        let mut statements = Vec::with_capacity(ops.len());
        let mut last = Vec::with_capacity(ops.len());
        for op in ops {
            statements.extend(tickets::statements(op, now));
            last.push(statements.len() - 1);
        }
        let rows = self.rows(Work::Change(statements)).await?;
        let answers = ops.iter().zip(last).map(|(op, place)| {
            let rows = rows.get(place).map(Vec::as_slice).unwrap_or_default();
            tickets::answer(op, rows)
        });
        answers.collect()
    }

    async fn rows(&self, work: Work) -> Result<Vec<Vec<Row>>, Fault> {
        match self.engine.submit(work).await? {
            Done::Rows(rows) => Ok(rows),
            Done::Committed | Done::Refused(_) => {
                Err(Fault::lasting("tickets", "an answer is missing"))
            }
        }
    }
}

/// One statement whose rows are: the operation's number, a value, a number.
fn combined(ops: &[TicketOp], now: Timestamp) -> Statement {
    let mut combined = Combined::default();
    let mut answers: Vec<String> = Vec::with_capacity(ops.len() + 1);
    for (number, op) in ops.iter().enumerate() {
        let mut part = 0;
        for statement in tickets::statements(op, now) {
            part = combined.add(&statement.text, &statement.values);
        }
        let columns = match op {
            TicketOp::Peek { .. } | TicketOp::Take { .. } => "value, takes",
            TicketOp::Put { .. } => "NULL::bytea, takes",
            TicketOp::Count { .. } => "NULL::bytea, count",
            TicketOp::Forget { .. } => continue,
        };
        answers.push(format!("SELECT {number}::bigint, {columns} FROM p{part}"));
    }
    let lossy = !ops.iter().any(|op| op.key().kind.durable());
    if lossy && !ops.iter().all(tickets::reads_only) {
        let part = combined.add(LOSSY, &[]);
        answers.push(format!(
            "SELECT -1::bigint, NULL::bytea, length(off)::bigint FROM p{part}"
        ));
    } else if answers.is_empty() {
        answers.push("SELECT -1::bigint, NULL::bytea, 0::bigint".to_owned());
    }
    combined.text.push(' ');
    combined.text.push_str(&answers.join(" UNION ALL "));
    Statement {
        text: combined.text.into(),
        values: combined.values,
    }
}

/// A combined row as the operation alone would have answered it.
fn columns(op: &TicketOp, row: &Row) -> Row {
    let from = match op {
        TicketOp::Peek { .. } | TicketOp::Take { .. } => 1,
        _ => 2,
    };
    Row(row.0.iter().skip(from).cloned().collect::<Vec<Value>>())
}

fn all_different(ops: &[TicketOp]) -> bool {
    let same = |a: &TicketKey, b: &TicketKey| a == b;
    let mut rest = ops;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| same(first.key(), other.key())) {
            return false;
        }
        rest = others;
    }
    true
}

#[async_trait]
impl Tickets for PostgresTickets {
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        ops.iter().try_for_each(TicketOp::check)?;
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        if all_different(&ops) {
            self.together(&ops, now).await
        } else {
            self.in_order(&ops, now).await
        }
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Fault> {
        let mut removed = 0;
        for text in tickets::sweep(POSTGRES) {
            loop {
                let (text, values) = (text.clone().into(), values![now]);
                let statement = Statement { text, values };
                let rows = self.rows(Work::Change(vec![statement])).await?;
                let went = rows.first().map_or(0, Vec::len);
                removed += went as u64;
                if went < tickets::SWEPT {
                    break;
                }
            }
        }
        Ok(removed)
    }
}
