//! The one place that reads the clock, and compares it with that of a store that nodes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::records::Records;

/// A node's clock may be this far from that of the store it shares: tokens that one node makes
/// must be good at another, and leases mean the same to all.
const TOLERANCE: Duration = Duration::from_secs(2);

/// The time as the server sees it. Cheap to clone; clones of a set clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is set again; for tests.
    #[must_use]
    pub fn standing(at: Timestamp) -> Self {
        Self(Source::Set(Arc::new(AtomicI64::new(at.millis()))))
    }

    /// Now. A system clock before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Set(millis) => Timestamp::from_millis(millis.load(Ordering::Relaxed)),
        }
    }

    /// Compares with the clock of the store, where it has one of its own.
    ///
    /// # Errors
    /// A transient fault (place `clock`) that says by how much this clock is off; the store's own
    /// when it does not answer.
    pub async fn check(&self, records: &dyn Records) -> Result<(), Fault> {
        let before = self.now();
        match records.clock().await? {
            Some(theirs) => compare(before, theirs, self.now()),
            None => Ok(()),
        }
    }

    /// Sets a standing clock; the system's clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Source::Set(millis) = &self.0 {
            millis.store(to.millis(), Ordering::Relaxed);
        }
    }
}

/// `theirs` was read between the other two, so only what lies outside of both counts.
fn compare(before: Timestamp, theirs: Timestamp, after: Timestamp) -> Result<(), Fault> {
    let (behind, ahead) = (theirs.since(after), before.since(theirs));
    if behind <= TOLERANCE && ahead <= TOLERANCE {
        return Ok(());
    }
    let off = behind.max(ahead).as_millis();
    let side = if behind > ahead { "behind" } else { "ahead of" };
    Err(Fault::transient(
        "clock",
        format!(
            "this node's clock is {off} ms {side} the store's: its work beside requests rests \
             until a time service puts it right"
        ),
    ))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |span| {
        i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
    });
    Timestamp::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::{Clock, Timestamp, compare};

    #[test]
    fn a_clock_may_be_two_seconds_off_and_no_more() {
        let at = Timestamp::from_millis;
        let verdict = |before, theirs, after| {
            let verdict = compare(at(before), at(theirs), at(after));
            verdict.err().map(|fault| {
                assert!(fault.transient && fault.place == "clock");
                fault.detail
            })
        };
        for theirs in [8_000, 10_000, 12_500] {
            assert_eq!(verdict(10_000, theirs, 10_500), None);
        }
        let ahead = verdict(10_000, 7_999, 10_500).unwrap();
        assert!(ahead.contains("2001 ms ahead of"), "{ahead}");
        let behind = verdict(10_000, 12_501, 10_500).unwrap();
        assert!(behind.contains("2001 ms behind"), "{behind}");
    }

    #[test]
    fn a_standing_clock_moves_only_when_set_and_with_its_clones() {
        let clock = Clock::standing(Timestamp::from_millis(5));
        let other = clock.clone();
        assert_eq!(other.now(), Timestamp::from_millis(5));
        clock.set(Timestamp::from_millis(9));
        assert_eq!(other.now(), Timestamp::from_millis(9));
    }

    #[test]
    fn the_system_clock_is_past_the_making_of_this_program() {
        let clock = Clock::system();
        clock.set(Timestamp::EPOCH);
        assert!(clock.now() > Timestamp::from_seconds(1_700_000_000));
    }
}
