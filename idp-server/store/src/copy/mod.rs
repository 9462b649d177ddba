//! Moves an embedded store into PostgreSQL: every row of every table, verified on arrival.
//!
//! One transaction fills the target, compares it with the source and ends; a copy that is cut off
//! leaves the target as empty as it was. The catalogue of the target says which tables, columns
//! and keys there are, so no table can be forgotten.

mod catalogue;
mod rows;

use std::future::Future;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::postgres::{self, PostgresOptions};
use crate::sql::engine::Engine;
use crate::sql::value::{Row, Statement, Value};
use crate::sqlite::SqliteRecords;
use catalogue::Table;

/// Rows that are read at once.
const PAGE: usize = 5_000;

/// How long one answer of the target may take, whatever the server does: its own limits are off for
/// the copy, and a server that is frozen or gone says nothing.
const PATIENCE: Duration = Duration::from_secs(120);

/// A table that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// A digest over all of them in the order of their key, the same on both sides.
    pub digest: Digest,
}

/// Copies all that lasts from an embedded store into an empty database, and tells of each table
/// as it arrives. Short-lived tickets that may be lost stay behind: people begin again.
///
/// The folder of the source is held exclusively meanwhile, so no server can run on it. The schema
/// of the target is made when it is missing. Does not change the source.
///
/// # Errors
/// A fault when the target cannot be opened or is not empty, when a row does not arrive as it
/// was, or when either side fails. Nothing is left in the target then but its schema.
pub async fn copy(
    from: &SqliteRecords,
    to: &PostgresOptions,
    mut arrived: impl FnMut(&Copied),
) -> Result<Vec<Copied>, Fault> {
    let (target, _) = postgres::open(to).await?;
    let mut connection = target.connect_for_copy().await?;
    target.close().await;
    for setting in [
        "SET statement_timeout = 0",
        "SET idle_in_transaction_session_timeout = 0",
        "BEGIN",
    ] {
        in_time(connection.execute(setting)).await?;
    }
    let tables = catalogue::read(&mut connection).await?;
    catalogue::lock_empty(&mut connection, &tables).await?;
    let mut copied = Vec::with_capacity(tables.len());
    for table in &tables {
        let one = copy_table(from, &mut connection, table).await?;
        arrived(&one);
        copied.push(one);
    }
    in_time(postgres::place_events(&mut connection)).await?;
    in_time(connection.execute("COMMIT")).await?;
    // Only statistics: the server gathers them by itself if this is cut off.
    drop(in_time(connection.execute("ANALYZE")).await);
    drop(tokio::time::timeout(Duration::from_secs(1), connection.close()).await);
    Ok(copied)
}

async fn copy_table(
    from: &SqliteRecords,
    connection: &mut PgConnection,
    table: &Table,
) -> Result<Copied, Fault> {
    let mut sent = Running::default();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let page = from.engine.read(table.page(after.as_deref(), PAGE)).await?;
        if page.is_empty() {
            break;
        }
        let text = rows::encode(table, &page)?;
        let copying = async {
            let mut copying = connection.copy_in_raw(&table.copy_text()).await?;
            copying.send(text).await?;
            copying.finish().await
        };
        in_time(copying).await?;
        sent.add(&page);
        after = page.last().map(|row| table.key_of(row));
    }
    let arrived = read_back(connection, table).await?;
    if arrived != sent {
        return Err(Fault::lasting(
            "store",
            format!(
                "the rows of {} did not arrive as they were ({} sent, {} arrived); the target is \
                 left empty",
                table.name, sent.rows, arrived.rows
            ),
        ));
    }
    Ok(Copied {
        table: table.name.clone(),
        rows: sent.rows,
        digest: sent.digest(),
    })
}

async fn read_back(connection: &mut PgConnection, table: &Table) -> Result<Running, Fault> {
    let mut arrived = Running::default();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let statement = table.page(after.as_deref(), PAGE);
        let page = query(connection, &statement).await?;
        if page.is_empty() {
            return Ok(arrived);
        }
        arrived.add(&page);
        after = page.last().map(|row| table.key_of(row));
    }
}

async fn query(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<Row>, Fault> {
    let answer = in_time(postgres::run(connection, statement)).await;
    answer.map(|answer| answer.rows)
}

async fn in_time<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|e| postgres::fault_of(&e)),
        Err(_) => Err(Fault::transient(
            "store",
            "the target stopped answering: nothing is in it unless its last answer was lost; empty \
             it before you move the data again",
        )),
    }
}

/// Runs a text that was put together from the catalogue's names.
async fn execute(connection: &mut PgConnection, text: String) -> Result<(), Fault> {
    in_time(connection.execute(AssertSqlSafe(text)))
        .await
        .map(drop)
}

/// The digest of the pages so far: each page is hashed with the digest before it.
#[derive(Debug, Default, PartialEq)]
struct Running {
    rows: u64,
    digest: Option<Digest>,
}

impl Running {
    fn add(&mut self, page: &[Row]) {
        let mut bytes = self.digest().as_bytes().to_vec();
        for row in page {
            rows::append_canonical(&mut bytes, row);
        }
        self.digest = Some(Digest::of(&bytes));
        self.rows += page.len() as u64;
    }

    fn digest(&self) -> Digest {
        self.digest.unwrap_or_else(|| Digest::of(b""))
    }
}
