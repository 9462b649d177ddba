//! Stores for `idp-core`: Records and Tickets in SQLite or PostgreSQL, on one set of SQL
//! statements; Tickets in Redis.
//!
//! [`sqlite::open`] opens a data folder, [`postgres::open`] a database that nodes share,
//! [`redis::open`] connects to servers. Nothing here logs a value: identifiers are personal.

mod carry;
pub mod copy;
pub mod postgres;
pub mod redis;
mod sql;
pub mod sqlite;

pub use carry::carry;
pub use sql::SqlRecords;
