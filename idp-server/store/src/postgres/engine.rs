//! The engine behind the records: lends a connection, tries, and repeats what is safe to repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idp_core::base::fault::{Fault, Trouble};
use idp_core::store::records::CommitError;

use super::events::{self, Lanes};
use super::fault::{self, Fate};
use super::pool::{Pool, READ_ONLY, Turn};
use super::schema::PLACE;
use super::transaction::{Attempt, Done, Work};
use crate::sql::dialect::{Dialect, POSTGRES};
use crate::sql::engine::{Engine, Prepared};
use crate::sql::value::{Row, Statement};

/// Needs a few hundred KiB of the server's disk for a moment, and leaves nothing there: less memory
/// than the sorting takes, so that it goes on in a temporary file.
const NEEDS_ROOM: [&str; 2] = [
    "SELECT set_config('work_mem', '64kB', true)",
    "SELECT MAX(place) FROM (SELECT ROW_NUMBER() OVER (ORDER BY MD5(n::text)) AS place \
     FROM generate_series(1, 10000) AS n) AS numbered",
];

/// Tries for one piece of work.
const TRIES: u32 = 5;
/// Beyond the server's own time limit, so that its answer is heard when it has one.
const GRACE: Duration = Duration::from_secs(1);

/// What does the work.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) pool: Pool,
    /// Whether the server had no room for a write, the last time that one was known to need some.
    is_full: Arc<AtomicBool>,
}

impl Core {
    /// Does a piece of work. What the server undid (deadlock, serialization) is tried again; what
    /// was under way when the connection was lost only as long as nothing had been sent that
    /// would commit it.
    pub(super) async fn perform(&self, work: &Work, turn: Turn) -> Result<Done, Fault> {
        let limit = self.pool.limits().statement + GRACE;
        let mut tries = 1;
        loop {
            let mut lent = self.pool.lend(&turn).await?;
            let mut attempt = Attempt::new(&mut lent.connection, limit);
            let failure = match attempt.perform(work).await {
                Ok(done) => {
                    lent.give_back();
                    return Ok(done);
                }
                Err(failure) => failure,
            };
            let again = tries < TRIES && attempt.may_repeat(&failure);
            if failure.fate() == Fate::Lost {
                self.pool.suspect();
            } else if attempt.roll_back().await {
                lent.give_back();
            }
            if !again {
                let fault = failure.fault();
                if fault.trouble == Trouble::Full {
                    self.is_full.store(true, Ordering::Relaxed);
                }
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(1 << tries)).await;
            tries += 1;
        }
    }
}

/// A database of a PostgreSQL server. Clones share it.
#[derive(Clone, Debug)]
pub struct PostgresEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    core: Core,
    lanes: Lanes,
}

impl PostgresEngine {
    pub(super) fn new(pool: Pool) -> Self {
        let is_full = Arc::default();
        let core = Core { pool, is_full };
        let lanes = Lanes::start(&core);
        Self {
            inner: Arc::new(Inner { core, lanes }),
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.inner.core.pool
    }

    /// Does a piece of work to its end even when the caller is gone: a caller that goes away
    /// would otherwise cost a connection, and anybody may go away. Only work whose turn has come
    /// is done so, hence never more than there are connections.
    pub(super) async fn submit(&self, work: Work) -> Result<Done, Fault> {
        let core = self.inner.core.clone();
        let turn = core.pool.admit().await?;
        let task = tokio::spawn(async move { core.perform(&work, turn).await });
        task.await.map_err(|_| fault::closed())?
    }

    async fn rows(&self, work: Work) -> Result<Vec<Vec<Row>>, Fault> {
        match self.submit(work).await? {
            Done::Rows(rows) => Ok(rows),
            Done::Committed | Done::Refused(_) => Err(mixed_up()),
        }
    }
}

fn mixed_up() -> Fault {
    Fault::lasting("store", "the database answered another kind of work")
}

impl Engine for PostgresEngine {
    const DIALECT: Dialect = POSTGRES;

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, Fault> {
        let rows = self.rows(Work::Read(statement)).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    async fn change(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Fault> {
        self.rows(Work::Change(statements)).await
    }

    async fn commit(&self, prepared: Prepared) -> Result<(), CommitError> {
        if prepared.events.len() > events::MOST {
            let most = events::MOST;
            let why = format!("a batch holds more than {most} events");
            return Err(Fault::lasting("store", why).into());
        }
        if prepared.steps.is_empty() {
            return Ok(self.inner.lanes.append(prepared.events).await?);
        }
        match self.submit(Work::Commit(prepared)).await? {
            Done::Committed => Ok(()),
            Done::Refused(error) => Err(error),
            Done::Rows(_) => Err(mixed_up().into()),
        }
    }

    /// Whether the server takes writes, by its own word; and whether it has room again, after a
    /// write that found none.
    async fn check_writes(&self) -> Result<(), Fault> {
        let rows = self.read(Statement::new(READ_ONLY, Vec::new())).await?;
        if rows.first().map(|row| row.int(0)).transpose()? != Some(0) {
            self.pool().suspect();
            return Err(fault::read_only());
        }
        let is_full = &self.inner.core.is_full;
        if is_full.load(Ordering::Relaxed) {
            let needing = NEEDS_ROOM.map(|text| Statement::new(text, Vec::new()));
            self.change(needing.into()).await?;
            is_full.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Keeps the places of coming events above all that are there: a database may be restored while
    /// its nodes run.
    async fn tend(&self) -> Result<(), Fault> {
        let place = Statement::new(PLACE, Vec::new());
        self.change(vec![place]).await.map(drop)
    }
}
