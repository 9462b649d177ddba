//! Word between the nodes, with PostgreSQL as the messenger.
//!
//! A commit that changes what nodes may hold in memory counts the change and sends a `NOTIFY` in
//! its own transaction, so that the word is out exactly when the change is. The counts are read
//! each second besides: they find what a lost or deaf connection did not bring.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::store::changes::{Changed, Changes, Listener};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::PostgresRecords;
use super::engine::PostgresEngine;
use super::transaction::Work;
use crate::sql::engine::Engine;
use crate::sql::value::{Statement, values};

/// Counts a change and tells it. At commit all that tell wait for each other (PostgreSQL keeps
/// one queue), so only what is changed rarely is told so.
const TELL: &str = "INSERT INTO change_counts (name, count) VALUES ($1, 1) \
     ON CONFLICT (name) DO UPDATE SET count = change_counts.count + 1 \
     RETURNING pg_notify('idp_changes', name || ' ' || count)";
const CHANNEL: &str = "idp_changes";
const COUNTS: &str = "SELECT name, count FROM change_counts";

/// How often the counts are read.
const EACH: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(200);
/// Words that wait to be heard.
const WAITING: usize = 64;

/// The statement that tells `what`.
pub(super) fn tell(what: Changed) -> Statement {
    Statement::new(TELL, values![what.name()])
}

/// Tells the nodes on one database, and hears them. Commits tell by themselves; only what changes
/// outside Records needs [`Changes::announce`].
#[derive(Clone, Debug)]
pub struct PostgresChanges {
    engine: PostgresEngine,
}

impl PostgresRecords {
    /// What other nodes change. Each listener holds one connection beside the pool's.
    pub fn changes(&self) -> PostgresChanges {
        PostgresChanges {
            engine: self.engine.clone(),
        }
    }
}

#[async_trait]
impl Changes for PostgresChanges {
    async fn announce(&self, what: Changed) -> Result<(), Fault> {
        let work = Work::Change(vec![tell(what)]);
        self.engine.submit(work).await.map(drop)
    }

    fn listen(&self) -> Box<dyn Listener> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let ear = Ear {
            engine: self.engine.clone(),
            counts: BTreeMap::new(),
            sender,
        };
        tokio::spawn(ear.run());
        Box::new(Heard { receiver })
    }
}

struct Heard {
    receiver: mpsc::Receiver<Changed>,
}

#[async_trait]
impl Listener for Heard {
    async fn heard(&mut self) -> Changed {
        match self.receiver.recv().await {
            Some(word) => word,
            // The runtime is ending; nobody changes anything for this node any more.
            None => std::future::pending().await,
        }
    }
}

/// Whoever listened has gone.
struct Gone;

/// The task behind a listener.
struct Ear {
    engine: PostgresEngine,
    /// What was counted as far as this node knows.
    counts: BTreeMap<String, i64>,
    sender: mpsc::Sender<Changed>,
}

impl Ear {
    async fn run(mut self) {
        while !self.sender.is_closed() && !self.engine.pool().is_closed() {
            if let Some(connection) = self.connect().await
                && let Err(Gone) = self.listen(connection).await
            {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connect(&mut self) -> Option<PgListener> {
        let pool = self.engine.pool();
        let limit = pool.limits().connect;
        let one = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(limit)
            .connect_lazy_with(pool.server()?.clone());
        let listening = async {
            let mut connection = PgListener::connect_with(&one).await?;
            connection.eager_reconnect(false);
            connection.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        let connection = timeout(2 * limit, listening).await.ok()?.ok()?;
        // Counted after listening, so that nothing falls between.
        self.counts.clear();
        self.differing().await.ok()?;
        Some(connection)
    }

    /// Passes words on until the connection is lost or deaf.
    async fn listen(&mut self, mut connection: PgListener) -> Result<(), Gone> {
        self.pass(Changed::Anything).await?;
        let mut each = interval(EACH);
        each.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                told = connection.try_recv() => match told {
                    Ok(Some(word)) => {
                        let word = self.count(word.payload());
                        self.pass(word).await?;
                    }
                    Ok(None) | Err(_) => return Ok(()),
                },
                _ = each.tick() => match self.differing().await {
                    Ok(unheard) if unheard.is_empty() => {}
                    Ok(unheard) => {
                        for word in unheard {
                            self.pass(word).await?;
                        }
                        return Ok(());
                    }
                    Err(_) => return Ok(()),
                },
                () = self.sender.closed() => return Err(Gone),
            }
        }
    }

    async fn pass(&self, word: Changed) -> Result<(), Gone> {
        self.sender.send(word).await.map_err(|_| Gone)
    }

    /// Takes note of a word and of what it was counted as.
    fn count(&mut self, payload: &str) -> Changed {
        let (name, count) = payload.split_once(' ').unwrap_or((payload, ""));
        let known = self.counts.entry(name.to_owned()).or_default();
        *known = count.parse().map_or(*known, |count| (*known).max(count));
        Changed::parse(name)
    }

    /// Reads the counts; answers what was counted and not heard.
    async fn differing(&mut self) -> Result<Vec<Changed>, Fault> {
        let rows = self.engine.read(Statement::new(COUNTS, Vec::new())).await?;
        let mut unheard = Vec::new();
        for row in rows {
            let (name, count) = (row.text(0)?, row.int(1)?);
            let known = self.counts.insert(name.to_owned(), count);
            if known.unwrap_or_default() < count {
                unheard.push(Changed::parse(name));
            }
        }
        Ok(unheard)
    }
}
