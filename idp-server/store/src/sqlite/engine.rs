//! The engine behind the records, and what only the embedded store can do.

use std::sync::Arc;

use idp_core::base::fault::Fault;
use idp_core::store::records::CommitError;

use super::SqliteRecords;
use super::folder::Folder;
use super::readers::Readers;
use super::writer::Writer;
use crate::sql::dialect::{Dialect, SQLITE};
use crate::sql::engine::{Engine, Prepared};
use crate::sql::value::{Row, Statement};

/// One database file: its writer and its readers.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
}

impl Database {
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// An open data folder. Clones share it.
#[derive(Clone, Debug)]
pub struct SqliteEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    records: Database,
    tickets: Database,
    // Dropped last, so that nobody else is let in before.
    folder: Arc<Folder>,
}

impl SqliteEngine {
    pub(super) fn new(folder: Arc<Folder>, records: Database, tickets: Database) -> Self {
        Self {
            inner: Arc::new(Inner {
                records,
                tickets,
                folder,
            }),
        }
    }

    /// The database that keeps tickets of this durability.
    pub(super) fn tickets(&self, durable: bool) -> &Database {
        if durable {
            &self.inner.records
        } else {
            &self.inner.tickets
        }
    }

    async fn close(&self) {
        self.inner.tickets.close().await;
        self.inner.records.close().await;
        self.inner.folder.release();
    }
}

impl Engine for SqliteEngine {
    const DIALECT: Dialect = SQLITE;

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, Fault> {
        self.inner.records.readers.read(statement).await
    }

    async fn change(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Fault> {
        self.inner.records.writer.change(statements).await
    }

    async fn commit(&self, prepared: Prepared) -> Result<(), CommitError> {
        self.inner.records.writer.commit(prepared).await
    }

    /// A full disk is told until there is space again.
    async fn check_writes(&self) -> Result<(), Fault> {
        for database in [&self.inner.records, &self.inner.tickets] {
            database.writer.check().await?;
        }
        Ok(())
    }
}

impl SqliteRecords {
    /// Writes what waits, closes both databases and lets other processes in. Every later call on
    /// these records and their tickets is a fault.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// Reads every page of both databases and compares tables with their indexes; for
    /// `idp doctor`. Costs about a second for each 200 MiB, beside the running server.
    ///
    /// # Errors
    /// A lasting fault when a file is damaged.
    pub async fn check(&self) -> Result<(), Fault> {
        for database in [&self.engine.inner.records, &self.engine.inner.tickets] {
            let statement = Statement::new("PRAGMA quick_check(1)", Vec::new());
            let rows = database.readers.read(statement).await?;
            if rows.first().map(|row| row.text(0)).transpose()? != Some("ok") {
                let what = "a database file is damaged: restore it from a backup";
                return Err(Fault::lasting("store", what));
            }
        }
        Ok(())
    }
}
