//! Word between nodes by Redis publish.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use idp_core::base::fault::Fault;
use idp_core::store::changes::{Changed, Changes, Listener};
use redis::aio::{PubSubSink, PubSubStream};

use super::calls::Calls;
use super::link::subscribe;
use super::settings::Address;

/// How often a silent connection is tried, and how long it may take to answer.
const BEAT: Duration = Duration::from_secs(1);

/// Between two attempts to connect.
const BETWEEN: Duration = Duration::from_millis(250);

/// Tells and hears through the servers that hold the tickets.
///
/// Redis keeps no word for those who are not connected; whoever connects again is told
/// [`Changed::Anything`].
#[derive(Clone, Debug)]
pub struct RedisChanges {
    calls: Arc<Calls>,
}

impl RedisChanges {
    pub(super) const fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }
}

fn channel(calls: &Calls) -> String {
    format!("{}changes", calls.prefix)
}

#[async_trait]
impl Changes for RedisChanges {
    async fn announce(&self, what: Changed) -> Result<(), Fault> {
        let mut command = redis::pipe();
        command
            .cmd("PUBLISH")
            .arg(channel(&self.calls))
            .arg(what.name());
        let deadline = self.calls.deadline();
        let told = async {
            let map = self.calls.topology.current().await?;
            let mut trouble = Fault::transient("changes", "Redis has no master");
            // Any master will do: a cluster passes words on among its nodes. A word said twice
            // does no harm.
            for node in &map.masters {
                match node.ask(command.clone(), false, deadline).await {
                    Ok(_) => return Ok(()),
                    Err(failure) => trouble = failure.fault(),
                }
            }
            Err(trouble)
        };
        let told = tokio::time::timeout_at(deadline, told).await;
        let told = told.unwrap_or_else(|_| {
            Err(Fault::transient(
                "changes",
                "Redis did not take a word in time",
            ))
        });
        if told.is_err() {
            self.calls.find_again();
        }
        told
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(RedisListener {
            calls: Arc::clone(&self.calls),
            heard: None,
        })
    }
}

struct RedisListener {
    calls: Arc<Calls>,
    heard: Option<Ear>,
}

struct Ear {
    address: Address,
    sink: PubSubSink,
    stream: PubSubStream,
}

impl RedisListener {
    /// Connects to the first master that lets it.
    async fn connect(&self) -> Option<Ear> {
        let map = self.calls.topology.find().await.ok()?;
        for node in &map.masters {
            let (address, way) = (&node.address, &self.calls.topology.way);
            if let Ok(connection) = subscribe(address, way, &channel(&self.calls)).await {
                let address = address.clone();
                let (sink, stream) = connection.split();
                return Some(Ear {
                    address,
                    sink,
                    stream,
                });
            }
        }
        None
    }

    /// Whether what it listens to is still a master, and answers.
    async fn is_sound(&self, mut ear: PubSubSink, address: &Address) -> bool {
        let map = self.calls.topology.current().await;
        let is_master = map.is_ok_and(|map| map.masters.iter().any(|m| m.address == *address));
        let answer = tokio::time::timeout(BEAT, ear.ping::<redis::Value>()).await;
        is_master && matches!(answer, Ok(Ok(_)))
    }
}

#[async_trait]
impl Listener for RedisListener {
    async fn heard(&mut self) -> Changed {
        loop {
            let Some(ear) = &mut self.heard else {
                self.heard = self.connect().await;
                if self.heard.is_some() {
                    return Changed::Anything;
                }
                tokio::time::sleep(BETWEEN).await;
                continue;
            };
            match tokio::time::timeout(BEAT, ear.stream.next()).await {
                Ok(Some(message)) => {
                    let word: String = message.get_payload().unwrap_or_default();
                    return Changed::parse(&word);
                }
                Ok(None) => self.heard = None,
                Err(_) => {
                    let (sink, address) = (ear.sink.clone(), ear.address.clone());
                    if !self.is_sound(sink, &address).await {
                        self.heard = None;
                    }
                }
            }
        }
    }
}
