//! Marks that must last, on their way from beside the records into another store of tickets.
//!
//! An installation that changes where its tickets rest would otherwise forget which assertions were
//! used, which tokens were revoked and how many passwords were wrong. What rests beside the records is
//! left there: a node that still runs with the former settings goes on looking at it.

use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};

use crate::sql::SqlRecords;
use crate::sql::engine::Engine;
use crate::sql::value::{Row, Statement, values};

/// Rows that are read and written at once.
const PAGE: u32 = 100;

/// What rests beside the records.
#[derive(Clone, Copy)]
enum Table {
    Tickets,
    Counters,
}

impl Table {
    /// A page of what is not over, in the order of its keys.
    const fn text(self) -> &'static str {
        match self {
            Self::Tickets => {
                "SELECT digest, until_ms, takes, value FROM tickets \
                 WHERE kind = $1 AND digest > $2 AND until_ms > $3 ORDER BY digest LIMIT $4"
            }
            Self::Counters => {
                "SELECT digest, until_ms, count FROM counters \
                 WHERE kind = $1 AND digest > $2 AND until_ms > $3 ORDER BY digest LIMIT $4"
            }
        }
    }
}

/// Carries what is durable and not over at `now`; answers how much that was. Done again, it changes
/// nothing: what is there already stays, and a count only grows to what it was.
///
/// # Errors
/// A fault of either store. What was carried until then stays.
#[expect(
    private_bounds,
    reason = "engines are chosen here, not by users of the crate"
)]
pub async fn carry<E: Engine>(
    from: &SqlRecords<E>,
    to: &dyn Tickets,
    now: Timestamp,
) -> Result<u64, Fault> {
    let mut carried = 0;
    for kind in TicketKind::ALL.into_iter().filter(|kind| kind.durable()) {
        for table in [Table::Tickets, Table::Counters] {
            let mut after = Vec::new();
            loop {
                let values = values![kind.name(), after, now, PAGE];
                let page = Statement::new(table.text(), values);
                let rows = from.engine.read(page).await?;
                let Some(last) = rows.last() else { break };
                after = last.bytes(0)?.to_vec();
                match table {
                    Table::Tickets => put(to, kind, now, &rows).await?,
                    Table::Counters => count(to, kind, now, &rows).await?,
                }
                carried += rows.len() as u64;
            }
        }
    }
    Ok(carried)
}

fn key(kind: TicketKind, row: &Row) -> Result<TicketKey, Fault> {
    let digest = <[u8; 32]>::try_from(row.bytes(0)?).map(Digest::from_bytes);
    let digest =
        digest.map_err(|_| Fault::lasting("tickets", "a stored digest has another size"))?;
    Ok(TicketKey { kind, digest })
}

async fn put(
    to: &dyn Tickets,
    kind: TicketKind,
    now: Timestamp,
    rows: &[Row],
) -> Result<(), Fault> {
    let mut ops = Vec::with_capacity(rows.len());
    for row in rows {
        let key = key(kind, row)?;
        ops.push(TicketOp::Put {
            key,
            value: row.bytes(3)?.to_vec(),
            until: Timestamp::from_millis(row.int(1)?),
        });
        if row.int(2)? > 0 {
            ops.push(TicketOp::Take { key });
        }
    }
    to.apply(ops, now).await.map(drop)
}

async fn count(
    to: &dyn Tickets,
    kind: TicketKind,
    now: Timestamp,
    rows: &[Row],
) -> Result<(), Fault> {
    let mut stored = Vec::with_capacity(rows.len());
    for row in rows {
        stored.push((
            key(kind, row)?,
            Timestamp::from_millis(row.int(1)?),
            row.int(2)?,
        ));
    }
    let ask = |(key, until, _): &(TicketKey, Timestamp, i64)| TicketOp::Count {
        key: *key,
        by: 0,
        until: *until,
    };
    let there = to.apply(stored.iter().map(ask).collect(), now).await?;
    let missing = stored
        .into_iter()
        .zip(there)
        .filter_map(|((key, until, count), there)| {
            let by = match there {
                TicketAnswer::Counted(there) => count - there,
                _ => count,
            };
            (by > 0).then_some(TicketOp::Count { key, by, until })
        });
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    to.apply(missing, now).await.map(drop)
}
