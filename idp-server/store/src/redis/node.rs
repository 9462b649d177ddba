//! One server, connected to when it is needed and examined whenever it is connected to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idp_core::base::fault::{Fault, Trouble};
use redis::{Pipeline, Value};
use tokio::time::{Instant, timeout_at};

use super::attempt::Attempt;
use super::check::{Role, advice, judge};
use super::failure::{self, Failure};
use super::link::{Link, Way};
use super::settings::Address;

/// One server.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it is.
    pub(super) address: Address,
    role: Role,
    way: Arc<Way>,
    plain: Lane,
    /// A connection of its own for what waits for replicas: such waiting holds back all that
    /// comes after it on the same connection.
    waiting: Lane,
}

#[derive(Debug, Default)]
struct Lane {
    link: Mutex<Option<Link>>,
    opening: Attempt<Link>,
}

impl Lane {
    fn open_link(&self) -> Option<Link> {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.clone().filter(Link::is_open)
    }

    fn set(&self, link: Option<Link>) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
    }

    fn discard(&self, used: &Link) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.take_if(|current| current.is_same(used));
    }
}

impl Node {
    /// A server that is not connected to yet.
    pub(super) fn new(address: Address, role: Role, way: Arc<Way>) -> Arc<Self> {
        Arc::new(Self {
            address,
            role,
            way,
            plain: Lane::default(),
            waiting: Lane::default(),
        })
    }

    /// How long it may think when it is asked about others: a third of a call, so that those who
    /// wait for the answer can still be served by the master that it names.
    pub(super) fn patience(&self) -> Duration {
        self.way.limit / 3
    }

    fn lane(&self, waits: bool) -> &Lane {
        if waits { &self.waiting } else { &self.plain }
    }

    /// An open connection to the server, which may hold tickets; `waits` for what waits for
    /// replicas.
    ///
    /// # Errors
    /// That it cannot be reached, or what [`judge`] finds.
    async fn link(self: &Arc<Self>, waits: bool) -> Result<Link, Fault> {
        if let Some(link) = self.lane(waits).open_link() {
            return Ok(link);
        }
        let node = Arc::clone(self);
        let opened = self.lane(waits).opening.join(|| async move {
            if let Some(link) = node.lane(waits).open_link() {
                return Ok(link);
            }
            let link = Link::open(&node.address, &node.way).await?;
            node.examine(&link).await?;
            node.lane(waits).set(Some(link.clone()));
            Ok(link)
        });
        opened.await
    }

    async fn examine(&self, link: &Link) -> Result<(), Fault> {
        if self.role == Role::Informant {
            return Ok(());
        }
        judge(&self.info(link).await?, self.role, &self.address)
    }

    async fn info(&self, link: &Link) -> Result<String, Fault> {
        let mut info = redis::pipe();
        info.cmd("INFO");
        let answers = link.ask(info).await;
        let answers = answers.map_err(|error| failure::of(error, &self.address).fault())?;
        let text = answers.into_iter().next().map(redis::from_redis_value);
        Ok(text.and_then(Result::ok).unwrap_or_default())
    }

    /// What the operator should change, although the server may hold tickets.
    ///
    /// # Errors
    /// That it cannot be reached, or what [`judge`] finds.
    pub(super) async fn advice(self: &Arc<Self>) -> Result<Vec<String>, Fault> {
        let link = self.link(false).await?;
        Ok(advice(&self.info(&link).await?, self.role, &self.address))
    }

    /// Examines the server now, on the connection that is in use. One that fails is let go, so
    /// that nothing is asked of the server before it passes again.
    ///
    /// # Errors
    /// That it cannot be reached, or what [`judge`] finds.
    pub(super) async fn check(self: &Arc<Self>) -> Result<(), Fault> {
        let link = self.link(false).await?;
        let checked = self.examine(&link).await;
        if checked.is_err() {
            self.plain.discard(&link);
            self.waiting.set(None);
        }
        checked
    }

    /// Asks the server. A connection on which nothing came back before the deadline is let go: the
    /// next caller connects anew. A caller that goes away says nothing about the connection, which
    /// others use too.
    ///
    /// # Errors
    /// What became of it, as far as is known.
    pub(super) async fn ask(
        self: &Arc<Self>,
        commands: Pipeline,
        waits: bool,
        deadline: Instant,
    ) -> Result<Vec<Value>, Failure> {
        let link = match timeout_at(deadline, self.link(waits)).await {
            Ok(Ok(link)) => link,
            Ok(Err(fault)) if !fault.transient => return Err(Failure::Refused(fault)),
            Ok(Err(fault)) => return Err(Failure::NotDone(fault)),
            Err(_) => return Err(Failure::NotDone(late(&self.address))),
        };
        let answer = match timeout_at(deadline, link.ask(commands)).await {
            Ok(answer) => answer.map_err(|error| failure::of(error, &self.address)),
            Err(_) => Err(Failure::Unknown(late(&self.address))),
        };
        if matches!(answer, Err(Failure::Unknown(_))) {
            self.lane(waits).discard(&link);
        }
        answer
    }
}

fn late(address: &Address) -> Fault {
    let detail = format!("Redis at {address} did not answer in time");
    Fault::transient("tickets", detail).with(Trouble::Unreachable)
}
