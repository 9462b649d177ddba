//! The crate's only look at the time. Everything else is handed a value.

use std::time::Instant;

use chrono::{DateTime, Utc};

/// The present moment in UTC, for comparing with `exp`, `iat` and `auth_time`.
#[allow(
    clippy::disallowed_methods,
    reason = "a relying party runs inside somebody else's program; this file is its one clock"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A reading that never runs backwards, for the ages of cached documents.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
