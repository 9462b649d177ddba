//! The connections of this node.
//!
//! Not sqlx's own pool, which sends each connection a ping when it comes back: a second round
//! trip for every statement. Here a connection is tried only after it rested, and all resting
//! ones are dropped as soon as one is found lost, so that a restarted server costs each node the
//! statements in flight and no more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idp_core::base::fault::Fault;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::address::Limits;
use super::connection::run;
use super::fault;
use crate::sql::value::Statement;

/// A connection that rested for longer is tried before it is used.
const RESTED: Duration = Duration::from_millis(500);
/// A connection that is older is replaced: the server's memory for it only grows.
const OLD: Duration = Duration::from_secs(1_800);

/// The connections. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: PgConnectOptions,
    limits: Limits,
    resting: Mutex<Vec<Resting>>,
    free: Arc<Semaphore>,
    /// Counts how often a connection was found lost.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Resting {
    connection: PgConnection,
    generation: u64,
    made: Instant,
    since: Instant,
}

/// A connection in use. Dropped without [`Lent::give_back`] it is closed, and the server undoes
/// what was under way.
pub(super) struct Lent {
    pub(super) connection: PgConnection,
    generation: u64,
    made: Instant,
    pool: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool without connections yet.
    pub(super) fn new(options: PgConnectOptions, limits: Limits, connections: u32) -> Self {
        let size = usize::try_from(connections.clamp(2, 200)).unwrap_or(2);
        Self {
            inner: Arc::new(Inner {
                options,
                limits,
                resting: Mutex::new(Vec::with_capacity(size)),
                free: Arc::new(Semaphore::new(size)),
                generation: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.inner.options
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.free.is_closed()
    }

    /// Lends a connection that answered lately, or makes one.
    pub(super) async fn lend(&self) -> Result<Lent, Fault> {
        let free = Arc::clone(&self.inner.free).acquire_owned();
        let permit = match timeout(self.inner.limits.acquire, free).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(fault::closed()),
            Err(_) => {
                return Err(Fault::transient(
                    "store",
                    "all connections to PostgreSQL are busy: it is slow, or this node needs more \
                     connections",
                ));
            }
        };
        while let Some(mut resting) = self.inner.take() {
            if resting.since.elapsed() > RESTED && !self.answers(&mut resting.connection).await {
                self.suspect();
                continue;
            }
            return Ok(Lent {
                connection: resting.connection,
                generation: resting.generation,
                made: resting.made,
                pool: Arc::clone(&self.inner),
                _permit: permit,
            });
        }
        let generation = self.inner.generation.load(Ordering::Acquire);
        Ok(Lent {
            connection: self.connect().await?,
            generation,
            made: Instant::now(),
            pool: Arc::clone(&self.inner),
            _permit: permit,
        })
    }

    /// Makes a connection that belongs to nobody: for migrations.
    pub(super) async fn connect(&self) -> Result<PgConnection, Fault> {
        let limit = self.inner.limits.connect;
        let connecting = timeout(limit, self.inner.options.connect());
        let mut connection = match connecting.await {
            Ok(made) => made.map_err(|e| unreachable(&self.inner.options, &e))?,
            Err(_) => return Err(Fault::transient("store", "PostgreSQL does not answer")),
        };
        let question = Statement::new(
            "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END",
            Vec::new(),
        );
        let answer = timeout(limit, run(&mut connection, &question)).await;
        let answer = answer.map_err(|_| fault::timed_out())?;
        let answer = answer.map_err(|e| fault::of(&e))?;
        match answer.rows.first().map(|row| row.int(0)).transpose()? {
            Some(0) => Ok(connection),
            _ => Err(Fault::transient("store", fault::STANDBY)),
        }
    }

    /// A connection was found lost: those that rest now are not used again.
    pub(super) fn suspect(&self) {
        self.inner.generation.fetch_add(1, Ordering::AcqRel);
        self.inner.resting().clear();
    }

    /// Lends nothing any more; connections in use are closed as they come back.
    pub(super) async fn close(&self) {
        self.inner.free.close();
        let resting = std::mem::take(&mut *self.inner.resting());
        for connection in resting {
            // Only a courtesy to the server, which notices a closed socket as well.
            drop(timeout(RESTED, connection.connection.close()).await);
        }
    }

    async fn answers(&self, connection: &mut PgConnection) -> bool {
        let answer = timeout(self.inner.limits.connect, connection.ping()).await;
        answer.is_ok_and(|ping| ping.is_ok())
    }
}

impl Inner {
    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, of those that may still be used.
    fn take(&self) -> Option<Resting> {
        let generation = self.generation.load(Ordering::Acquire);
        let mut resting = self.resting();
        while let Some(last) = resting.pop() {
            if last.generation == generation && last.made.elapsed() < OLD {
                return Some(last);
            }
        }
        None
    }
}

impl Lent {
    /// Gives the connection back for others; it must be outside a transaction.
    pub(super) fn give_back(self) {
        if self.pool.free.is_closed() {
            return;
        }
        self.pool.resting().push(Resting {
            connection: self.connection,
            generation: self.generation,
            made: self.made,
            since: Instant::now(),
        });
    }
}

/// Why no connection could be made, with the machine's name and nothing else of the address.
fn unreachable(options: &PgConnectOptions, error: &sqlx::Error) -> Fault {
    let sqlx::Error::Io(why) = error else {
        return fault::of(error);
    };
    let (host, port) = (options.get_host(), options.get_port());
    let place = options.get_socket().map_or_else(
        || format!("{host}:{port}"),
        |folder| format!("{} (port {port})", folder.display()),
    );
    Fault::transient(
        "store",
        format!("PostgreSQL at {place} cannot be reached: {}", why.kind()),
    )
}
