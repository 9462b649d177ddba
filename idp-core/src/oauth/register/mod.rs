//! Clients that register themselves: RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration.
//!
//! What such a client may be is less than what an administrator may make it: never a scope beyond
//! the configured list, never client credentials, always with the person's consent.

mod answer;
mod create;
mod initial;
mod manage;
mod metadata;
mod statement;

#[cfg(test)]
mod tests;

pub use answer::{RegistrationAnswer, answer};
pub use create::{CreateFacts, Registered, create};
pub use initial::{InitialTokens, count, judge_count};
pub use manage::{ReplaceFacts, expire, kept, read, remove, replace};
pub use metadata::RegistrationRequest;

use crate::base::refusal::{ErrorCode, Reason};

/// The code that the registration endpoint answers with (RFC 7591 §3.2.2). Rules about metadata are
/// the administration's as well, and speak its language there.
pub fn wire_code(reason: Reason) -> ErrorCode {
    match (reason, reason.code()) {
        (
            Reason::ClientRedirectMissing
            | Reason::ClientRedirectUnused
            | Reason::ClientRedirectTooMany
            | Reason::ClientRedirectMalformed
            | Reason::ClientRedirectPattern
            | Reason::ClientRedirectFragment
            | Reason::ClientRedirectUser
            | Reason::ClientRedirectNotNormal
            | Reason::ClientRedirectNotHttps
            | Reason::ClientRedirectSchemeForbidden
            | Reason::ClientRedirectSchemeNotPrivate,
            _,
        ) => ErrorCode::InvalidRedirectUri,
        (_, ErrorCode::Unprocessable | ErrorCode::Conflict) => ErrorCode::InvalidClientMetadata,
        (_, code) => code,
    }
}
