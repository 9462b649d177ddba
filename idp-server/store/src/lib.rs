//! Stores for `idp-core`: Records and Tickets in SQLite, on one set of SQL statements that is
//! written for more engines than one; Tickets in Redis.
//!
//! [`sqlite::open`] opens a data folder, [`redis::open`] connects to servers. Nothing here logs a value: identifiers are personal.

pub mod redis;
mod sql;
pub mod sqlite;

pub use sql::SqlRecords;
