//! When keys are followed by others without anybody asking.

use std::collections::BTreeSet;
use std::time::Duration;

use super::key::{KeyRotation, OFFERED_FOR_ENCRYPTION, is_offered};
use crate::base::time::Timestamp;
use crate::model::key::{Key, KeyPurpose};

/// The rotations that are due at `now`: of keys of tokens, of the audit and for encryption that have
/// no end yet and will have worked for `every` when a successor takes over that is made now and announced for
/// `announcement`. One for each algorithm that signs tokens, and one for the audit; each names the
/// key it succeeds, and its successor's place is its own. Keys of refresh tokens, and of algorithms
/// that are no longer offered, are left to people.
pub fn due(
    keys: &[Key],
    (every, announcement): (Duration, Duration),
    now: Timestamp,
) -> Vec<KeyRotation> {
    let mut open: Vec<&Key> = keys.iter().filter(|key| is_scheduled(key)).collect();
    open.sort_by_key(|key| std::cmp::Reverse(key.active_from));
    let mut seen = BTreeSet::new();
    // The newest counts: it is the one that would still sign.
    open.retain(|key| seen.insert(slot(key)));
    open.into_iter()
        .filter(|key| key.active_from + every <= now + announcement)
        .map(|key| KeyRotation {
            purpose: key.purpose,
            algorithm: Some(key.algorithm.clone()),
            place: Some(key.kept().0),
            at_once: false,
            succeeds: Some(key.kid.clone()),
        })
        .collect()
}

fn is_scheduled(key: &Key) -> bool {
    let offered = match key.purpose {
        KeyPurpose::Token | KeyPurpose::Audit => is_offered(&key.algorithm),
        KeyPurpose::Encryption => OFFERED_FOR_ENCRYPTION.contains(&key.algorithm.as_str()),
        KeyPurpose::Refresh => false,
    };
    offered && key.active_until.is_none()
}

/// One key works in each: for tokens of an algorithm, for encryption of an algorithm, or the audit.
/// The names of the algorithms of tokens and of encryption differ.
fn slot(key: &Key) -> (bool, &str) {
    match key.purpose {
        KeyPurpose::Token | KeyPurpose::Encryption => (true, &key.algorithm),
        KeyPurpose::Audit | KeyPurpose::Refresh => (false, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::issuer::IssuerKey;
    use crate::model::Version;
    use crate::model::key::KeyPlace;

    const DAY: Duration = Duration::from_secs(86_400);
    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn key(kid: &str, purpose: KeyPurpose, algorithm: &str, days: u32) -> Key {
        Key {
            kid: kid.into(),
            version: Version(1),
            issuer: IssuerKey::main(),
            purpose,
            algorithm: algorithm.into(),
            created_at: NOW - DAY * days,
            active_from: NOW - DAY * days,
            active_until: None,
            published_until: None,
            public_jwk: None,
            sealed: String::new(),
        }
    }

    fn kids(keys: &[Key], now: Timestamp) -> Vec<String> {
        let due = due(keys, (DAY * 90, HOUR), now);
        due.into_iter().filter_map(|wish| wish.succeeds).collect()
    }

    #[test]
    fn a_successor_is_due_an_announcement_before_its_time() {
        use KeyPurpose::{Audit, Encryption, Refresh, Token};
        let turn = NOW + DAY * 90 - HOUR;
        for (purpose, algorithm, at, expected) in [
            (Token, "ES256", turn - Duration::from_millis(1), false),
            (Token, "ES256", turn, true),
            (Token, "ES256", turn + DAY * 1000, true),
            (Audit, "EdDSA", turn, true),
            (Refresh, "HS256", turn, false),
            (Encryption, "ECDH-ES", turn, true),
            (Token, "ES384", turn, false),
        ] {
            let keys = [key("a", purpose, algorithm, 0)];
            let found = !kids(&keys, at).is_empty();
            assert_eq!(found, expected, "{purpose:?} {algorithm} {at:?}");
        }
    }

    #[test]
    fn only_the_newest_of_each_that_has_no_end_is_followed_and_where_it_is_kept() {
        use KeyPurpose::{Audit, Token};
        let mut ended = key("ended", Token, "PS256", 400);
        ended.active_until = Some(NOW);
        let mut device = key("device", Token, "RS256", 100);
        device.sealed = Key::mark(KeyPlace::Device, "x");
        let keys = [
            ended,
            key("older", Token, "ES256", 200),
            key("newer", Token, "ES256", 10),
            device,
            key("audit-older", Audit, "ES256", 300),
            key("audit", Audit, "EdDSA", 91),
        ];
        assert_eq!(kids(&keys, NOW), ["audit", "device"]);
        let places: Vec<_> = due(&keys, (DAY * 90, HOUR), NOW)
            .into_iter()
            .map(|wish| wish.place)
            .collect();
        assert_eq!(places, [Some(KeyPlace::Store), Some(KeyPlace::Device)]);
    }
}
