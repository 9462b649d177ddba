//! A certificate authority for tests (feature `test-ca`): keys, certificates with Vietnamese-style
//! subjects, revocation lists, answers about status and signed data, right or wrong in any way that
//! a test asks for. Keys are fresh each time and protect nothing. The people are invented.
//!
//! What it makes is written octet by octet here, not by the readers it is meant to test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests end at the first surprise with its message"
)]

mod authority;
mod cms;
pub mod encode;
mod key;
mod list;
mod ocsp;
mod subject;

pub use authority::{Authority, Template};
pub use cms::{Attributes, SignedDataTemplate};
pub use key::{Key, Scheme};
#[cfg(test)]
pub(crate) use key::{digest_identifier, pss};
pub use list::{ListEntry, ListTemplate};
pub use ocsp::{ResponderId, ResponseTemplate, SingleTemplate, StatusTemplate};
pub use subject::Subject;
