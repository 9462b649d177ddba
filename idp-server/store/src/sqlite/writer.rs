//! The one writer of a database, and its group commit.
//!
//! A commit is as fast as the disk's flush, so all work that waits when the writer becomes free
//! is written in one transaction, flushed once, and only then answered. Batches are not isolated
//! by savepoints at first: a batch that conflicts at its first statement has written nothing. Only
//! when one conflicts later is the whole group rolled back and run again with a savepoint each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idp_core::base::fault::Fault;
use idp_core::store::records::CommitError;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};
use tokio::sync::{mpsc, oneshot};

use super::connection::run;
use super::fault;
use super::folder::DatabaseFile;
use crate::sql::engine::{EventRow, Prepared, Step};
use crate::sql::events;
use crate::sql::value::{Row, Statement};

/// Work that may wait; callers beyond it wait to hand theirs in.
const WAITING: usize = 1_024;
/// Pieces of work in one transaction.
const GROUP: usize = 256;

/// A piece of work, all of it or nothing.
#[derive(Debug)]
pub(super) enum Work {
    Commit(Prepared),
    Change(Vec<Statement>),
}

/// How a piece of work ended.
#[derive(Debug)]
enum Done {
    Committed,
    Changed(Vec<Vec<Row>>),
    Refused(CommitError),
}

type Reply = Result<Done, Fault>;

enum Message {
    Work(Work, oneshot::Sender<Reply>),
    Close(oneshot::Sender<()>),
}

/// Writes a page and changes nothing.
const PROBE: &str = "UPDATE schema_versions SET version = version";

/// The way to the writer.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    sender: mpsc::Sender<Message>,
    /// Whether the last group failed as a whole.
    failing: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the writer's task, which ends when every handle is gone or it is closed.
    pub(super) fn start(connection: SqliteConnection, file: DatabaseFile) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let failing = Arc::new(AtomicBool::new(false));
        let task = Task {
            connection,
            file,
            receiver,
            failing: Arc::clone(&failing),
        };
        tokio::spawn(task.run());
        Self { sender, failing }
    }

    /// Costs nothing while writes succeed; after one that failed, tries another.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        if !self.failing.load(Ordering::Relaxed) {
            return Ok(());
        }
        let probe = Statement::new(PROBE, Vec::new());
        self.change(vec![probe]).await.map(drop)
    }

    pub(super) async fn commit(&self, prepared: Prepared) -> Result<(), CommitError> {
        match self.submit(Work::Commit(prepared)).await? {
            Done::Committed => Ok(()),
            Done::Refused(error) => Err(error),
            Done::Changed(_) => Err(mixed_up().into()),
        }
    }

    pub(super) async fn change(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Fault> {
        match self.submit(Work::Change(statements)).await? {
            Done::Changed(rows) => Ok(rows),
            Done::Committed | Done::Refused(_) => Err(mixed_up()),
        }
    }

    /// Writes what waits, then closes the connection. Later work is refused.
    pub(super) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.sender.send(Message::Close(sender)).await.is_ok() {
            // The task answers, or is gone: closed either way.
            drop(receiver.await);
        }
    }

    async fn submit(&self, work: Work) -> Reply {
        let (sender, receiver) = oneshot::channel();
        let message = Message::Work(work, sender);
        self.sender
            .send(message)
            .await
            .map_err(|_| fault::closed())?;
        receiver.await.map_err(|_| fault::closed())?
    }
}

fn mixed_up() -> Fault {
    Fault::lasting("store", "the writer answered another kind of work")
}

struct Task {
    connection: SqliteConnection,
    file: DatabaseFile,
    receiver: mpsc::Receiver<Message>,
    failing: Arc<AtomicBool>,
}

/// Why a group was rolled back.
enum Rollback {
    /// A batch conflicted after it had written: run again with savepoints.
    Isolate,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Rollback {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Task {
    async fn run(mut self) {
        let mut messages = Vec::with_capacity(GROUP);
        while self.receiver.recv_many(&mut messages, GROUP).await > 0 {
            let mut group = Vec::with_capacity(messages.len());
            let mut close = None;
            for message in messages.drain(..) {
                match message {
                    Message::Work(work, reply) => group.push((work, reply)),
                    Message::Close(reply) => close = Some(reply),
                }
            }
            self.write(group).await;
            if let Some(reply) = close {
                self.receiver.close();
                // What SQLite could not write back now it writes at the next start, from its log.
                drop(self.connection.close().await);
                // Whoever asked may have gone.
                let _ = reply.send(());
                return;
            }
        }
    }

    async fn write(&mut self, group: Vec<(Work, oneshot::Sender<Reply>)>) {
        if group.is_empty() {
            return;
        }
        let (works, replies): (Vec<Work>, Vec<_>) = group.into_iter().unzip();
        let answers = match self.file.check_in_place() {
            Ok(()) => self.answers(&works).await,
            Err(fault) => all(&works, &fault),
        };
        // A fault of one piece of work among others is its own; one of all of them is the disk's.
        let failing = answers.iter().all(Result::is_err);
        self.failing.store(failing, Ordering::Relaxed);
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Whoever asked may have gone; the work is done all the same.
            drop(reply.send(answer));
        }
    }

    async fn answers(&mut self, works: &[Work]) -> Vec<Reply> {
        match self.transaction(works).await {
            Ok(done) => done.into_iter().map(Ok).collect(),
            Err(error) if works.len() == 1 || fault::concerns_all(&error) => {
                all(works, &fault::of(&error))
            }
            // One piece of work is at fault; the others must not suffer for it.
            Err(_) => {
                let mut answers = Vec::with_capacity(works.len());
                for work in works {
                    let done = self.transaction(std::slice::from_ref(work)).await;
                    let done = done.map_err(|e| fault::of(&e));
                    answers.push(done.and_then(|d| d.into_iter().next().ok_or_else(mixed_up)));
                }
                answers
            }
        }
    }

    /// Writes the group in one transaction: without savepoints first, then with.
    async fn transaction(&mut self, works: &[Work]) -> Result<Vec<Done>, sqlx::Error> {
        match self.attempt(works, false).await {
            Ok(done) => Ok(done),
            Err(Rollback::Isolate) => {
                self.connection.execute("ROLLBACK").await?;
                match self.attempt(works, true).await {
                    Ok(done) => Ok(done),
                    Err(rollback) => Err(self.roll_back(rollback).await),
                }
            }
            Err(rollback) => Err(self.roll_back(rollback).await),
        }
    }

    async fn roll_back(&mut self, rollback: Rollback) -> sqlx::Error {
        // SQLite rolls back by itself when the disk is full; then there is nothing left to do.
        drop(self.connection.execute("ROLLBACK").await);
        match rollback {
            Rollback::Database(error) => error,
            Rollback::Isolate => sqlx::Error::Protocol("a savepoint did not isolate".to_owned()),
        }
    }

    async fn attempt(&mut self, works: &[Work], isolated: bool) -> Result<Vec<Done>, Rollback> {
        self.connection.execute("BEGIN IMMEDIATE").await?;
        let mut done = Vec::with_capacity(works.len());
        let mut events: Vec<&EventRow> = Vec::new();
        for work in works {
            done.push(match work {
                Work::Change(statements) => Done::Changed(self.change(statements).await?),
                Work::Commit(prepared) => {
                    let refused = if isolated && prepared.steps.len() > 1 {
                        self.isolated_steps(&prepared.steps).await?
                    } else {
                        self.steps(&prepared.steps).await?
                    };
                    if refused.is_none() {
                        events.extend(&prepared.events);
                    }
                    refused.map_or(Done::Committed, Done::Refused)
                }
            });
        }
        for statement in events::append(events.into_iter()) {
            run(&mut self.connection, &statement).await?;
        }
        self.connection.execute("COMMIT").await?;
        Ok(done)
    }

    async fn change(&mut self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, sqlx::Error> {
        let mut rows = Vec::with_capacity(statements.len());
        for statement in statements {
            rows.push(run(&mut self.connection, statement).await?.rows);
        }
        Ok(rows)
    }

    /// Runs the steps of a batch; a conflict at the first leaves nothing to undo.
    async fn steps(&mut self, steps: &[Step]) -> Result<Option<CommitError>, Rollback> {
        for (place, step) in steps.iter().enumerate() {
            match self.conflict(step).await? {
                Some(error) if place == 0 => return Ok(Some(error)),
                Some(_) => return Err(Rollback::Isolate),
                None => {}
            }
        }
        Ok(None)
    }

    /// Runs the steps of a batch inside a savepoint, so that a conflict undoes this batch alone.
    async fn isolated_steps(&mut self, steps: &[Step]) -> Result<Option<CommitError>, sqlx::Error> {
        self.connection.execute("SAVEPOINT batch").await?;
        let mut refused = None;
        for step in steps {
            refused = self.conflict(step).await?;
            if refused.is_some() {
                self.connection.execute("ROLLBACK TO batch").await?;
                break;
            }
        }
        self.connection.execute("RELEASE batch").await?;
        Ok(refused)
    }

    async fn conflict(&mut self, step: &Step) -> Result<Option<CommitError>, sqlx::Error> {
        let answer = run(&mut self.connection, &step.statement).await?;
        Ok(step.otherwise.clone().filter(|_| answer.affected == 0))
    }
}

/// The same fault for everybody in the group.
fn all(works: &[Work], fault: &Fault) -> Vec<Reply> {
    works.iter().map(|_| Err(fault.clone())).collect()
}
