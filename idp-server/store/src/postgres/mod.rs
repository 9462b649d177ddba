//! PostgreSQL: one database that any number of nodes share.
//!
//! Writers run side by side, at `READ COMMITTED`: every row that a decision rests on is checked by
//! its version in the same transaction, and PostgreSQL looks at the newest version of a row that
//! it waited for, so of two writers of one row the second is refused. What that level does not
//! give, the order of audit events, is had otherwise: see the module `events`.
//!
//! Each call ends within the time limits, whatever happens to the server; nothing is repeated
//! that might have been done. After the server comes back, the next call connects anew.

mod address;
mod changes;
mod combine;
mod connection;
mod engine;
mod events;
mod fault;
mod pool;
mod schema;
mod tickets;
mod transaction;

use idp_core::base::fault::Fault;
use sqlx::postgres::PgConnection;

use crate::sql::SqlRecords;
use crate::sql::value::Statement;
use pool::Pool;
use transaction::Work;

pub use address::{Limits, PostgresOptions};
pub use changes::PostgresChanges;
pub use engine::PostgresEngine;
pub use tickets::PostgresTickets;

/// Records in PostgreSQL.
pub type PostgresRecords = SqlRecords<PostgresEngine>;

/// Opens the store in a database and brings its schema to the newest version, one node at a time.
///
/// Must run inside a tokio runtime.
///
/// # Errors
/// A fault with the operator's remedy, which never quotes the address: not understood, a remote
/// server without TLS or password, not reached, refused, too old, a standby, a schema newer than
/// this program.
pub async fn open(options: &PostgresOptions) -> Result<(PostgresRecords, PostgresTickets), Fault> {
    let servers = address::servers(options)?;
    let pool = Pool::new(servers, options.limits, options.connections);
    schema::migrate(&pool).await?;
    let engine = PostgresEngine::new(pool);
    let tickets = PostgresTickets::new(engine.clone());
    Ok((SqlRecords { engine }, tickets))
}

/// For the copy, which works on one connection of its own.
pub(crate) use connection::run;
pub(crate) use fault::of as fault_of;
pub(crate) use schema::place_events;

/// What makes a server lose acknowledged writes when it loses power, and what is wrong with it.
const DANGERS: [(&str, &str); 2] = [
    (
        "fsync",
        "fsync is off: a power failure destroys the database",
    ),
    (
        "full_page_writes",
        "full_page_writes is off: a power failure destroys the database",
    ),
];

impl PostgresRecords {
    /// Closes the connections. Every later call on these records and their tickets is a fault.
    pub async fn close(&self) {
        self.engine.pool().close().await;
    }

    /// A connection that belongs to the caller alone.
    pub(crate) async fn connect_for_copy(&self) -> Result<PgConnection, Fault> {
        self.engine.pool().connect().await
    }

    /// Looks for settings of the server that lose what was acknowledged; for `idp doctor`. Does
    /// not look at the files: a damaged page is found when it is read, if the cluster was made
    /// with checksums, and by PostgreSQL's own `pg_amcheck`.
    ///
    /// # Errors
    /// A lasting fault that names the setting.
    pub async fn check(&self) -> Result<(), Fault> {
        for (setting, danger) in DANGERS {
            let text = "SELECT current_setting($1)";
            let statement = Statement::new(text, vec![setting.into()]);
            let done = self.engine.submit(Work::Read(statement)).await?;
            let transaction::Done::Rows(rows) = done else {
                continue;
            };
            let value = rows.first().and_then(|rows| rows.first());
            if value.map(|row| row.text(0)).transpose()? == Some("off") {
                return Err(Fault::lasting("store", format!("PostgreSQL: {danger}")));
            }
        }
        Ok(())
    }
}
