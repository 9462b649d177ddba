//! Tickets in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::base::fault::Fault;
use crate::base::time::Timestamp;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};

type Key = (TicketKind, [u8; 32]);

#[derive(Debug)]
struct Ticket {
    value: Vec<u8>,
    until: Timestamp,
    taken: bool,
}

#[derive(Debug, Default)]
struct State {
    tickets: HashMap<Key, Ticket>,
    counters: HashMap<Key, (i64, Timestamp)>,
}

/// Tickets in memory: one lock, so that every call is atomic.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    state: Mutex<State>,
}

impl MemoryTickets {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn live(&mut self, key: Key, now: Timestamp) -> Option<&mut Ticket> {
        self.tickets.get_mut(&key).filter(|t| now < t.until)
    }

    fn put(&mut self, key: Key, ticket: Ticket, now: Timestamp) -> TicketAnswer {
        if self.live(key, now).is_some() {
            return TicketAnswer::Exists;
        }
        self.tickets.insert(key, ticket);
        TicketAnswer::Done
    }

    fn take(&mut self, key: Key, now: Timestamp) -> TicketAnswer {
        let Some(ticket) = self.live(key, now) else {
            return TicketAnswer::Unknown;
        };
        let value = ticket.value.clone();
        if std::mem::replace(&mut ticket.taken, true) {
            TicketAnswer::Again(value)
        } else {
            TicketAnswer::Value(value)
        }
    }

    fn count(&mut self, key: Key, by: i64, times: (Timestamp, Timestamp)) -> TicketAnswer {
        let (now, until) = times;
        let live = self.counters.get_mut(&key).filter(|(_, end)| now < *end);
        TicketAnswer::Counted(match live {
            Some((count, _)) => {
                *count = count.saturating_add(by).max(0);
                *count
            }
            None if by > 0 => {
                self.counters.insert(key, (by, until));
                by
            }
            None => 0,
        })
    }

    fn apply(&mut self, op: TicketOp, now: Timestamp) -> TicketAnswer {
        match op {
            TicketOp::Put { key, value, until } => {
                let ticket = Ticket {
                    value,
                    until,
                    taken: false,
                };
                self.put(flat(&key), ticket, now)
            }
            TicketOp::Peek { key } => self
                .live(flat(&key), now)
                .filter(|ticket| !ticket.taken)
                .map_or(TicketAnswer::Unknown, |ticket| {
                    TicketAnswer::Value(ticket.value.clone())
                }),
            TicketOp::Take { key } => self.take(flat(&key), now),
            TicketOp::Count { key, by, until } => self.count(flat(&key), by, (now, until)),
            TicketOp::Forget { key } => {
                self.tickets.remove(&flat(&key));
                self.counters.remove(&flat(&key));
                TicketAnswer::Done
            }
        }
    }
}

fn flat(key: &TicketKey) -> Key {
    (key.kind, *key.digest.as_bytes())
}

#[async_trait]
impl Tickets for MemoryTickets {
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        ops.iter().try_for_each(TicketOp::check)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ops.into_iter().map(|op| state.apply(op, now)).collect())
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.tickets.len() + state.counters.len();
        state.tickets.retain(|_, ticket| now < ticket.until);
        state.counters.retain(|_, (_, until)| now < *until);
        let after = state.tickets.len() + state.counters.len();
        Ok((before - after) as u64)
    }
}
