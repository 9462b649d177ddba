//! Appending events: their places, and one statement for many requests.
//!
//! A place is the number of the transaction that wrote the event, shifted left by [`PLACES`], and
//! the event's number within it. So the order of the places is the order of the transactions'
//! numbers, and whoever reads up to the oldest transaction still running can never be overtaken
//! by an event with a lower place. A sequence gives no such promise: a number drawn early may be
//! committed late. `event_places` shifts the places upwards where a database was restored into
//! another cluster, whose transactions are counted anew.

use idp_core::base::fault::Fault;
use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use tokio::sync::{mpsc, oneshot};

use super::engine::Core;
use super::transaction::{Done, Work};
use crate::sql::engine::EventRow;

/// Bits of a place that number the events of one transaction.
pub(super) const PLACES: u32 = 20;

/// Events of one transaction at most.
pub(super) const MOST: usize = 1 << PLACES;

/// Appends the events bound to `$1` (bodies) and `$2` (erasable parts).
pub(super) const APPEND: &str = "INSERT INTO events (place, body, personal) \
     SELECT (SELECT shift FROM event_places) \
     + (pg_current_xact_id()::text::bigint << 20) + e.number - 1, e.body, e.personal \
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS e (body, personal, number)";

/// Binds the events behind what is bound already.
pub(super) fn bind(arguments: &mut PgArguments, rows: &[EventRow]) -> Result<(), sqlx::Error> {
    let bodies: Vec<&str> = rows.iter().map(|row| row.body.as_str()).collect();
    let personal: Vec<Option<&str>> = rows.iter().map(|row| row.personal.as_deref()).collect();
    arguments.add(bodies).map_err(sqlx::Error::Encode)?;
    arguments.add(personal).map_err(sqlx::Error::Encode)
}

/// Batches that are written in one statement, and their events, unless one batch alone has more.
const GROUP: usize = 128;
const GROUP_EVENTS: usize = 4_096;
/// Batches that may wait; callers beyond wait to hand theirs in.
const WAITING: usize = 1_024;

type Waiting = (Vec<EventRow>, oneshot::Sender<Result<(), Fault>>);

/// Takes batches that hold events only, as every token for a client itself does, and writes all
/// that wait in one statement: a group has one transaction, one round trip and one flush.
#[derive(Debug)]
pub(super) struct Lanes {
    sender: mpsc::Sender<Waiting>,
}

impl Lanes {
    /// Starts two lanes: one gathers while the other waits for the disk.
    pub(super) fn start(core: &Core) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..2 {
            tokio::spawn(run(core.clone(), receiver.clone()));
        }
        Self { sender }
    }

    /// Appends the events durably.
    pub(super) async fn append(&self, rows: Vec<EventRow>) -> Result<(), Fault> {
        let (sender, receiver) = oneshot::channel();
        let handed_in = self.sender.send((rows, sender)).await;
        handed_in.map_err(|_| super::fault::closed())?;
        receiver.await.map_err(|_| super::fault::closed())?
    }
}

async fn run(core: Core, receiver: std::sync::Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting>>>) {
    loop {
        let mut waiting = Vec::with_capacity(GROUP);
        if receiver.lock().await.recv_many(&mut waiting, GROUP).await == 0 {
            return;
        }
        let mut rows = Vec::with_capacity(waiting.len());
        let mut replies = Vec::with_capacity(waiting.len());
        for (events, reply) in waiting {
            if !rows.is_empty() && rows.len() + events.len() > GROUP_EVENTS {
                flush(
                    &core,
                    std::mem::take(&mut rows),
                    std::mem::take(&mut replies),
                )
                .await;
            }
            rows.extend(events);
            replies.push(reply);
        }
        flush(&core, rows, replies).await;
    }
}

async fn flush(core: &Core, rows: Vec<EventRow>, replies: Vec<oneshot::Sender<Result<(), Fault>>>) {
    let answer = match core.pool.admit().await {
        Ok(turn) => core.perform(&Work::Append(rows), turn).await,
        Err(fault) => Err(fault),
    };
    let answer = answer.map(|_: Done| ());
    for reply in replies {
        // Whoever asked may have gone; the events are written all the same.
        drop(reply.send(answer.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dialect::POSTGRES;

    #[test]
    fn all_texts_shift_places_alike() {
        for text in [APPEND, POSTGRES.settled, super::super::schema::PLACE] {
            let shifts: Vec<_> = text.match_indices("<< ").collect();
            assert!(!shifts.is_empty());
            let right = format!("<< {PLACES})");
            assert_eq!(text.matches(&right).count(), shifts.len(), "{text}");
        }
    }
}
