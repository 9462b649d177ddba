//! One try to do a piece of work on one connection.

use std::borrow::Cow;
use std::future::Future;

use idp_core::base::fault::Fault;
use idp_core::store::records::CommitError;
use sqlx::Executor;
use sqlx::postgres::{PgArguments, PgConnection};
use tokio::time::{Duration, timeout};

use super::changes::tell;
use super::combine::Combined;
use super::connection::{bind, run, run_bound};
use super::events;
use super::fault::{self, Fate};
use crate::sql::answer::Answer;
use crate::sql::engine::{EventRow, Prepared, Step};
use crate::sql::value::{Row, Statement};

/// A piece of work, all of it or nothing.
#[derive(Debug)]
pub(super) enum Work {
    /// Reads, and may always be repeated.
    Read(Statement),
    /// Statements that write and answer rows.
    Change(Vec<Statement>),
    /// A batch.
    Commit(Prepared),
    /// Events alone.
    Append(Vec<EventRow>),
}

/// How a piece of work ended.
#[derive(Debug)]
pub(super) enum Done {
    Rows(Vec<Vec<Row>>),
    Committed,
    Refused(CommitError),
}

/// Why a try failed.
pub(super) enum Failure {
    Database(sqlx::Error),
    /// This side stopped waiting.
    TimedOut,
}

impl Failure {
    pub(super) fn fate(&self) -> Fate {
        match self {
            Self::Database(error) => fault::fate(error),
            Self::TimedOut => Fate::Lost,
        }
    }

    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Database(error) => fault::of(error),
            Self::TimedOut => fault::timed_out(),
        }
    }
}

/// A try.
pub(super) struct Attempt<'c> {
    connection: &'c mut PgConnection,
    limit: Duration,
    /// Inside a transaction that must be ended before the connection is given back.
    open: bool,
    /// What would commit has been sent: if the connection is lost now, the work may be done.
    deciding: bool,
}

impl<'c> Attempt<'c> {
    /// `limit` bounds each answer.
    pub(super) fn new(connection: &'c mut PgConnection, limit: Duration) -> Self {
        Self {
            connection,
            limit,
            open: false,
            deciding: false,
        }
    }

    /// Whether the same work may be done again after this failure without being done twice.
    pub(super) fn may_repeat(&self, failure: &Failure) -> bool {
        match failure.fate() {
            Fate::Undone => true,
            Fate::Lost => !self.deciding && matches!(failure, Failure::Database(_)),
            Fate::Failed => false,
        }
    }

    /// Ends what is open; false when the connection is of no use any more.
    pub(super) async fn roll_back(&mut self) -> bool {
        if !self.open {
            return true;
        }
        let ended = timeout(self.limit, self.connection.execute("ROLLBACK")).await;
        ended.is_ok_and(|done| done.is_ok())
    }

    pub(super) async fn perform(&mut self, work: &Work) -> Result<Done, Failure> {
        match work {
            Work::Read(statement) => {
                let answer = self.statement(statement).await?;
                Ok(Done::Rows(vec![answer.rows]))
            }
            Work::Change(statements) => self.change(statements).await,
            Work::Append(rows) => {
                self.deciding = true;
                self.append(rows).await?;
                Ok(Done::Committed)
            }
            Work::Commit(prepared) => self.commit(prepared).await,
        }
    }

    async fn change(&mut self, statements: &[Statement]) -> Result<Done, Failure> {
        if let [only] = statements {
            self.deciding = true;
            let answer = self.statement(only).await?;
            return Ok(Done::Rows(vec![answer.rows]));
        }
        self.begin().await?;
        let mut rows = Vec::with_capacity(statements.len());
        for statement in statements {
            rows.push(self.statement(statement).await?.rows);
        }
        self.end().await?;
        Ok(Done::Rows(rows))
    }

    async fn commit(&mut self, prepared: &Prepared) -> Result<Done, Failure> {
        if let [only] = prepared.steps.as_slice()
            && let Some(otherwise) = &only.otherwise
            && prepared.changed.is_empty()
        {
            self.deciding = true;
            let written = self.single(&only.statement, &prepared.events).await?;
            return Ok(if written {
                Done::Committed
            } else {
                Done::Refused(otherwise.clone())
            });
        }
        self.begin().await?;
        for step in &prepared.steps {
            if let Some(refused) = self.step(step).await? {
                self.finish("ROLLBACK").await?;
                return Ok(Done::Refused(refused));
            }
        }
        if !prepared.events.is_empty() {
            self.append(&prepared.events).await?;
        }
        for what in &prepared.changed {
            self.statement(&tell(*what)).await?;
        }
        self.end().await?;
        Ok(Done::Committed)
    }

    /// One step with its events: one statement, which is a transaction by itself. Answers whether
    /// the step touched a row; when not, nothing is written.
    async fn single(&mut self, step: &Statement, rows: &[EventRow]) -> Result<bool, Failure> {
        let mut combined = Combined::default();
        combined.add(&format!("{} RETURNING 1", step.text), &step.values);
        let mut arguments = PgArguments::default();
        bind(&mut arguments, &combined.values).map_err(Failure::Database)?;
        if !rows.is_empty() {
            combined.text.push_str(", appended AS (");
            combined.push(events::APPEND, combined.values.len());
            combined.text.push_str(" WHERE EXISTS (SELECT 1 FROM p0))");
            events::bind(&mut arguments, rows).map_err(Failure::Database)?;
        }
        combined.text.push_str(" SELECT COUNT(*) FROM p0");
        let text = Cow::Owned(combined.text);
        let answer = self.within(|c| run_bound(c, text, arguments)).await?;
        Ok(answer
            .rows
            .first()
            .is_some_and(|row| row.int(0).is_ok_and(|count| count > 0)))
    }

    async fn step(&mut self, step: &Step) -> Result<Option<CommitError>, Failure> {
        let answer = self.statement(&step.statement).await?;
        Ok(step.otherwise.clone().filter(|_| answer.affected == 0))
    }

    async fn append(&mut self, rows: &[EventRow]) -> Result<(), Failure> {
        let mut arguments = PgArguments::default();
        events::bind(&mut arguments, rows).map_err(Failure::Database)?;
        let text = Cow::Borrowed(events::APPEND);
        self.within(|c| run_bound(c, text, arguments)).await?;
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.open = true;
        self.within(|c| c.execute("BEGIN")).await?;
        Ok(())
    }

    async fn end(&mut self) -> Result<(), Failure> {
        self.deciding = true;
        self.finish("COMMIT").await
    }

    async fn finish(&mut self, word: &'static str) -> Result<(), Failure> {
        self.within(|c| c.execute(word)).await?;
        self.open = false;
        Ok(())
    }

    async fn statement(&mut self, statement: &Statement) -> Result<Answer, Failure> {
        self.within(|c| run(c, statement)).await
    }

    /// Waits for one answer, a second longer than the server lets it take.
    async fn within<'a, T, F>(
        &'a mut self,
        ask: impl FnOnce(&'a mut PgConnection) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        match timeout(self.limit, ask(self.connection)).await {
            Ok(answer) => answer.map_err(Failure::Database),
            Err(_) => Err(Failure::TimedOut),
        }
    }
}
