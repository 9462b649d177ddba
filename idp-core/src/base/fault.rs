//! Unexpected trouble, told to the operator and never in detail to the caller.

/// A failure outside anybody's expectations: a store that is down, a key that does not open.
///
/// A fault is logged once, with the request's id; the caller sees only that id.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: {detail}")]
pub struct Fault {
    /// Which room failed (`store`, `signer`, `fetch`, …).
    pub place: &'static str,
    /// What the operator needs to know; never a secret or a person's data.
    pub detail: String,
    /// Whether the same call may succeed soon (busy, timed out), so that the caller is told when
    /// to come back.
    pub transient: bool,
}

impl Fault {
    /// A failure that will not pass by itself.
    pub fn lasting(place: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            place,
            detail: detail.to_string(),
            transient: false,
        }
    }

    /// A failure that may pass: overload, a time limit, a lost connection.
    pub fn transient(place: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            place,
            detail: detail.to_string(),
            transient: true,
        }
    }
}
