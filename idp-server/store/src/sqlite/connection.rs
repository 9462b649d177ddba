//! Connections: how they are set, and how a statement runs on one.

use std::borrow::Cow;
use std::time::Duration;

use idp_core::base::fault::Fault;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteQueryResult,
    SqliteSynchronous, SqliteValueRef,
};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Decode, Sqlite, TypeInfo, ValueRef};

use super::fault;
use super::folder::DatabaseFile;
use crate::sql::answer::Answer;
use crate::sql::value::{Statement, Value};

/// How long a statement waits for another program's lock.
const BUSY: Duration = Duration::from_secs(5);

/// Page cache of one connection in KiB. Small on purpose: the operating system caches the file,
/// and the whole server is to stay within 40 MiB.
const CACHE_KIB: i32 = 2_048;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Writes what must survive a power failure: a commit waits for the disk.
    DurableWriter,
    /// Writes what may be lost by a power failure, but never leaves the file damaged.
    LossyWriter,
    /// Reads.
    Reader,
}

pub(super) async fn connect(file: &DatabaseFile, role: Role) -> Result<SqliteConnection, Fault> {
    let options = SqliteConnectOptions::new()
        .filename(&file.path)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .statement_cache_capacity(128)
        .pragma("cache_size", format!("-{CACHE_KIB}"))
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let options = match role {
        Role::Reader => options.read_only(true).pragma("query_only", "ON"),
        Role::DurableWriter => writing(options, SqliteSynchronous::Full),
        Role::LossyWriter => writing(options, SqliteSynchronous::Normal),
    };
    options.connect().await.map_err(|e| fault::of(&e))
}

fn writing(options: SqliteConnectOptions, synchronous: SqliteSynchronous) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // The log is cut back to this size once it was written into the database.
        .pragma("journal_size_limit", "16777216")
}

/// Runs a statement: one message to the connection's thread, whatever it answers.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    statement: &Statement,
) -> Result<Answer, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in &statement.values {
        let added = match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Int(number) => arguments.add(*number),
            Value::Text(text) => arguments.add(text.as_str()),
            Value::Bytes(bytes) => arguments.add(bytes.as_slice()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    let query = match &statement.text {
        Cow::Borrowed(text) => sqlx::query_with(*text, arguments),
        // Put together from fixed texts by `sql::search`; values are always bound.
        Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text.as_str()), arguments),
    };
    #[expect(
        deprecated,
        reason = "one statement; `execute` would drop rows, `fetch` counts"
    )]
    let sent = query.fetch_many(connection);
    Answer::gather::<Sqlite>(sent, SqliteQueryResult::rows_affected, value).await
}

fn value(raw: SqliteValueRef<'_>) -> Result<Value, BoxDynError> {
    let kind = raw.type_info().into_owned();
    Ok(match kind.name() {
        "INTEGER" => Value::Int(Decode::<Sqlite>::decode(raw)?),
        "TEXT" => Value::Text(Decode::<Sqlite>::decode(raw)?),
        _ => Value::Bytes(Decode::<Sqlite>::decode(raw)?),
    })
}
