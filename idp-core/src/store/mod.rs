//! The two stores, split by lifetime: Records keep what must last, Tickets what is short-lived.

pub mod change;
pub mod changes;
#[cfg(feature = "contract")]
pub mod contract;
pub mod decision;
pub mod memory;
pub mod page;
pub mod records;
pub mod sealed;
pub mod status;
pub mod tickets;

pub use change::{Batch, Change, Write};
pub use changes::{Changed, Changes, Listener};
pub use decision::{Asks, Decision, Outcome};
pub use page::{Listing, PageRequest};
pub use records::{CommitError, Records};
pub use status::StatusRecords;
pub use tickets::{TicketKey, TicketKind, Tickets};
