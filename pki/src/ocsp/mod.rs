//! Answers about the status of one certificate (OCSP, RFC 6960; nonces of RFC 9654).
//!
//! | step | answer |
//! |---|---|
//! | what to send | [`Request`] |
//! | what came back | [`Response::parse`], strict DER |
//! | what it proves | [`Question::verify`] |
//!
//! Sending and fetching are for whoever asks, and only after the path was validated to an anchor:
//! the address of a responder is what an unverified certificate says.

mod request;
mod response;
#[cfg(test)]
mod tests;
mod verify;

pub use request::{CertId, NONCE_BYTES, Nonce, Request};
pub use response::{CertStatus, MAX_RESPONSE_BYTES, Response};
pub use verify::{Answer, Bounds, NonceRule, Question, Responder};
