//! Migrations: forward only, checked at each start.

use idp_core::base::fault::Fault;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::connection::run;
use super::fault;
use super::folder::DatabaseFile;
use crate::sql::dialect::SQLITE;
use crate::sql::value::{Statement, values};

/// One migration: the texts that lead from the version before to its own.
pub(super) type Migration = &'static [&'static str];

const RECORDS_FIRST: &str = include_str!("../../migrations/0001_first.sql");
const TICKETS_FIRST: &str = include_str!("../../migrations/tickets_0001_first.sql");

/// Those of the records database, which also keeps the durable tickets.
pub(super) const RECORDS: &[Migration] = &[&[RECORDS_FIRST, TICKETS_FIRST]];
/// Those of the tickets database.
pub(super) const TICKETS: &[Migration] = &[&[TICKETS_FIRST]];

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

/// Brings the database to the newest version.
///
/// A newer one than this binary knows is refused: an older binary would write rows that lack what
/// the newer one relies on.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    file: &DatabaseFile,
    migrations: &[Migration],
) -> Result<(), Fault> {
    let version = version(connection).await.map_err(|e| fault::of(&e))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(Fault::lasting(
            "store",
            format!(
                "{} has schema version {version}, this program knows {known}: use the newer \
                 program that wrote it, or restore a backup from before the upgrade",
                file.path.display()
            ),
        ));
    }
    let done = usize::try_from(version).unwrap_or(0);
    for (number, migration) in (1_i64..).zip(migrations).skip(done) {
        if let Err(error) = apply(connection, migration, number).await {
            // A failed rollback leaves the transaction to the connection's end.
            drop(connection.execute("ROLLBACK").await);
            return Err(fault::of(&error));
        }
    }
    Ok(())
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'";
    let exists = run(connection, &Statement::new(table, Vec::new())).await?;
    if exists.rows.is_empty() {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
    let answer = run(connection, &Statement::new(newest, Vec::new())).await?;
    Ok(answer.rows.first().and_then(|r| r.int(0).ok()).unwrap_or(0))
}

async fn apply(
    connection: &mut SqliteConnection,
    migration: Migration,
    number: i64,
) -> Result<(), sqlx::Error> {
    connection.execute("BEGIN IMMEDIATE").await?;
    connection
        .execute("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)")
        .await?;
    for text in migration {
        let text = text.replace("{identity}", SQLITE.identity);
        // The text is the program's own, from its migrations folder.
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(text)))
            .await?;
    }
    let mark = "INSERT INTO schema_versions (version) VALUES ($1)";
    run(connection, &Statement::new(mark, values![number])).await?;
    connection.execute("COMMIT").await?;
    Ok(())
}
