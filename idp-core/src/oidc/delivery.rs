//! Delivering logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5): what is sent,
//! and what an attempt's result means.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::outbox::{LogoutPayload, OutboxEntry, OutboxState};
use crate::policy::{DeliveryPauses, Policy};

/// The `typ` of a logout token.
pub const TYP: &str = "logout+jwt";
/// A logout token is fresh for so long.
const LIFETIME: Duration = Duration::from_secs(120);
/// Attempts before a delivery is given up: with doubling pauses from 5 s to the policy's longest (1 h
/// unless set otherwise), about 4 hours.
pub const MOST_ATTEMPTS: u32 = 14;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// A delivery that was only put off is given up at this age, a little later than one that was
/// tried to the end: a logout token for a session long over helps nobody.
const GIVEN_UP: Duration = Duration::from_secs(5 * 3600);
/// A receiver that failed so often in a row is left alone for a while.
pub const PAUSED_AFTER: u32 = 3;
/// The deliveries of one receiver that were taken together may take so long; the rest is given
/// back, so that one slow receiver does not keep the next round waiting.
const TURN: Duration = Duration::from_secs(20);

/// The claims of a logout token. It carries no `nonce` (§2.4).
pub fn claims(
    entry: &OutboxEntry,
    payload: &LogoutPayload,
    (now, policy): (Timestamp, &Policy),
    entropy: &mut Entropy,
) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", policy.issuer.as_str().into());
    put("aud", entry.client.as_str().into());
    put("sub", payload.sub.clone().into());
    put("sid", payload.sid.clone().into());
    put("iat", now.seconds().into());
    put("exp", (now + LIFETIME).seconds().into());
    let jti = Id::<()>::from_u128(u128::from_be_bytes(entropy.bytes()));
    put("jti", jti.to_string().into());
    put(
        "events",
        json!({"http://schemas.openid.net/event/backchannel-logout": {}}),
    );
    claims
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver answered 200 or 204 (§2.8).
    Accepted,
    /// It answered something else, or nothing: a word of a closed list, or a status.
    Failed(String),
    /// It was never sent, because of something on our side: a word of a closed list.
    Unsent(&'static str),
    /// There is nobody to tell any more: the client is gone, disabled, or has no address.
    NoReceiver,
}

/// How a receiver did lately: what a breaker has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures since it last accepted something.
    pub failures: u32,
    /// Left alone until then.
    pub paused_until: Option<Timestamp>,
}

impl Health {
    /// The health after an attempt. From [`PAUSED_AFTER`] failures in a row on, the receiver is
    /// left alone, 20 s at first, twice as long after each further failure, as long at most as
    /// the policy says. What never left us says nothing about the receiver.
    #[must_use]
    pub fn after(self, attempt: &Attempt, pauses: DeliveryPauses, now: Timestamp) -> Self {
        match attempt {
            Attempt::Unsent(_) => self,
            Attempt::Accepted | Attempt::NoReceiver => Self::default(),
            Attempt::Failed(_) => {
                let failures = self.failures.saturating_add(1);
                let rests = failures >= PAUSED_AFTER;
                let until = rests.then(|| now + pause(failures).min(pauses.longest_break));
                Self {
                    failures,
                    paused_until: until,
                }
            }
        }
    }
}

/// What happens with a delivery whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is tried.
    Attempt,
    /// Its receiver is left alone until then; it waits without having been tried.
    PutOff(Timestamp),
    /// The turn of its receiver is over; it stays due.
    GiveBack,
}

/// Decides what happens with a receiver's next delivery at `now`, in a turn that began at `begun`.
pub fn turn(health: Health, begun: Timestamp, now: Timestamp) -> Turn {
    match health.paused_until.filter(|until| now < *until) {
        Some(until) => Turn::PutOff(until),
        None if now.since(begun) >= TURN => Turn::GiveBack,
        None => Turn::Attempt,
    }
}

/// The entry that waits because its receiver has more than its turn already: others go before.
#[must_use]
pub fn wait(entry: OutboxEntry, now: Timestamp) -> OutboxEntry {
    OutboxEntry {
        due_at: now + TURN,
        ..entry
    }
}

/// The entry that waits until its receiver is tried again, or is given up because it is too old.
pub fn put_off(
    entry: OutboxEntry,
    until: Timestamp,
    now: Timestamp,
) -> (OutboxEntry, Option<What>) {
    if now.since(entry.created_at) >= GIVEN_UP {
        let what = What::DeliveryFailed {
            client: entry.client.clone(),
            delivery: entry.id,
        };
        let failed = OutboxEntry {
            state: OutboxState::Failed,
            payload: String::new(),
            ..paused(entry)
        };
        return (failed, Some(what));
    }
    let waits = OutboxEntry {
        due_at: until,
        ..paused(entry)
    };
    (waits, None)
}

/// Says that the receiver is the trouble, unless an attempt said it more exactly.
fn paused(entry: OutboxEntry) -> OutboxEntry {
    let last_error = match entry.last_error.as_str() {
        "" => "receiver_paused".to_owned(),
        _ => entry.last_error.clone(),
    };
    OutboxEntry {
        last_error,
        ..entry
    }
}

/// The entry after an attempt, and the event if that was the last one. Payloads are wiped on
/// delivery and when given up.
pub fn settle(
    entry: OutboxEntry,
    attempt: Attempt,
    pauses: DeliveryPauses,
    now: Timestamp,
) -> (OutboxEntry, Option<What>) {
    let attempts = entry.attempts.saturating_add(1);
    let (client, delivery) = (entry.client.clone(), entry.id);
    let over = |state, last_error: String| OutboxEntry {
        state,
        attempts,
        payload: String::new(),
        last_error,
        ..entry.clone()
    };
    match attempt {
        Attempt::Accepted => {
            let what = What::Delivered { client, delivery };
            (over(OutboxState::Delivered, String::new()), Some(what))
        }
        Attempt::NoReceiver => {
            let what = What::DeliveryFailed { client, delivery };
            (
                over(OutboxState::Failed, "no_receiver".to_owned()),
                Some(what),
            )
        }
        Attempt::Failed(error) => again(entry, error, pauses, now),
        Attempt::Unsent(word) => again(entry, word.to_owned(), pauses, now),
    }
}

/// Waits for its next attempt, or is given up after the last.
fn again(
    entry: OutboxEntry,
    last_error: String,
    pauses: DeliveryPauses,
    now: Timestamp,
) -> (OutboxEntry, Option<What>) {
    let attempts = entry.attempts.saturating_add(1);
    if attempts >= MOST_ATTEMPTS {
        let what = What::DeliveryFailed {
            client: entry.client.clone(),
            delivery: entry.id,
        };
        let failed = OutboxEntry {
            state: OutboxState::Failed,
            payload: String::new(),
            attempts,
            last_error,
            ..entry
        };
        return (failed, Some(what));
    }
    let waits = OutboxEntry {
        attempts,
        due_at: now + pause(attempts).min(pauses.longest_pause),
        last_error,
        ..entry
    };
    (waits, None)
}

/// 5 s, 10 s, 20 s …
fn pause(attempts: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::issuer::IssuerKey;
    use crate::model::OutboxId;
    use crate::model::client::ClientId;
    use crate::model::outbox::OutboxKind;

    const USUAL: DeliveryPauses = DeliveryPauses {
        longest_pause: Duration::from_secs(3600),
        longest_break: Duration::from_secs(900),
    };

    fn entry(attempts: u32) -> OutboxEntry {
        OutboxEntry {
            id: OutboxId::from_u128(1),
            issuer: IssuerKey::main(),
            kind: OutboxKind::BackChannelLogout,
            client: ClientId::new("app").unwrap(),
            payload: "sealed".into(),
            state: OutboxState::Pending,
            attempts,
            due_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            last_error: String::new(),
        }
    }

    #[test]
    fn payloads_are_wiped_when_an_entry_is_over() {
        let now = Timestamp::from_seconds(100);
        let (delivered, what) = settle(entry(0), Attempt::Accepted, USUAL, now);
        assert_eq!(
            (delivered.state, delivered.payload.as_str()),
            (OutboxState::Delivered, "")
        );
        assert!(matches!(what, Some(What::Delivered { .. })));
        let (failed, what) = settle(
            entry(MOST_ATTEMPTS - 1),
            Attempt::Failed("timeout".into()),
            USUAL,
            now,
        );
        assert_eq!(
            (failed.state, failed.payload.as_str()),
            (OutboxState::Failed, "")
        );
        assert!(matches!(what, Some(What::DeliveryFailed { .. })));
        let (gone, _) = settle(entry(0), Attempt::NoReceiver, USUAL, now);
        assert_eq!(
            (gone.state, gone.last_error.as_str()),
            (OutboxState::Failed, "no_receiver")
        );
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_receiver_that_keeps_failing_is_left_alone_longer_and_longer() {
        let failed = Attempt::Failed("timeout".into());
        let mut health = Health::default();
        for rests in [None, None, Some(20), Some(40), Some(80)] {
            health = health.after(&failed, USUAL, at(100));
            let until = rests.map(|seconds| at(100 + seconds));
            assert_eq!(health.paused_until, until, "{health:?}");
        }
        let long = Health {
            failures: 30,
            paused_until: None,
        };
        let rests = long.after(&failed, USUAL, at(0)).paused_until;
        assert_eq!(rests, Some(at(900)));
        assert_eq!(
            health.after(&Attempt::Unsent("cannot_sign"), USUAL, at(0)),
            health
        );
        for good in [Attempt::Accepted, Attempt::NoReceiver] {
            assert_eq!(health.after(&good, USUAL, at(0)), Health::default());
        }
    }

    #[test]
    fn a_turn_has_an_end_and_a_paused_receiver_none() {
        let paused = Health {
            failures: 3,
            paused_until: Some(at(50)),
        };
        for (health, begun, now, expected) in [
            (Health::default(), 0, 0, Turn::Attempt),
            (Health::default(), 0, 19, Turn::Attempt),
            (Health::default(), 0, 20, Turn::GiveBack),
            (paused, 49, 49, Turn::PutOff(at(50))),
            (paused, 0, 49, Turn::PutOff(at(50))),
            (paused, 50, 50, Turn::Attempt),
        ] {
            assert_eq!(turn(health, at(begun), at(now)), expected, "{now}");
        }
    }

    #[test]
    fn what_is_put_off_was_not_tried_and_is_given_up_when_old() {
        let (waits, what) = put_off(entry(2), at(50), at(10));
        assert_eq!((waits.due_at, waits.attempts, what), (at(50), 2, None));
        assert_eq!(
            (waits.payload.as_str(), waits.last_error.as_str()),
            ("sealed", "receiver_paused")
        );
        let tried = OutboxEntry {
            last_error: "503".into(),
            ..entry(2)
        };
        let (waits, _) = put_off(tried.clone(), at(50), at(10));
        assert_eq!(waits.last_error, "503");
        let (failed, what) = put_off(tried, at(50), at(5 * 3600));
        assert_eq!(
            (failed.state, failed.payload.as_str()),
            (OutboxState::Failed, "")
        );
        assert!(matches!(what, Some(What::DeliveryFailed { .. })));
    }

    #[test]
    fn what_we_could_not_send_is_tried_again_too() {
        let (waits, what) = settle(entry(0), Attempt::Unsent("cannot_sign"), USUAL, at(100));
        assert_eq!((waits.due_at, what), (at(105), None));
        assert_eq!(waits.last_error, "cannot_sign");
    }

    #[test]
    fn pauses_double_up_to_an_hour() {
        let now = Timestamp::from_seconds(100);
        for (attempts, seconds) in [(0, 5), (1, 10), (4, 80), (12, 3600)] {
            let (entry, what) = settle(entry(attempts), Attempt::Failed("500".into()), USUAL, now);
            assert_eq!(entry.due_at.since(now).as_secs(), seconds);
            assert_eq!((entry.payload.as_str(), what), ("sealed", None));
        }
        assert_eq!(USUAL, DeliveryPauses::default());
    }

    #[test]
    fn pauses_are_as_short_as_the_policy_wants_them() {
        let short = DeliveryPauses {
            longest_pause: Duration::from_secs(8),
            longest_break: Duration::from_secs(8),
        };
        let failed = || Attempt::Failed("refused".into());
        let (waits, _) = settle(entry(6), failed(), short, at(100));
        assert_eq!(waits.due_at, at(108));
        let health = Health {
            failures: 6,
            paused_until: None,
        };
        let rests = health.after(&failed(), short, at(100)).paused_until;
        assert_eq!(rests, Some(at(108)));
    }
}
