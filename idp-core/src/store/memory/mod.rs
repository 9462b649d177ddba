//! Both stores in memory, for users of the library and for tests. Nothing outlives the process.

mod apply;
mod filter;
mod reading;
mod records;
mod state;
mod status;
mod tickets;

pub use records::MemoryRecords;
pub use tickets::MemoryTickets;

#[cfg(test)]
#[cfg(feature = "contract")]
mod tests;
