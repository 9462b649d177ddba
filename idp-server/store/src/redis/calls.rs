//! One part of a call, brought to the server that holds its slot.
//!
//! **What is repeated.** Only what was surely not done: the server could not be connected to, or
//! said that it did nothing (`MOVED`, `READONLY`, `LOADING`, …). A part whose answer was lost may
//! have been done. Asking again could then answer a first taker `Again`, count a guess twice or
//! call a new mark a replay, so its caller gets a transient fault; a part that only reads is asked
//! again.

use std::sync::Arc;
use std::time::Duration;

use idp_core::base::fault::{Fault, Trouble};
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::TicketAnswer;
use redis::Value;
use tokio::time::Instant;

use super::failure::Failure;
use super::node::Node;
use super::script::{self, Part};
use super::settings::{Address, RedisSettings};
use super::topology::Topology;

/// Between two attempts at the same part.
const BETWEEN: Duration = Duration::from_millis(25);

/// Brings calls to servers.
#[derive(Debug)]
pub(super) struct Calls {
    /// Where they are.
    pub(super) topology: Arc<Topology>,
    /// What every key begins with.
    pub(super) prefix: String,
    limit: Duration,
    replicas: u32,
}

/// How the next attempt differs from a plain one.
#[derive(Debug, Default)]
struct Hints {
    with_text: bool,
    elsewhere: Option<(Address, bool)>,
}

impl Calls {
    /// Calls by these settings.
    pub(super) fn new(settings: &RedisSettings) -> Self {
        Self {
            topology: Topology::new(settings),
            prefix: settings.prefix.clone(),
            limit: settings.call_limit,
            replicas: settings.replicas,
        }
    }

    /// When a call that begins now must have ended.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// Applies a part before the deadline.
    ///
    /// # Errors
    /// A transient fault when it was not done in time or nobody knows; a lasting one when the
    /// server may not hold tickets or refuses us.
    pub(super) async fn apply(
        &self,
        part: &Part,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Vec<TicketAnswer>, Fault> {
        let mut hints = Hints::default();
        let mut last = unanswered();
        loop {
            let is_paused = match self.attempt(part, now, &hints, deadline).await {
                Ok(reply) => return script::answers(reply, part),
                Err(Failure::NoScript) if !hints.with_text => {
                    hints.with_text = true;
                    false
                }
                Err(Failure::Elsewhere { address, asking }) => {
                    // Two servers that name each other are not chased around.
                    hints.elsewhere.replace((address, asking)).is_some()
                }
                Err(Failure::Unknown(fault)) if !part.reads_only => {
                    self.find_again();
                    return Err(fault);
                }
                Err(Failure::NotDone(fault) | Failure::Unknown(fault)) => {
                    hints.elsewhere = None;
                    last = fault;
                    true
                }
                Err(failure) => return Err(failure.fault()),
            };
            if is_paused || hints.elsewhere.is_some() {
                self.find_again();
            }
            if is_paused {
                tokio::time::sleep(BETWEEN).await;
            }
            if Instant::now() >= deadline {
                return Err(last);
            }
        }
    }

    async fn attempt(
        &self,
        part: &Part,
        now: Timestamp,
        hints: &Hints,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let (node, asking) = match &hints.elsewhere {
            Some((address, asking)) => (self.topology.node(address), *asking),
            None => {
                let owner = tokio::time::timeout_at(deadline, self.owner(part.slot)).await;
                let owner = owner.unwrap_or_else(|_| Err(unanswered()));
                (owner.map_err(Failure::NotDone)?, false)
            }
        };
        let waits = part.durable && self.replicas > 0;
        let mut commands = redis::pipe();
        if asking {
            commands.cmd("ASKING");
        }
        commands.add_command(part.command(now, hints.with_text));
        if waits {
            // Half of the limit, so that the answer comes back before the caller gives up.
            let millis = u64::try_from(self.limit.as_millis() / 2).unwrap_or(u64::MAX);
            commands.cmd("WAIT").arg(self.replicas).arg(millis);
        }
        let mut answers = node.ask(commands, waits, deadline).await?.into_iter();
        if asking {
            answers.next();
        }
        let answer = answers.next().unwrap_or(Value::Nil);
        if waits {
            self.check_replicas(answers.next().as_ref(), &node)?;
        }
        Ok(answer)
    }

    async fn owner(&self, slot: u16) -> Result<Arc<Node>, Fault> {
        let map = self.topology.current().await?;
        map.owner(slot)
            .cloned()
            .ok_or_else(|| Fault::transient("tickets", "a part of the Redis Cluster has no master"))
    }

    fn check_replicas(&self, answer: Option<&Value>, node: &Node) -> Result<(), Failure> {
        match answer {
            Some(Value::Int(having)) if *having >= i64::from(self.replicas) => Ok(()),
            _ => Err(Failure::Unknown(Fault::transient(
                "tickets",
                format!(
                    "Redis at {} wrote a mark, and fewer replicas than asked for have it",
                    node.address
                ),
            ))),
        }
    }

    /// Finds out who the masters are, in the background; one question at a time.
    pub(super) fn find_again(&self) {
        let topology = Arc::clone(&self.topology);
        tokio::spawn(async move { topology.find().await });
    }
}

/// Nothing came back in time.
pub(super) fn unanswered() -> Fault {
    Fault::transient("tickets", "Redis did not answer in time").with(Trouble::Unreachable)
}
