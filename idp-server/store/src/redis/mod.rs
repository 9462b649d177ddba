//! Tickets in Redis: one server, Redis Sentinel or Redis Cluster.
//!
//! **One round trip.** A call is one script (module `script`); the server runs it alone, so its
//! operations are applied together and in order. On a cluster this holds per slot: operations on
//! the same key are always together, those on keys of different slots are sent at once to each
//! owner, and when one owner fails the others' operations stay applied and the call is a fault. No
//! flow relies on more: several operations of one call are counters, each judged by itself, or
//! work on one key.
//!
//! **Ends.** Every key carries the caller's `until`, and the script compares it with the caller's
//! `now`; Redis is told to forget by a span, not by a moment, and a minute later than need be. So
//! the servers' clocks neither prolong nor, on the master, shorten a ticket.
//!
//! **Losses.** Redis copies to replicas after it answered. A fail-over may lose what the old
//! master did in its last moments: a code put then is unknown (the person begins again); a code
//! taken then can be taken anew, and the state of its grant in Records refuses the second
//! redemption; a replay mark, a counted guess or a revocation of a single token put then is
//! forgotten, unless [`RedisSettings::replicas`] made the call wait for a replica.

mod attempt;
mod calls;
mod changes;
mod check;
mod discovery;
mod failure;
mod link;
mod node;
mod script;
mod settings;
mod slot;
mod topology;

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};

use calls::Calls;
use node::Node;
use script::Part;
use tokio::time::Instant;
use topology::Map;

pub use changes::RedisChanges;
pub use settings::{Address, Arrangement, Credentials, RedisSettings};

/// How often the masters are found out and examined anew.
const BEAT: Duration = Duration::from_secs(2);

/// Octets of what readiness writes: a sign-in in progress has about as many.
const WRITTEN: usize = 4_096;

/// Keys that are tried to find one for each master.
const TRIES: u32 = 200;

/// Tickets in Redis. Clones share their connections.
#[derive(Clone, Debug)]
pub struct RedisTickets {
    calls: Arc<Calls>,
}

/// Connects to every master and examines it.
///
/// # Errors
/// A lasting fault, with the remedy, for settings that [`RedisSettings::check`] refuses, a wrong
/// or missing password, a certificate that is not trusted, a server older than 7.0, a read-only
/// replica, another arrangement than the settings say, and any `maxmemory-policy` but
/// `noeviction`. A transient one when a server cannot be reached or a fail-over is under way.
pub async fn open(settings: &RedisSettings) -> Result<RedisTickets, Fault> {
    settings.check()?;
    let tickets = RedisTickets {
        calls: Arc::new(Calls::new(settings)),
    };
    tickets.examine(tickets.calls.deadline()).await?;
    tokio::spawn(watch(Arc::downgrade(&tickets.calls)));
    Ok(tickets)
}

/// Finds and examines the masters as long as somebody uses them. A server that no longer passes,
/// because somebody changed its eviction policy or a fail-over made it a replica, is not asked
/// until it does.
async fn watch(calls: Weak<Calls>) {
    loop {
        tokio::time::sleep(BEAT).await;
        let Some(calls) = calls.upgrade() else { return };
        let Ok(map) = calls.topology.find().await else {
            continue;
        };
        join_all(map.masters.iter().map(|node| node.check())).await;
    }
}

impl RedisTickets {
    /// Word between nodes through the same servers.
    #[must_use]
    pub fn changes(&self) -> RedisChanges {
        RedisChanges::new(Arc::clone(&self.calls))
    }

    /// What the operator should change, although tickets can be kept: masters that a restart would
    /// let forget what must last, or that go on writing when they are cut off from their replicas.
    ///
    /// # Errors
    /// The first reason why tickets cannot be kept; see [`open`].
    pub async fn advice(&self) -> Result<Vec<String>, Fault> {
        let map = self.calls.topology.find_or_known().await?;
        let told = join_all(map.masters.iter().map(|node| node.advice())).await;
        let told: Result<Vec<_>, _> = told.into_iter().collect();
        Ok(told?.concat())
    }

    /// Finds and examines every master now.
    async fn examine(&self, deadline: Instant) -> Result<(), Fault> {
        let examined = async {
            let map = self.calls.topology.find_or_known().await?;
            let checks = map.masters.iter().map(|node| node.check());
            join_all(checks).await.into_iter().collect()
        };
        let examined = tokio::time::timeout_at(deadline, examined).await;
        examined.unwrap_or_else(|_| Err(calls::unanswered()))
    }

    /// Writes a ticket to each master as flows do, as large as theirs are: a server that is nearly
    /// full still takes less. It is forgotten at once.
    async fn write(&self, deadline: Instant) -> Result<(), Fault> {
        let map = self.calls.topology.current().await?;
        let parts = self.one_for_each(&map);
        // By the server's own stopwatch these tickets live for a minute, whatever the time is.
        let written = parts
            .iter()
            .map(|part| self.calls.apply(part, Timestamp::EPOCH, deadline));
        let mut written = join_all(written).await.into_iter();
        written.try_for_each(|written| written.map(drop))
    }

    /// Calls of which each goes to another master; some masters may be missed that hold few slots.
    fn one_for_each(&self, map: &Map) -> Vec<Part> {
        let mut found: Vec<(Arc<Node>, Part)> = Vec::new();
        for number in 0..TRIES {
            if found.len() == map.masters.len() {
                break;
            }
            // No reader has such a name.
            let key = TicketKey::of(TicketKind::AuditReader, &format!("ready {number}"));
            let put = TicketOp::Put {
                key,
                value: vec![0; WRITTEN],
                until: Timestamp::EPOCH + Duration::from_secs(60),
            };
            // In this order: Redis looks for room only before the first write of a script.
            let ops = vec![put, TicketOp::Forget { key }];
            let is_cluster = self.calls.topology.is_cluster();
            let part = script::parts(ops, &self.calls.prefix, is_cluster).pop();
            let owned = part.and_then(|part| Some((Arc::clone(map.owner(part.slot)?), part)));
            let is_new =
                |node: &Arc<Node>| !found.iter().any(|(known, _)| Arc::ptr_eq(known, node));
            if let Some((node, part)) = owned.filter(|(node, _)| is_new(node)) {
                found.push((node, part));
            }
        }
        found.into_iter().map(|(_, part)| part).collect()
    }
}

#[async_trait]
impl Tickets for RedisTickets {
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        ops.iter().try_for_each(TicketOp::check)?;
        let deadline = self.calls.deadline();
        let count = ops.len();
        let parts = script::parts(ops, &self.calls.prefix, self.calls.topology.is_cluster());
        // All are waited for, also when one fails: what is sent is not called back.
        let applied = parts
            .iter()
            .map(|part| self.calls.apply(part, now, deadline));
        let mut answers: Vec<Option<TicketAnswer>> = vec![None; count];
        for (part, applied) in parts.iter().zip(join_all(applied).await) {
            for (place, answer) in part.places.iter().zip(applied?) {
                if let Some(slot) = answers.get_mut(*place) {
                    *slot = Some(answer);
                }
            }
        }
        let all: Option<Vec<_>> = answers.into_iter().collect();
        all.ok_or_else(|| Fault::lasting("tickets", "an answer is missing"))
    }

    /// Examines every master now, and writes something to it.
    ///
    /// # Errors
    /// The first reason why tickets cannot be kept; see [`open`].
    async fn ready(&self) -> Result<(), Fault> {
        let deadline = self.calls.deadline();
        self.examine(deadline).await?;
        self.write(deadline).await
    }

    /// Does nothing and answers 0: every key is given its end when it is written, and Redis
    /// forgets it by itself, a minute after the ticket is over.
    async fn sweep(&self, _now: Timestamp) -> Result<u64, Fault> {
        Ok(0)
    }
}
