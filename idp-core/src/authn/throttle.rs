//! Slowing down guesses: marks are counted *before* a secret is verified and given back on
//! success, so that parallel guesses do not pass.

use std::time::Duration;

use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::model::identifier::IdentifierKey;
use crate::policy::ThrottleRules;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp};

/// The counters of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    account: TicketKey,
    source: TicketKey,
    exempt: bool,
}

impl Counters {
    /// The counters for a name typed by a source. A browser that signed in to this account before
    /// has a count of its own for the account, so that nobody else in its office can lock it out;
    /// its guesses count for its source all the same.
    pub fn of(typed: &IdentifierKey, source: &str, known_browser: Option<&str>) -> Self {
        let origin = known_browser.unwrap_or(source);
        let account = format!("{}|{origin}", typed.as_str());
        Self {
            account: TicketKey::of(TicketKind::ThrottleAccount, &account),
            source: TicketKey::of(TicketKind::ThrottleSource, source),
            exempt: known_browser.is_some(),
        }
    }

    /// The operations that count an attempt (`by` 1) or give it back (`by` -1).
    pub fn count(&self, by: i64, now: Timestamp, rules: &ThrottleRules) -> Vec<TicketOp> {
        let until = now + rules.window;
        vec![
            TicketOp::Count {
                key: self.account,
                by,
                until,
            },
            TicketOp::Count {
                key: self.source,
                by,
                until,
            },
        ]
    }

    /// Judges the counts, this attempt included: the account's for everybody, the source's for
    /// all but a known browser.
    ///
    /// # Errors
    /// [`Reason::SignInThrottled`] with the window as the time to wait: the counter may end sooner,
    /// never later.
    pub fn check(&self, answers: &[TicketAnswer], rules: &ThrottleRules) -> Result<(), Refusal> {
        let counted = |place: usize| match answers.get(place) {
            Some(TicketAnswer::Counted(n)) => *n,
            // A store that does not count must not let guesses through.
            _ => i64::MAX,
        };
        let over = counted(0) > i64::from(rules.per_account_and_source)
            || !self.exempt && counted(1) > i64::from(rules.per_source);
        let wait = u32::try_from(rules.window.as_secs()).unwrap_or(u32::MAX);
        if over {
            Err(Refusal::until(Reason::SignInThrottled, wait))
        } else {
            Ok(())
        }
    }
}

/// The counters of one user code that somebody typed (RFC 8628 §5.1): of the person who is signed
/// in, in whichever session, and of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCodeCounters {
    person: TicketKey,
    source: TicketKey,
}

impl UserCodeCounters {
    /// The counters of a person at a source.
    pub fn of(person: UserId, source: &str) -> Self {
        let key = |text: String| TicketKey::of(TicketKind::ThrottleUserCode, &text);
        Self {
            person: key(format!("person|{person}")),
            source: key(format!("source|{source}")),
        }
    }

    /// The operations that count a code (`by` 1) or give it back (`by` -1).
    pub fn count(&self, by: i64, now: Timestamp, rules: &ThrottleRules) -> Vec<TicketOp> {
        let until = now + rules.window;
        [self.person, self.source]
            .map(|key| TicketOp::Count { key, by, until })
            .to_vec()
    }

    /// Judges the counts, this code included: as many wrong ones as wrong passwords, for one
    /// person and for one source.
    ///
    /// # Errors
    /// [`Reason::UserCodesThrottled`].
    pub fn check(&self, answers: &[TicketAnswer], rules: &ThrottleRules) -> Result<(), Refusal> {
        let within = |place: usize, most: u32| matches!(answers.get(place), Some(TicketAnswer::Counted(n)) if *n <= i64::from(most));
        if within(0, rules.per_account_and_source) && within(1, rules.per_source) {
            return Ok(());
        }
        let wait = u32::try_from(rules.window.as_secs()).unwrap_or(u32::MAX);
        Err(Refusal::until(Reason::UserCodesThrottled, wait))
    }
}

/// The counter of requests that wait for a person, of a source or of a known browser: what
/// strangers begin and leave must not fill the store. Only a code gives back, so that beginning
/// and refusing in turn counts too.
pub fn unfinished(origin: &str) -> TicketKey {
    TicketKey::of(TicketKind::Unfinished, origin)
}

/// Judges the count of waiting requests of one origin, this one included. `wait` is the lifetime of
/// an interaction: the counter ends sooner, never later.
///
/// # Errors
/// [`Reason::TooManyUnfinished`].
pub fn check_unfinished(
    answer: Option<&TicketAnswer>,
    rules: &ThrottleRules,
    wait: Duration,
) -> Result<(), Refusal> {
    let limit = i64::from(rules.unfinished_per_source);
    if matches!(answer, Some(TicketAnswer::Counted(n)) if *n <= limit) {
        return Ok(());
    }
    let wait = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    Err(Refusal::until(Reason::TooManyUnfinished, wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_wrong_attempt_waits_and_a_silent_store_lets_nothing_through() {
        let rules = ThrottleRules::default();
        let name = IdentifierKey::typed("an").unwrap();
        let refusal = Err(Refusal::until(Reason::SignInThrottled, 900));
        for (known, account, source, expected) in [
            (None, 5, 5, Ok(())),
            (None, 6, 6, refusal),
            (None, 1, 301, refusal),
            (Some("browser"), 5, 301, Ok(())),
            (Some("browser"), 6, 6, refusal),
        ] {
            let counters = Counters::of(&name, "10.0.0.1", known);
            let counts = [account, source].map(TicketAnswer::Counted);
            assert_eq!(
                counters.check(&counts, &rules),
                expected,
                "{account} {source}"
            );
            assert!(counters.check(&[], &rules).is_err());
        }
    }

    #[test]
    fn a_known_browser_has_a_count_of_its_own_beside_its_source_s() {
        let name = IdentifierKey::typed("an").unwrap();
        let office = Counters::of(&name, "10.0.0.1", None);
        let known = Counters::of(&name, "10.0.0.1", Some("browser"));
        assert_ne!(office.account, known.account);
        assert_eq!(office.source, known.source);
        assert_eq!(
            office,
            Counters::of(&IdentifierKey::typed("AN").unwrap(), "10.0.0.1", None)
        );
    }

    #[test]
    fn a_source_lets_so_many_requests_wait_and_no_more() {
        let rules = ThrottleRules {
            unfinished_per_source: 3,
            ..ThrottleRules::default()
        };
        let refusal = Err(Refusal::until(Reason::TooManyUnfinished, 900));
        for (answer, expected) in [
            (Some(TicketAnswer::Counted(1)), Ok(())),
            (Some(TicketAnswer::Counted(3)), Ok(())),
            (Some(TicketAnswer::Counted(4)), refusal),
            (Some(TicketAnswer::Unknown), refusal),
            (None, refusal),
        ] {
            let wait = Duration::from_secs(900);
            let judged = check_unfinished(answer.as_ref(), &rules, wait);
            assert_eq!(judged, expected, "{answer:?}");
        }
    }
}
