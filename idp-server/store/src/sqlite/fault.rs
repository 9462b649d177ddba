//! SQLite's errors in words an operator understands.

use idp_core::base::fault::{Fault, Trouble};

/// A failure of the database. Values never appear: SQLite's own messages name tables and columns.
pub(super) fn of(error: &sqlx::Error) -> Fault {
    let Some(code) = code(error) else {
        return match error {
            sqlx::Error::Io(e) => Fault::lasting("store", format!("the disk answers: {e}")),
            sqlx::Error::WorkerCrashed => closed(),
            other => Fault::lasting("store", other),
        };
    };
    match code {
        5 | 6 => Fault::transient(
            "store",
            "the database is locked by another program; end what else has its file open",
        ),
        8 => Fault::lasting(
            "store",
            "the database file cannot be written: check its owner and mode, and whether the disk \
             is mounted read-only",
        )
        .with(Trouble::ReadOnly),
        10 => Fault::transient(
            "store",
            "the disk failed to read or write the database file (I/O error)",
        ),
        11 | 26 => Fault::lasting(
            "store",
            "the database file is damaged or is no SQLite database: restore it from a backup",
        ),
        13 => Fault::transient(
            "store",
            "no space is left for the database: free space on the data folder's disk; nothing \
             was half-written",
        )
        .with(Trouble::Full),
        14 => Fault::lasting(
            "store",
            "the database file cannot be opened: check that the data folder exists and belongs to \
             the server's user",
        ),
        code => Fault::lasting("store", format!("SQLite error {code}: {error}")),
    }
}

/// Whether the same group of writes would fail again however it is cut (locked, unwritable, full,
/// failing or damaged disk), as opposed to one statement that the others should not suffer for.
pub(super) fn concerns_all(error: &sqlx::Error) -> bool {
    code(error).is_none_or(|code| matches!(code, 5 | 6 | 8 | 10 | 11 | 13 | 14 | 26))
}

/// SQLite's primary result code (<https://www.sqlite.org/rescode.html>).
fn code(error: &sqlx::Error) -> Option<i32> {
    let database = error.as_database_error()?;
    let extended: i32 = database.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// The store was closed.
pub(super) fn closed() -> Fault {
    Fault::lasting("store", "the store is closed")
}
