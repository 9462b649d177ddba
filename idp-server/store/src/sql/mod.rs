//! The statements, written once for every engine: `BIGINT`, `TEXT` and `BYTEA`, `$n` markers,
//! `ON CONFLICT`, `RETURNING`, times in `_ms` columns. Where engines differ, see [`dialect`].

pub(crate) mod answer;
mod ask;
mod clean;
pub(crate) mod dialect;
pub(crate) mod engine;
pub(crate) mod events;
mod read;
mod records;
pub(crate) mod schema;
pub(crate) mod search;
mod status;
pub(crate) mod tickets;
pub(crate) mod value;
pub(crate) mod write;

pub use ask::SqlRecords;
