//! Strangers' suites, vectors and libraries, run against this project.
//!
//! The suites themselves are the test binary of this crate, a folder per subject; [`oidf`] drives one
//! that runs elsewhere, [`limbo`] reads one that is not kept here. What they share is here: a [`Tally`], because a suite that ran nothing, or skipped what it should run, must not pass.

pub mod limbo;
pub mod oidf;

use std::fmt;

/// What a stranger's vector demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It must be accepted.
    Accept,
    /// It must be refused.
    Refuse,
    /// Either answer is right.
    Either,
}

/// Counts what was run, and keeps what went wrong.
///
/// A test compares the whole tally with the numbers that it expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Vectors that were accepted, and could be.
    pub accepted: usize,
    /// Vectors that were refused, and could be.
    pub refused: usize,
    /// Vectors that were not run, for a reason that the suite states.
    pub excluded: usize,
    /// Vectors that met the wrong answer, by name.
    pub wrong: Vec<String>,
}

impl Tally {
    /// A tally in which all answers were right.
    pub fn of(accepted: usize, refused: usize, excluded: usize) -> Self {
        Self {
            accepted,
            refused,
            excluded,
            wrong: Vec::new(),
        }
    }

    /// Records the answer to one vector.
    pub fn record(&mut self, name: impl fmt::Display, demand: Demand, accepted: bool) {
        match (demand, accepted) {
            (Demand::Accept | Demand::Either, true) => self.accepted += 1,
            (Demand::Refuse | Demand::Either, false) => self.refused += 1,
            (Demand::Accept, false) => self.wrong.push(format!("{name}: refused")),
            (Demand::Refuse, true) => self.wrong.push(format!("{name}: accepted")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Demand, Tally};

    #[test]
    fn wrong_answers_are_never_counted_as_right() {
        let mut tally = Tally::default();
        tally.record("a", Demand::Accept, true);
        tally.record("b", Demand::Refuse, false);
        tally.record("c", Demand::Either, true);
        tally.record("d", Demand::Either, false);
        assert_eq!(tally, Tally::of(2, 2, 0));
        tally.record("e", Demand::Accept, false);
        tally.record("f", Demand::Refuse, true);
        assert_eq!(tally.wrong, ["e: refused", "f: accepted"]);
        assert_eq!((tally.accepted, tally.refused), (2, 2));
    }
}
