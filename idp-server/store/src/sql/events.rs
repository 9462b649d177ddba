//! Appending events, many in one statement, and reading them in their final order.

use std::sync::LazyLock;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::event::seal::StoredEvent;

use super::ask::SqlRecords;
use super::engine::{Engine, EventRow};
use super::read;
use super::value::{Row, Statement, Value};

/// Statements exist for 2⁰ to 2⁷ rows; any number is a sum of these, so few texts stay prepared.
const LARGEST: u32 = 7;

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| (0..=LARGEST).map(text).collect());

fn text(power: u32) -> String {
    let rows: Vec<String> = (0..2_u32.pow(power))
        .map(|row| format!("(${}, ${})", row * 2 + 1, row * 2 + 2))
        .collect();
    format!(
        "INSERT INTO events (body, personal) VALUES {}",
        rows.join(", ")
    )
}

/// The statements that append `rows`, in order.
pub(crate) fn append<'a>(rows: impl Iterator<Item = &'a EventRow>) -> Vec<Statement> {
    let rows: Vec<&EventRow> = rows.collect();
    let mut rest = rows.as_slice();
    let mut statements = Vec::new();
    while !rest.is_empty() {
        let power = rest.len().ilog2().min(LARGEST);
        let (now, later) = rest.split_at(1 << power);
        rest = later;
        let values = now.iter().flat_map(|event| {
            [
                Value::from(event.body.as_str()),
                Value::from(event.personal.as_deref()),
            ]
        });
        if let Some(text) = TEXTS.get(power as usize) {
            statements.push(Statement::new(text, values.collect()));
        }
    }
    statements
}

/// Pauses, in milliseconds, while other writers end.
const SETTLING: &[u64] = &[1, 2, 4, 8, 16, 32, 64];

#[expect(
    private_bounds,
    reason = "engines are chosen here, not by users of the crate"
)]
impl<E: Engine> SqlRecords<E> {
    /// Events below which no other can appear any more: whoever reads on after the last one
    /// misses none. Where writers run side by side, those that are still writing are waited for
    /// a moment; after that what they hold back is left for the next time.
    pub(super) async fn settled_events(
        &self,
        which: &str,
        values: Vec<Value>,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let settled = E::DIALECT.settled;
        let text =
            format!("SELECT place, body, personal, {settled} FROM events WHERE {which} LIMIT $2");
        let is_settled = |row: &Row| row.int(3).is_ok_and(|settled| settled == 1);
        let mut pause = SETTLING;
        loop {
            let (text, values) = (text.clone().into(), values.clone());
            let rows = self.engine.read(Statement { text, values }).await?;
            if pause.is_empty() || rows.iter().all(is_settled) {
                let settled = rows.iter().filter(|row| is_settled(row));
                return settled.map(read::event).collect();
            }
            let (millis, rest) = pause.split_first().unwrap_or((&0, &[]));
            tokio::time::sleep(Duration::from_millis(*millis)).await;
            pause = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_written_once_and_in_order() {
        for count in [0, 1, 2, 3, 127, 128, 129, 300] {
            let row = |n: i32| EventRow {
                body: n.to_string(),
                personal: None,
            };
            let rows: Vec<EventRow> = (0..count).map(row).collect();
            let bodies: Vec<Value> = append(rows.iter())
                .into_iter()
                .flat_map(|s| {
                    assert_eq!(s.text.matches('$').count(), s.values.len());
                    s.values.into_iter().step_by(2)
                })
                .collect();
            let expected: Vec<Value> = (0..count).map(|n| Value::from(n.to_string())).collect();
            assert_eq!(bodies, expected);
        }
    }
}
