//! An invented province to try everything with: `idp demo`.
//!
//! Binds loopback only, makes random passwords, and marks its store, which `idp serve` refuses.

mod announce;
pub mod application;
mod people;
mod run;
mod seed;

pub use run::{DemoOptions, MARK, run};
