//! Stores for `idp-core`: Records and Tickets in SQLite, on one set of SQL statements that is
//! written for more engines than one.
//!
//! [`sqlite::open`] opens a data folder. Nothing here logs a value: identifiers are personal.

mod sql;
pub mod sqlite;

pub use sql::SqlRecords;
