//! PostgreSQL's errors in words an operator understands.
//!
//! The server's own messages are never passed on: some quote values. What is passed on is the
//! SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) and names of tables.

use std::borrow::Cow;
use std::io::ErrorKind;

use idp_core::base::fault::{Fault, Trouble};
use sqlx::error::DatabaseError;

/// What a failure means for the connection and for the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The connection, or the server behind it, is of no use any more; whether the work was done
    /// depends on what had been sent.
    Lost,
    /// The server undid the work and the same may succeed at once (deadlock, serialization).
    Undone,
    /// The server refused the work; the connection is good.
    Failed,
}

/// What a failure means.
pub(super) fn fate(error: &sqlx::Error) -> Fate {
    let Some(code) = code(error) else {
        return match error {
            sqlx::Error::Encode(_) | sqlx::Error::Decode(_) => Fate::Failed,
            _ => Fate::Lost,
        };
    };
    match &*code {
        "40001" | "40P01" => Fate::Undone,
        // A read-only server is a standby, or a primary that became one: look for the primary anew.
        "25006" | "25P03" | "57P01" | "57P02" | "57P03" | "57P05" => Fate::Lost,
        other if other.starts_with("08") => Fate::Lost,
        _ => Fate::Failed,
    }
}

/// A failure of the database.
pub(crate) fn of(error: &sqlx::Error) -> Fault {
    let Some(code) = code(error) else {
        return match error {
            // How the TLS library tells what is wrong with a certificate.
            sqlx::Error::Io(e) if e.kind() == ErrorKind::InvalidData => untrusted(e),
            sqlx::Error::Io(e) => {
                let lost = format!("the connection to PostgreSQL is lost: {}", e.kind());
                Fault::transient("store", lost).with(Trouble::Unreachable)
            }
            sqlx::Error::Tls(e) => untrusted(e),
            sqlx::Error::Encode(_) | sqlx::Error::Decode(_) => Fault::lasting(
                "store",
                "a value does not fit its column: the schema was changed by hand",
            ),
            _ => Fault::transient("store", "the connection to PostgreSQL is lost")
                .with(Trouble::Unreachable),
        };
    };
    let table = error.as_database_error().and_then(DatabaseError::table);
    known(&code).unwrap_or_else(|| {
        let table = table.map(|t| format!(" on {t}")).unwrap_or_default();
        Fault::lasting("store", format!("PostgreSQL error {code}{table}"))
    })
}

fn untrusted(error: &dyn std::fmt::Display) -> Fault {
    let what = format!(
        "TLS with PostgreSQL fails ({error}): check the server's certificate, its name and the file \
         with the certificate authority"
    );
    Fault::lasting("store", what).with(Trouble::Refused)
}

fn known(code: &str) -> Option<Fault> {
    let (transient, words) = match code {
        "28000" | "28P01" => (
            false,
            "PostgreSQL refuses the user or its password: check both, and pg_hba.conf",
        ),
        "3D000" => (
            false,
            "the database does not exist: make it with `createdb --encoding=UTF8`",
        ),
        "42501" => (
            false,
            "the user lacks rights in the database: make it the database's owner",
        ),
        "53100" => (
            true,
            "no space is left for PostgreSQL: free space on its disk; nothing was half-written",
        ),
        "53300" => (
            true,
            "PostgreSQL has no connection left: raise its max_connections, or lower the \
             connections of each node",
        ),
        "53200" | "53400" => (
            true,
            "PostgreSQL lacks memory or reached a limit of its own",
        ),
        "55P03" => (true, "a row or table stayed locked beyond the time limit"),
        "57014" => (true, "PostgreSQL did not answer within the time limit"),
        "57P01" | "57P02" => (true, "PostgreSQL is shutting down"),
        "57P03" => (true, "PostgreSQL is starting up or recovering"),
        "25006" => (true, READ_ONLY),
        "40001" | "40P01" => (true, "too many others write the same rows at once"),
        "XX001" | "XX002" => (
            false,
            "PostgreSQL finds its files damaged: restore the database from a backup",
        ),
        other if other.starts_with("08") || other == "25P03" => {
            (true, "the connection to PostgreSQL is lost")
        }
        other if other.starts_with("58") => (true, "PostgreSQL's disk fails to read or write"),
        _ => return None,
    };
    Some(Fault {
        place: "store",
        detail: words.to_owned(),
        transient,
        trouble: trouble(code),
    })
}

fn trouble(code: &str) -> Trouble {
    match code {
        "28000" | "28P01" | "3D000" | "42501" => Trouble::Refused,
        "53100" => Trouble::Full,
        "25006" => Trouble::ReadOnly,
        "25P03" | "53300" | "57014" | "57P01" | "57P02" | "57P03" => Trouble::Unreachable,
        other if other.starts_with("08") => Trouble::Unreachable,
        _ => Trouble::Other,
    }
}

/// Why a server that takes no writes is not used.
const READ_ONLY: &str = "this PostgreSQL takes no writes, because it is a standby or \
     default_transaction_read_only is on: point the address at the primary";

/// The server takes no writes.
pub(super) fn read_only() -> Fault {
    Fault::transient("store", READ_ONLY).with(Trouble::ReadOnly)
}

/// The time limit for one answer has passed on this side.
pub(super) fn timed_out() -> Fault {
    let what = "PostgreSQL did not answer within the time limit";
    Fault::transient("store", what).with(Trouble::Unreachable)
}

/// The store was closed.
pub(super) fn closed() -> Fault {
    Fault::lasting("store", "the store is closed")
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}
