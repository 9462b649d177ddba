//! The relying party against a provider that tells the truth, and lies on demand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: a broken assumption must stop the test, and the provider needs time and keys"
)]
#![allow(unreachable_pub, missing_docs, reason = "modules of one test binary")]

mod application;
mod backchannel_logout;
mod discovery;
mod provider;
mod refresh;
mod refusals;
mod sign_in;
mod sign_out;
