//! The connections of this node.
//!
//! Not sqlx's own pool, which sends each connection a ping when it comes back: a second round
//! trip for every statement. Here a connection is tried only after it rested, and all resting
//! ones are dropped as soon as one is found lost, so that a restarted server costs each node the
//! statements in flight and no more.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idp_core::base::fault::{Fault, Trouble};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::address::Limits;
use super::connection::run;
use super::fault;
use super::schema::place_events;
use crate::sql::value::Statement;

/// A connection that rested for longer is tried before it is used.
const RESTED: Duration = Duration::from_millis(500);
/// A connection that is older is replaced: the server's memory for it only grows.
const OLD: Duration = Duration::from_secs(1_800);

/// Answers 1 when the server takes no writes on this connection.
pub(super) const READ_ONLY: &str = "SELECT CASE WHEN pg_is_in_recovery() \
     OR current_setting('transaction_read_only') = 'on' THEN 1 ELSE 0 END";

/// The connections. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The servers that the address names.
    servers: Vec<PgConnectOptions>,
    /// The one that took writes last.
    writable: AtomicUsize,
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
}

/// Leave to use one connection at a time, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool without connections yet.
    pub(super) fn new(servers: Vec<PgConnectOptions>, limits: Limits, connections: u32) -> Self {
        let size = usize::try_from(connections.clamp(2, 200)).unwrap_or(2);
        Self {
            inner: Arc::new(Inner {
                servers,
                writable: AtomicUsize::new(0),
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

    /// How the server is reached that took writes last.
    pub(super) fn server(&self) -> Option<&PgConnectOptions> {
        let number = self.inner.writable.load(Ordering::Relaxed);
        self.inner.servers.get(number)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.free.is_closed()
    }

    /// Waits until one connection more may be used. Whoever goes away while waiting costs nothing.
    pub(super) async fn admit(&self) -> Result<Turn, Fault> {
        let free = Arc::clone(&self.inner.free).acquire_owned();
        match timeout(self.inner.limits.acquire, free).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            Ok(Err(_)) => Err(fault::closed()),
            Err(_) => Err(Fault::transient(
                "store",
                "all connections to PostgreSQL are busy: it is slow, or this node needs more \
                 connections",
            )
            .with(Trouble::Unreachable)),
        }
    }

    /// Lends a connection that answered lately, or makes one.
    pub(super) async fn lend(&self, _turn: &Turn) -> Result<Lent, Fault> {
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
            });
        }
        let generation = self.inner.generation.load(Ordering::Acquire);
        let mut connection = self.connect().await?;
        // The database behind a new connection may be another one than before: restored.
        let placed = timeout(self.inner.limits.connect, place_events(&mut connection)).await;
        placed
            .map_err(|_| fault::timed_out())?
            .map_err(|e| fault::of(&e))?;
        Ok(Lent {
            connection,
            generation,
            made: Instant::now(),
            pool: Arc::clone(&self.inner),
        })
    }

    /// Makes a connection that belongs to nobody, to the first server that takes writes: the one
    /// that did so last is asked first.
    pub(super) async fn connect(&self) -> Result<PgConnection, Fault> {
        let count = self.inner.servers.len();
        let first = self.inner.writable.load(Ordering::Relaxed);
        let mut trouble: Option<Fault> = None;
        for number in (first..first + count).map(|number| number % count) {
            let Some(server) = self.inner.servers.get(number) else {
                continue;
            };
            match self.connect_to(server).await {
                Ok(connection) => {
                    self.inner.writable.store(number, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(fault) => {
                    trouble = Some(match trouble {
                        Some(before) => both(&before, &fault),
                        None => fault,
                    });
                }
            }
        }
        Err(trouble.unwrap_or_else(fault::closed))
    }

    async fn connect_to(&self, server: &PgConnectOptions) -> Result<PgConnection, Fault> {
        let limit = self.inner.limits.connect;
        let mut connection = match timeout(limit, server.connect()).await {
            Ok(made) => made.map_err(|e| unreachable(server, &e))?,
            Err(_) => return Err(fault::timed_out()),
        };
        let question = Statement::new(READ_ONLY, Vec::new());
        let answer = timeout(limit, run(&mut connection, &question)).await;
        let answer = answer.map_err(|_| fault::timed_out())?;
        let answer = answer.map_err(|e| fault::of(&e))?;
        match answer.rows.first().map(|row| row.int(0)).transpose()? {
            Some(0) => Ok(connection),
            _ => Err(fault::read_only()),
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
    let why = match error {
        sqlx::Error::Io(why) if why.kind() != ErrorKind::InvalidData => why,
        other => return fault::of(other),
    };
    let (host, port) = (options.get_host(), options.get_port());
    let place = options.get_socket().map_or_else(
        || format!("{host}:{port}"),
        |folder| format!("{} (port {port})", folder.display()),
    );
    let why = format!("PostgreSQL at {place} cannot be reached: {}", why.kind());
    Fault::transient("store", why).with(Trouble::Unreachable)
}

/// Why none of several servers can be used. It may pass when it may with one of them, and is of the
/// kind that says most: a server that answers says more than one that does not.
fn both(before: &Fault, fault: &Fault) -> Fault {
    let trouble = match before.trouble {
        Trouble::Unreachable => fault.trouble,
        known => known,
    };
    Fault {
        detail: format!("{}; {}", before.detail, fault.detail),
        transient: before.transient || fault.transient,
        trouble,
        place: fault.place,
    }
}
