//! The one place that reads the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use idp_core::base::time::Timestamp;

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

    /// Sets a standing clock; the system's clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Source::Set(millis) = &self.0 {
            millis.store(to.millis(), Ordering::Relaxed);
        }
    }
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
    use super::{Clock, Timestamp};

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
