//! Tickets as the flows use them: typed values, sealed before a store sees them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::tickets::{TicketAnswer, TicketKey, TicketOp, Tickets};
use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::seal::SealingKey;
use crate::base::time::Timestamp;

/// What taking a ticket answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// This taker is the first.
    First(T),
    /// Somebody took it before.
    Again(T),
    /// Nothing there, or over.
    Unknown,
}

/// Tickets with typed values, sealed under a key and bound to kind and key.
pub struct SealedTickets<'a> {
    /// Where they rest.
    pub tickets: &'a dyn Tickets,
    /// The sealing key.
    pub sealing: &'a SealingKey,
}

impl SealedTickets<'_> {
    /// The operation that stores `value`.
    pub fn put<T: Serialize>(
        &self,
        key: TicketKey,
        value: &T,
        until: Timestamp,
        entropy: &mut Entropy,
    ) -> Result<TicketOp, Fault> {
        let plain = serde_json::to_vec(value).map_err(|e| Fault::lasting("tickets", e))?;
        Ok(TicketOp::Put {
            key,
            value: self.sealing.seal(&name(&key), &plain, entropy),
            until,
        })
    }

    /// Stores `value` under `key`; a fault when the key exists, since keys are random.
    pub async fn store<T: Serialize + Sync>(
        &self,
        key: TicketKey,
        value: &T,
        times: (Timestamp, Timestamp),
        entropy: &mut Entropy,
    ) -> Result<(), Fault> {
        let (now, until) = times;
        let op = self.put(key, value, until, entropy)?;
        match self.one(op, now).await? {
            TicketAnswer::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Reads a value and leaves it.
    pub async fn peek<T: DeserializeOwned>(
        &self,
        key: TicketKey,
        now: Timestamp,
    ) -> Result<Option<T>, Fault> {
        match self.one(TicketOp::Peek { key }, now).await? {
            TicketAnswer::Value(sealed) => self.open(&key, &sealed).map(Some),
            TicketAnswer::Unknown => Ok(None),
            other => Err(unexpected(&other)),
        }
    }

    /// Takes a value.
    pub async fn take<T: DeserializeOwned>(
        &self,
        key: TicketKey,
        now: Timestamp,
    ) -> Result<Taken<T>, Fault> {
        match self.one(TicketOp::Take { key }, now).await? {
            TicketAnswer::Value(sealed) => self.open(&key, &sealed).map(Taken::First),
            TicketAnswer::Again(sealed) => self.open(&key, &sealed).map(Taken::Again),
            TicketAnswer::Unknown => Ok(Taken::Unknown),
            other => Err(unexpected(&other)),
        }
    }

    async fn one(&self, op: TicketOp, now: Timestamp) -> Result<TicketAnswer, Fault> {
        let answers = self.tickets.apply(vec![op], now).await?;
        answers
            .into_iter()
            .next()
            .ok_or_else(|| Fault::lasting("tickets", "no answer"))
    }

    fn open<T: DeserializeOwned>(&self, key: &TicketKey, sealed: &[u8]) -> Result<T, Fault> {
        let plain = self
            .sealing
            .open(&name(key), sealed)
            .map_err(|e| Fault::lasting("tickets", e))?;
        serde_json::from_slice(&plain).map_err(|e| Fault::lasting("tickets", e))
    }
}

fn name(key: &TicketKey) -> Vec<u8> {
    let mut name = key.kind.name().as_bytes().to_vec();
    name.push(b'/');
    name.extend_from_slice(key.digest.as_bytes());
    name
}

fn unexpected(answer: &TicketAnswer) -> Fault {
    let kind = match answer {
        TicketAnswer::Done => "done",
        TicketAnswer::Exists => "exists",
        TicketAnswer::Value(_) => "value",
        TicketAnswer::Again(_) => "again",
        TicketAnswer::Unknown => "unknown",
        TicketAnswer::Counted(_) => "counted",
    };
    Fault::lasting(
        "tickets",
        format!("the store answered {kind} to another question"),
    )
}
