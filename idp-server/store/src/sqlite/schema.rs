//! Migrations: forward only, checked at each start.

use idp_core::base::fault::Fault;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::connection::run;
use super::fault;
use super::folder::DatabaseFile;
use crate::sql::dialect::SQLITE;
use crate::sql::schema::{self, Migration, Newest};
use crate::sql::value::{Row, Statement, values};

/// Lets a database give free pages back (`SqliteTickets::give_back`). SQLite decides that when it makes a file;
/// one that was made without it is written anew once, which takes as long as it is large.
pub(super) async fn allow_shrinking(connection: &mut SqliteConnection) -> Result<(), Fault> {
    // https://www.sqlite.org/pragma.html#pragma_auto_vacuum: 2 is incremental.
    let mode = Statement::new("PRAGMA auto_vacuum", Vec::new());
    let mode = run(connection, &mode).await.map_err(|e| fault::of(&e))?;
    if mode.rows.first().and_then(|row| row.int(0).ok()) == Some(2) {
        return Ok(());
    }
    let incremental = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM";
    let done = connection.execute(sqlx::raw_sql(incremental)).await;
    done.map(drop).map_err(|e| fault::of(&e))
}

/// Refuses a file that cannot be this store's, by its header and length alone: a whole check
/// reads every page (about a second for 100,000 users), so that is left to `idp doctor`.
pub(super) fn check_file(file: &DatabaseFile) -> Result<(), Fault> {
    use std::io::Read;
    let path = file.path.display();
    let unreadable = |e| Fault::lasting("store", format!("{path} cannot be read: {e}"));
    let mut opened = std::fs::File::open(&file.path).map_err(unreadable)?;
    let length = opened.metadata().map_err(unreadable)?.len();
    if length == 0 {
        return Ok(());
    }
    let mut header = [0_u8; 100];
    let whole = opened.read_exact(&mut header).is_ok();
    let damaged = |what: &str| {
        Err(Fault::lasting(
            "store",
            format!("{path} {what}: restore it from a backup"),
        ))
    };
    if !whole || !header.starts_with(b"SQLite format 3\0") {
        return damaged("is damaged or is no SQLite database");
    }
    // https://www.sqlite.org/fileformat2.html §1.3: page size at 16, pages at 28.
    let [.., high, low] = header.first_chunk::<18>().copied().unwrap_or([0; 18]);
    let page_size = match u64::from(u16::from_be_bytes([high, low])) {
        1 => 65_536,
        size => size,
    };
    let pages = header.get(28..32).and_then(|b| <[u8; 4]>::try_from(b).ok());
    let pages = u64::from(u32::from_be_bytes(pages.unwrap_or_default()));
    let log = file.path.with_extension("db-wal");
    if length < pages * page_size && !log.exists() {
        return damaged("is shorter than it says, so its end is lost");
    }
    Ok(())
}

/// Brings the database to the newest version. One that was written by a newer program is left as
/// it is when this program may run on it, and refused when not.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    file: &DatabaseFile,
    known: &'static [Migration],
) -> Result<(), Fault> {
    let raw = |e: sqlx::Error| fault::of(&e);
    let newest = newest(connection).await.map_err(raw)?;
    let newest = newest.as_ref().map(Newest::read).transpose()?;
    if let Some(newest) = &newest {
        newest.check(known, &file.path.display().to_string())?;
    }
    for migration in schema::missing(known, newest) {
        if let Err(error) = apply(connection, migration).await {
            // A failed rollback leaves the transaction to the connection's end.
            drop(connection.execute("ROLLBACK").await);
            return Err(raw(error));
        }
    }
    Ok(())
}

async fn newest(connection: &mut SqliteConnection) -> Result<Option<Row>, sqlx::Error> {
    let columns = "SELECT name FROM pragma_table_info('schema_versions')";
    let columns = run(connection, &Statement::new(columns, Vec::new())).await?;
    match columns.rows.len() {
        0 => return Ok(None),
        // Before the first release steps were noted without their bound.
        1 => connection.execute(ADD_BOUND).await.map(|_| ())?,
        _ => {}
    }
    let answer = run(connection, &Statement::new(schema::NEWEST, Vec::new())).await?;
    Ok(answer.rows.into_iter().next())
}

const ADD_BOUND: &str =
    "ALTER TABLE schema_versions ADD COLUMN compatible_from BIGINT NOT NULL DEFAULT 1";

async fn apply(
    connection: &mut SqliteConnection,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    connection.execute("BEGIN IMMEDIATE").await?;
    for text in std::iter::once(&schema::TABLE).chain(migration.texts) {
        // The text is the program's own, from its migrations folder.
        let text = AssertSqlSafe(SQLITE.render(text));
        connection.execute(sqlx::raw_sql(text)).await?;
    }
    let mark = values![migration.version, migration.compatible_from];
    run(connection, &Statement::new(schema::MARK, mark)).await?;
    connection.execute("COMMIT").await?;
    Ok(())
}
