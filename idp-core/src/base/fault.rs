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
    /// What kind of trouble, where that is known.
    pub trouble: Trouble,
}

/// What kind of trouble a fault is: all that strangers are told of it, by `/health/ready`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// None of the others.
    #[default]
    Other,
    /// No answer, or none in time.
    Unreachable,
    /// It answers and takes no writes.
    ReadOnly,
    /// It has no room left.
    Full,
    /// Its schema is newer than this program.
    Schema,
    /// It does not let this program in, or not do what is needed.
    Refused,
    /// As it is set up it would lose what must be kept.
    Unsuitable,
}

impl Trouble {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Other => "failing",
            Self::Unreachable => "unreachable",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::Schema => "schema",
            Self::Refused => "refused",
            Self::Unsuitable => "unsuitable",
        }
    }
}

impl Fault {
    /// A failure that will not pass by itself.
    pub fn lasting(place: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            place,
            detail: detail.to_string(),
            transient: false,
            trouble: Trouble::Other,
        }
    }

    /// A failure that may pass: overload, a time limit, a lost connection.
    pub fn transient(place: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            place,
            detail: detail.to_string(),
            transient: true,
            trouble: Trouble::Other,
        }
    }
    /// The same, of this kind.
    #[must_use]
    pub fn with(self, trouble: Trouble) -> Self {
        Self { trouble, ..self }
    }
}
