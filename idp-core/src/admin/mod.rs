//! Administration: what an acting administrator may change, one file per noun, each a decision.
//!
//! Every decision takes an [`Act`]: the proof of who acts and how far that reaches, the unit
//! tree, the time and the rules. The escalation rules live in [`acting`] alone.

pub mod acting;
pub mod audit;
pub mod client;
pub mod configuration;
pub mod import;
pub mod key;
pub mod key_schedule;
pub mod outbox;
pub mod registration;
pub mod role;
pub mod session;
pub mod trust;
pub mod unit;
pub mod user;

#[cfg(test)]
pub(crate) mod sample;

pub use acting::{Act, ActingAdministrator};
