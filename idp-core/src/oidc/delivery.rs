//! Delivering logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5): what is sent,
//! and what an attempt's result means.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::outbox::{LogoutPayload, OutboxEntry, OutboxState};
use crate::policy::Policy;

/// The `typ` of a logout token.
pub const TYP: &str = "logout+jwt";
/// A logout token is fresh for so long.
const LIFETIME: Duration = Duration::from_secs(120);
/// Attempts before a delivery is given up: with doubling pauses from 5 s to 1 h, about 4 hours.
pub const MOST_ATTEMPTS: u32 = 14;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

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
    /// There is nobody to tell any more: the client is gone, disabled, or has no address.
    NoReceiver,
}

/// The entry after an attempt, and the event if that was the last one. Payloads are wiped on
/// delivery and when given up.
pub fn settle(entry: OutboxEntry, attempt: Attempt, now: Timestamp) -> (OutboxEntry, Option<What>) {
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
        Attempt::Failed(error) if attempts >= MOST_ATTEMPTS => {
            let what = What::DeliveryFailed { client, delivery };
            (over(OutboxState::Failed, error), Some(what))
        }
        Attempt::Failed(last_error) => {
            let due_at = now + pause(attempts);
            (
                OutboxEntry {
                    attempts,
                    due_at,
                    last_error,
                    ..entry
                },
                None,
            )
        }
    }
}

/// 5 s, 10 s, 20 s … at most an hour.
fn pause(attempts: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::issuer::IssuerKey;
    use crate::model::OutboxId;
    use crate::model::client::ClientId;
    use crate::model::outbox::OutboxKind;

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
        let (delivered, what) = settle(entry(0), Attempt::Accepted, now);
        assert_eq!(
            (delivered.state, delivered.payload.as_str()),
            (OutboxState::Delivered, "")
        );
        assert!(matches!(what, Some(What::Delivered { .. })));
        let (failed, what) = settle(
            entry(MOST_ATTEMPTS - 1),
            Attempt::Failed("timeout".into()),
            now,
        );
        assert_eq!(
            (failed.state, failed.payload.as_str()),
            (OutboxState::Failed, "")
        );
        assert!(matches!(what, Some(What::DeliveryFailed { .. })));
        let (gone, _) = settle(entry(0), Attempt::NoReceiver, now);
        assert_eq!(
            (gone.state, gone.last_error.as_str()),
            (OutboxState::Failed, "no_receiver")
        );
    }

    #[test]
    fn pauses_double_up_to_an_hour() {
        let now = Timestamp::from_seconds(100);
        for (attempts, seconds) in [(0, 5), (1, 10), (4, 80), (12, 3600)] {
            let (entry, what) = settle(entry(attempts), Attempt::Failed("500".into()), now);
            assert_eq!(entry.due_at.since(now).as_secs(), seconds);
            assert_eq!((entry.payload.as_str(), what), ("sealed", None));
        }
    }
}
