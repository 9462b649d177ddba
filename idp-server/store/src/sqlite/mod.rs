//! SQLite: two database files in one data folder.
//!
//! `records.db` holds the records and the tickets that must survive a power failure (replay marks,
//! throttle marks, revocations); its commits wait for the disk (`synchronous=FULL`). `tickets.db`
//! holds the tickets that may be lost then (codes, pending sign-ins: people begin again); its
//! commits do not wait (`synchronous=NORMAL`: the file is never damaged, and a mere crash of the
//! process loses nothing). Both are in WAL mode, each has one writing connection with group commit,
//! and reads run beside it.

mod connection;
mod engine;
mod fault;
mod folder;
mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod tickets;
mod writer;

use std::path::Path;
use std::sync::Arc;

use idp_core::base::fault::Fault;

use crate::sql::schema::Migration;
use crate::sql::{self, SqlRecords};
use connection::Role;
use engine::Database;
use folder::{DatabaseFile, Folder};

pub use engine::SqliteEngine;
pub use tickets::SqliteTickets;

/// Records in SQLite.
pub type SqliteRecords = SqlRecords<SqliteEngine>;

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// Connections that read records side by side, 1–16. Each costs a thread and 2 MiB at most.
    pub readers: usize,
    /// Whether a store that does not exist is made.
    pub create: bool,
}

impl Default for OpenOptions {
    /// Two readers, and an existing store only.
    fn default() -> Self {
        Self {
            readers: 2,
            create: false,
        }
    }
}

/// Opens the store in `folder`, brings its schema to the newest version, and holds the folder
/// exclusively until [`SqliteRecords::close`] or until both stores are dropped.
///
/// The folder is made with mode 0700 and the files with 0600. Must run inside a tokio runtime,
/// where the writers live. Checks the files' headers and lengths, not every page:
/// [`SqliteRecords::check`] does that.
///
/// # Errors
/// A fault with the operator's remedy: no store there, another process has it open, a damaged
/// file, a schema newer than this program, no permission.
pub async fn open(
    folder: &Path,
    options: OpenOptions,
) -> Result<(SqliteRecords, SqliteTickets), Fault> {
    let folder = Arc::new(Folder::take(folder, options.create)?);
    let records = folder.database(folder::RECORDS)?;
    let tickets = folder.database(folder::TICKETS)?;
    let readers = options.readers.clamp(1, 16);
    let records = database(records, Role::DurableWriter, sql::schema::RECORDS, readers).await?;
    let tickets = database(tickets, Role::LossyWriter, sql::schema::TICKETS, 1).await?;
    let engine = SqliteEngine::new(folder, records, tickets);
    let tickets = SqliteTickets::new(engine.clone());
    Ok((SqlRecords { engine }, tickets))
}

async fn database(
    file: DatabaseFile,
    role: Role,
    migrations: &'static [Migration],
    readers: usize,
) -> Result<Database, Fault> {
    schema::check_file(&file)?;
    let mut connection = connection::connect(&file, role).await?;
    if role == Role::LossyWriter {
        schema::allow_shrinking(&mut connection).await?;
    }
    schema::migrate(&mut connection, &file, migrations).await?;
    Ok(Database {
        readers: readers::Readers::open(&file, readers).await?,
        writer: writer::Writer::start(connection, file),
    })
}
