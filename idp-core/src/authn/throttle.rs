//! Slowing down guesses: marks are counted *before* a secret is verified and given back on
//! success, so that parallel guesses do not pass.

use std::time::Duration;

use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::model::client::ClientId;
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

/// A counter of requests that wait for a person: what is begun and left must not fill the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    key: TicketKey,
    most: u32,
    reason: Reason,
}

impl Unfinished {
    /// Of those that a source or a known browser began. Only a code gives back, so that beginning
    /// and refusing in turn counts too.
    pub fn begun_at(origin: &str, rules: &ThrottleRules) -> Self {
        Self {
            key: TicketKey::of(TicketKind::Unfinished, origin),
            most: rules.unfinished_per_source,
            reason: Reason::TooManyUnfinished,
        }
    }

    /// Of those that clients without any proof pushed from a source, apart from those that wait.
    pub fn pushed_from(source: &str, rules: &ThrottleRules) -> Self {
        Self::begun_at(&format!("pushed|{source}"), rules)
    }

    /// Of those that a client pushed that proved itself, from wherever (RFC 9126 §2.3).
    pub fn pushed_by(client: &ClientId, rules: &ThrottleRules) -> Self {
        Self {
            key: TicketKey::of(TicketKind::Unfinished, &format!("pushed by|{client}")),
            most: rules.pushed_per_client,
            reason: Reason::PushedRequestsTooMany,
        }
    }

    /// Of challenges for certificates, shown to a source.
    pub fn challenged_at(source: &str, rules: &ThrottleRules) -> Self {
        Self::begun_at(&format!("certificate|{source}"), rules)
    }

    /// Where it is counted.
    pub const fn key(&self) -> TicketKey {
        self.key
    }

    /// Judges the count, this request included. `wait` is the lifetime of an interaction: the
    /// counter ends sooner, never later.
    ///
    /// # Errors
    /// [`Reason::TooManyUnfinished`], [`Reason::PushedRequestsTooMany`].
    pub fn check(&self, answer: Option<&TicketAnswer>, wait: Duration) -> Result<(), Refusal> {
        let most = i64::from(self.most);
        if matches!(answer, Some(TicketAnswer::Counted(n)) if *n <= most) {
            return Ok(());
        }
        let wait = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Err(Refusal::until(self.reason, wait))
    }
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
    fn so_many_requests_wait_and_no_more() {
        let rules = ThrottleRules {
            unfinished_per_source: 3,
            pushed_per_client: 5,
            ..ThrottleRules::default()
        };
        let client = ClientId::new("app").unwrap();
        for (counter, most, reason) in [
            (
                Unfinished::begun_at("10.0.0.1", &rules),
                3,
                Reason::TooManyUnfinished,
            ),
            (
                Unfinished::pushed_from("10.0.0.1", &rules),
                3,
                Reason::TooManyUnfinished,
            ),
            (
                Unfinished::pushed_by(&client, &rules),
                5,
                Reason::PushedRequestsTooMany,
            ),
        ] {
            let refusal = Err(Refusal::until(reason, 900));
            for (answer, expected) in [
                (Some(TicketAnswer::Counted(1)), Ok(())),
                (Some(TicketAnswer::Counted(most)), Ok(())),
                (Some(TicketAnswer::Counted(most + 1)), refusal),
                (Some(TicketAnswer::Unknown), refusal),
                (None, refusal),
            ] {
                let judged = counter.check(answer.as_ref(), Duration::from_secs(900));
                assert_eq!(judged, expected, "{counter:?} {answer:?}");
            }
        }
    }

    #[test]
    fn what_is_counted_apart_has_keys_apart() {
        let rules = ThrottleRules::default();
        let client = ClientId::new("app").unwrap();
        let keys = [
            Unfinished::begun_at("app", &rules),
            Unfinished::pushed_from("app", &rules),
            Unfinished::pushed_by(&client, &rules),
        ]
        .map(|counter| counter.key().digest);
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }
}
