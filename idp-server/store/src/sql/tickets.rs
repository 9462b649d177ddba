//! Ticket operations as statements, and their answers from rows.

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketOp};

use super::dialect::Dialect;
use super::value::{Row, Statement, values};

/// Whether the operation only reads.
pub(crate) fn reads_only(op: &TicketOp) -> bool {
    matches!(op, TicketOp::Peek { .. })
}

/// The statements of an operation; the last one's rows are read by [`answer`].
pub(crate) fn statements(op: &TicketOp, now: Timestamp) -> Vec<Statement> {
    let key = op.key();
    let (kind, digest) = (key.kind.name(), &key.digest);
    let statement = match op {
        TicketOp::Put { value, until, .. } => Statement::new(
            "INSERT INTO tickets (kind, digest, value, until_ms, takes) \
             VALUES ($1, $2, $3, $4, 0) ON CONFLICT (kind, digest) DO UPDATE \
             SET value = excluded.value, until_ms = excluded.until_ms, takes = 0 \
             WHERE tickets.until_ms <= $5 RETURNING takes",
            values![kind, digest, value.clone(), *until, now],
        ),
        TicketOp::Peek { .. } => Statement::new(
            "SELECT value, takes FROM tickets \
             WHERE kind = $1 AND digest = $2 AND until_ms > $3 AND takes = 0",
            values![kind, digest, now],
        ),
        TicketOp::Take { .. } => Statement::new(
            "UPDATE tickets SET takes = takes + 1 \
             WHERE kind = $1 AND digest = $2 AND until_ms > $3 RETURNING value, takes",
            values![kind, digest, now],
        ),
        TicketOp::Count { by, until, .. } if *by > 0 => Statement::new(
            "INSERT INTO counters (kind, digest, count, until_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, digest) DO UPDATE SET \
             count = CASE WHEN counters.until_ms <= $5 THEN $3 ELSE counters.count + $3 END, \
             until_ms = CASE WHEN counters.until_ms <= $5 THEN $4 ELSE counters.until_ms END \
             RETURNING count",
            values![kind, digest, *by, *until, now],
        ),
        // Giving back, or asking, begins no counter.
        TicketOp::Count { by, .. } => Statement::new(
            "UPDATE counters SET count = CASE WHEN count + $3 < 0 THEN 0 ELSE count + $3 END \
             WHERE kind = $1 AND digest = $2 AND until_ms > $4 RETURNING count",
            values![kind, digest, *by, now],
        ),
        TicketOp::Forget { .. } => {
            return [
                "DELETE FROM tickets WHERE kind = $1 AND digest = $2",
                "DELETE FROM counters WHERE kind = $1 AND digest = $2",
            ]
            .map(|text| Statement::new(text, values![kind, digest]))
            .into();
        }
    };
    vec![statement]
}

/// What the rows of an operation's last statement mean.
pub(crate) fn answer(op: &TicketOp, rows: &[Row]) -> Result<TicketAnswer, Fault> {
    let first = rows.first();
    Ok(match (op, first) {
        (TicketOp::Forget { .. }, _) | (TicketOp::Put { .. }, Some(_)) => TicketAnswer::Done,
        (TicketOp::Put { .. }, None) => TicketAnswer::Exists,
        (TicketOp::Count { .. }, row) => {
            TicketAnswer::Counted(row.map(|r| r.int(0)).transpose()?.unwrap_or(0))
        }
        (_, None) => TicketAnswer::Unknown,
        (_, Some(row)) => {
            let value = row.bytes(0)?.to_vec();
            if row.int(1)? > 1 {
                TicketAnswer::Again(value)
            } else {
                TicketAnswer::Value(value)
            }
        }
    })
}

/// Removes at most [`SWEPT`] rows that are over at `$1`. Each is looked at again when it is removed,
/// for it may have been renewed since it was found; the sign keeps the engine from finding all of
/// them a second time by the same index.
pub(crate) fn sweep(dialect: Dialect) -> [String; 2] {
    let over = format!("until_ms <= {}", dialect.no_later("$1"));
    ["tickets", "counters"].map(|table| {
        format!(
            "DELETE FROM {table} WHERE +{over} AND (kind, digest) IN \
             (SELECT kind, digest FROM {table} WHERE {over} LIMIT {SWEPT}) RETURNING 1"
        )
    })
}

/// Rows that one sweeping statement removes, so that no sweep keeps others waiting for long.
pub(crate) const SWEPT: usize = 2000;
