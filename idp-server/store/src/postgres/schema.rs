//! Migrations: forward only, by one node at a time, checked at each start.

use std::time::Duration;

use idp_core::base::fault::Fault;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::time::timeout;

use super::connection::run;
use super::fault;
use super::pool::Pool;
use crate::sql::dialect::POSTGRES;
use crate::sql::schema::{self, Migration, Newest};
use crate::sql::value::{Row, Statement, values};

/// What only PostgreSQL runs, after the shared texts of the same version.
const OWN: &[(i64, &str)] = &[(1, include_str!("../../migrations/postgres_0001_first.sql"))];

/// How long a node waits for another one's migration.
const PATIENCE: Duration = Duration::from_secs(600);

/// The oldest server that knows all that is used (14: `xid8` came with 13, which is no longer
/// maintained).
const OLDEST: i64 = 140_000;

/// Checks the server and brings the schema to the newest version.
///
/// The advisory lock lets one node of all that start at once do it; the others find it done. The
/// lock goes with the connection.
pub(super) async fn migrate(pool: &Pool) -> Result<(), Fault> {
    let mut connection = pool.connect().await?;
    let done = timeout(PATIENCE, migrate_on(&mut connection)).await;
    let done = done.unwrap_or_else(|_| {
        Err(Fault::transient(
            "store",
            "another node has been migrating the schema for ten minutes: look at its log",
        ))
    });
    if done.is_ok() {
        // The lock is released by the server when the connection goes, however it goes.
        drop(connection.close().await);
    }
    done
}

async fn migrate_on(connection: &mut PgConnection) -> Result<(), Fault> {
    check_server(connection).await?;
    let raw = |e: sqlx::Error| fault::of(&e);
    // A migration may take longer than a request, and waits for locks as long as it must.
    for text in [
        "SET statement_timeout = 0",
        "SET lock_timeout = 0",
        "SET idle_in_transaction_session_timeout = 0",
        // The number is this product's: the letters IDP.
        "SELECT pg_advisory_lock(4801616)",
    ] {
        connection.execute(text).await.map_err(raw)?;
    }
    let newest = newest(connection).await?;
    if let Some(newest) = &newest {
        newest.check(schema::RECORDS, "the database")?;
    }
    for migration in schema::missing(schema::RECORDS, newest) {
        if let Err(error) = apply(connection, migration).await {
            // A failed rollback leaves the transaction to the connection's end.
            drop(connection.execute("ROLLBACK").await);
            return Err(fault::of(&error));
        }
    }
    place_events(connection).await.map_err(raw)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), Fault> {
    let text = "SELECT current_setting('server_version_num')::bigint, \
                current_setting('server_encoding')";
    let rows = rows(connection, text).await.map_err(|e| fault::of(&e))?;
    let Some(row) = rows.first() else {
        return Err(Fault::transient("store", "PostgreSQL gives no version"));
    };
    if row.int(0)? < OLDEST {
        let what = "PostgreSQL is too old: version 14 or newer is needed";
        return Err(Fault::lasting("store", what));
    }
    if row.text(1)? != "UTF8" {
        let what = "the database is not in UTF-8: make one with `createdb --encoding=UTF8`";
        return Err(Fault::lasting("store", what));
    }
    Ok(())
}

async fn newest(connection: &mut PgConnection) -> Result<Option<Newest>, Fault> {
    let raw = |e: sqlx::Error| fault::of(&e);
    let table = "SELECT 1 WHERE to_regclass('schema_versions') IS NOT NULL";
    if rows(connection, table).await.map_err(raw)?.is_empty() {
        return Ok(None);
    }
    let rows = rows(connection, schema::NEWEST).await.map_err(raw)?;
    rows.first().map(Newest::read).transpose()
}

async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<(), sqlx::Error> {
    connection.execute("BEGIN").await?;
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(POSTGRES.render(schema::TABLE))))
        .await?;
    let own = OWN
        .iter()
        .filter(|(version, _)| *version == migration.version);
    let texts = migration.texts.iter().chain(own.map(|(_, text)| text));
    for text in texts {
        // The text is the program's own, from its migrations folder.
        let text = AssertSqlSafe(POSTGRES.render(text));
        connection.execute(sqlx::raw_sql(text)).await?;
    }
    let mark = values![migration.version, migration.compatible_from];
    run(connection, &Statement::new(schema::MARK, mark)).await?;
    connection.execute("COMMIT").await?;
    Ok(())
}

/// Shifts the places of coming events above all that are there. That changes something only
/// after the database came from elsewhere: from an embedded store, or restored from a dump into
/// another cluster, whose transactions are counted from the beginning. Of many nodes that do it at
/// once one does.
pub(super) const PLACE: &str = "UPDATE event_places SET shift = top.place + 1 - (top.now << 20) \
     FROM (SELECT GREATEST((SELECT COALESCE(MAX(place), 0) FROM events), \
     (SELECT COALESCE(MAX(last), 0) FROM audit_blocks)) AS place, \
     pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS now) AS top \
     WHERE top.place >= shift + (top.now << 20)";

/// Runs [`PLACE`].
pub(crate) async fn place_events(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(PLACE).await.map(drop)
}

async fn rows(connection: &mut PgConnection, text: &'static str) -> Result<Vec<Row>, sqlx::Error> {
    let answer = run(connection, &Statement::new(text, Vec::new())).await?;
    Ok(answer.rows)
}
