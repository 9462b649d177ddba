//! The pure answer of a rule: an outcome, what to write, what to record.

use crate::base::refusal::Refusal;
use crate::base::secret::SecretText;
use crate::event::Event;
use crate::store::change::{Batch, Change};

/// What only the outside can answer. The flow asks, adds the answer to the facts and decides
/// again, a bounded number of rounds: three for a client's keys, more for a new password, which is
/// compared with the earlier ones one at a time.
#[derive(Clone, Debug)]
pub enum Asks {
    /// Is this the password of this hash? Without a hash the same work is done for nothing.
    VerifyPassword {
        /** The stored hash. */
        hash: Option<String>,
        /** What was typed. */
        password: SecretText,
    },
    /// The hash of a new password.
    HashPassword {
        /** What was chosen. */
        password: SecretText,
    },
    /// The key set at a client's `jwks_uri`; `fresh` skips the cache.
    ClientKeys {
        /** The address. */
        uri: String,
        /** Whether to skip the cache. */
        fresh: bool,
    },
    /// The redirect addresses listed at a `sector_identifier_uri`.
    SectorDocument {
        /** The address. */
        uri: String,
    },
    /// The account with this user name, who is to answer for a client.
    ResponsiblePerson {
        /** The user name. */
        user_name: String,
    },
    /// The picture at a `logo_uri`, kept here before the decision is made again.
    ClientLogo {
        /** The address. */
        uri: String,
    },
}

/// How a decision ends.
#[derive(Clone, Debug)]
pub enum Outcome<T> {
    /// Yes.
    Done(T),
    /// No, and why. A refusal may carry changes: a replayed code is refused *and* its grant dies.
    Refused(Refusal),
    /// Not yet: these must be answered first.
    Need(Asks),
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Decision<T> {
    /// How it ends.
    pub outcome: Outcome<T>,
    /// What to write.
    pub changes: Vec<Change>,
    /// What to record.
    pub events: Vec<Event>,
}

impl<T> Decision<T> {
    /// Yes, with nothing to write yet.
    pub fn done(value: T) -> Self {
        Self {
            outcome: Outcome::Done(value),
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// No, with nothing to write yet.
    pub fn refused(refusal: impl Into<Refusal>) -> Self {
        Self {
            outcome: Outcome::Refused(refusal.into()),
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Not yet.
    pub fn need(asks: Asks) -> Self {
        Self {
            outcome: Outcome::Need(asks),
            changes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Adds a change.
    #[must_use]
    pub fn with_change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn with_event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// The same decision with another value for yes.
    #[must_use]
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Decision<U> {
        Decision {
            outcome: match self.outcome {
                Outcome::Done(value) => Outcome::Done(to(value)),
                Outcome::Refused(refusal) => Outcome::Refused(refusal),
                Outcome::Need(asks) => Outcome::Need(asks),
            },
            changes: self.changes,
            events: self.events,
        }
    }

    /// Splits into outcome and what is to be committed.
    pub fn into_parts(self) -> (Outcome<T>, Batch) {
        (
            self.outcome,
            Batch {
                changes: self.changes,
                events: self.events,
            },
        )
    }
}

impl<T> From<Result<T, Refusal>> for Decision<T> {
    fn from(result: Result<T, Refusal>) -> Self {
        match result {
            Ok(value) => Self::done(value),
            Err(refusal) => Self::refused(refusal),
        }
    }
}

/// What every decision is given besides its facts: the circumstances (with the time), the rules,
/// and this request's randomness.
pub struct Deciding<'a> {
    /// When, in which request, from where.
    pub here: &'a crate::event::Circumstances,
    /// The rules.
    pub policy: &'a crate::policy::Policy,
    /// Randomness.
    pub entropy: &'a mut crate::base::entropy::Entropy,
}

impl Deciding<'_> {
    /// The time of the request.
    pub fn now(&self) -> crate::base::time::Timestamp {
        self.here.now
    }

    /// An event of this request.
    pub fn event(&mut self, actor: crate::event::Actor, what: crate::event::What) -> Event {
        self.here.event(actor, what, self.entropy)
    }
}
