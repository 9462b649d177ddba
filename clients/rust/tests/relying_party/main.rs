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
mod client_certificate;
mod discovery;
mod fapi;
mod lies;
mod proofs;
mod provider;
mod provider_logout;
mod refresh;
mod refusals;
mod resource_server;
mod sign_in;
mod sign_out;
mod step_up;
