//! Keys: a new one takes over from the present one, with overlap.

use std::time::Duration;

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::issuer::IssuerKey;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::Version;
use crate::model::key::{Key, KeyAlgorithm, KeyPlace, KeyPurpose};
use crate::ports::{KeyToMake, MadeKey};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// The JWA names of the algorithms for which keys are made.
pub const OFFERED: [&str; 4] = ["ES256", "RS256", "PS256", "EdDSA"];

/// The JWA names of the algorithms for which keys for encryption are made.
pub const OFFERED_FOR_ENCRYPTION: [&str; 2] = ["ECDH-ES", "RSA-OAEP-256"];

/// The name of the algorithm of refresh-token keys.
pub const REFRESH_ALGORITHM: &str = "HS256";

/// Whether keys of an algorithm are made.
pub fn is_offered(algorithm: &str) -> bool {
    OFFERED.contains(&algorithm)
}

/// A wished rotation.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    /// What for.
    pub purpose: KeyPurpose,
    /// The JWA name. When absent: for tokens the policy's algorithm, else that of the present key.
    pub algorithm: Option<String>,
    /// Where its private part is to be kept. When absent: where that of the present key is.
    pub place: Option<KeyPlace>,
    /// As after a theft: the new key signs now, the present one is no longer offered.
    pub at_once: bool,
    /// For rotations by schedule: only while the key of this name has no successor.
    pub succeeds: Option<String>,
}

/// A key that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    /// Its name: 132 random bits, so that it tells nothing about the key.
    pub kid: String,
    /// What for.
    pub purpose: KeyPurpose,
    /// What it computes.
    pub algorithm: KeyAlgorithm,
    /// Where its private part is to be kept.
    pub place: KeyPlace,
    /// The key that must have no successor yet.
    pub succeeds: Option<String>,
}

impl PlannedKey {
    /// What the key maker is asked for.
    pub fn order(&self, issuer: &IssuerKey) -> KeyToMake {
        KeyToMake {
            issuer: issuer.clone(),
            kid: self.kid.clone(),
            purpose: self.purpose,
            algorithm: self.algorithm,
            place: self.place,
        }
    }
}

/// What a rotation came to.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The new key.
    pub added: Option<Key>,
    /// The keys it takes over from, as they are now.
    pub retired: Vec<Key>,
}

/// Decides which key to make, before the slow work of making it. `has_device`: whether keys can be
/// made in a device.
///
/// Refuses with `outside_scope`, `key_missing`, `key_algorithm_unsupported`,
/// `key_place_unfit`, `key_device_missing`.
pub fn plan(
    act: &Act<'_>,
    wanted: &KeyRotation,
    keys: &[Key],
    has_device: bool,
    entropy: &mut Entropy,
) -> Decision<PlannedKey> {
    let check = || {
        act.by.needs_everything()?;
        let algorithm = algorithm(act, wanted, keys)?;
        let fits = match wanted.purpose {
            KeyPurpose::Refresh => algorithm == REFRESH_ALGORITHM,
            KeyPurpose::Token | KeyPurpose::Audit => is_offered(&algorithm),
            KeyPurpose::Encryption => OFFERED_FOR_ENCRYPTION.contains(&algorithm.as_str()),
        };
        if !fits {
            return Err(Reason::KeyAlgorithmUnsupported);
        }
        let signs = matches!(wanted.purpose, KeyPurpose::Token | KeyPurpose::Audit);
        let place = match place(act, wanted, &algorithm, keys) {
            // A tag is checked at every use of a refresh token, and forges nothing without the
            // grants in the store: not worth a round trip to the device each time. And devices are
            // only asked to sign.
            KeyPlace::Device if !signs => return Err(Reason::KeyPlaceUnfit),
            KeyPlace::Device if !has_device => return Err(Reason::KeyDeviceMissing),
            place => place,
        };
        let algorithm =
            KeyAlgorithm::parse(&algorithm).map_err(|_| Reason::KeyAlgorithmUnsupported)?;
        Ok((algorithm, place))
    };
    match check() {
        Ok((algorithm, place)) => Decision::done(PlannedKey {
            kid: Key::new_kid(entropy),
            purpose: wanted.purpose,
            algorithm,
            place,
            succeeds: wanted.succeeds.clone(),
        }),
        Err(reason) => Decision::refused(reason),
    }
}

/// The named algorithm; for tokens the one that the policy signs with, else that of the key that
/// signs now.
fn algorithm(act: &Act<'_>, wanted: &KeyRotation, keys: &[Key]) -> Result<String, Reason> {
    let present = || {
        let mut own = keys
            .iter()
            .filter(|k| k.purpose == wanted.purpose && k.is_active(act.now()));
        own.next().map(|k| k.algorithm.clone())
    };
    match &wanted.algorithm {
        Some(name) => Ok(name.clone()),
        None if wanted.purpose == KeyPurpose::Refresh => Ok(REFRESH_ALGORITHM.to_owned()),
        None if wanted.purpose == KeyPurpose::Token => Ok(act.policy.default_alg.clone()),
        None => present().ok_or(Reason::KeyMissing),
    }
}

/// The named place; else that of the newest key that would give way; else the store.
fn place(act: &Act<'_>, wanted: &KeyRotation, algorithm: &str, keys: &[Key]) -> KeyPlace {
    let newest = || {
        let replaced = keys
            .iter()
            .filter(|k| gives_way(act.now(), k, wanted.purpose, algorithm));
        replaced
            .max_by_key(|k| k.active_from)
            .map(|k| k.kept().0)
            .unwrap_or_default()
    };
    wanted.place.unwrap_or_else(newest)
}

/// Lets a new key take over from those of the same purpose and, for tokens, algorithm.
///
/// The new key is published at once and signs after the policy's announcement, so that every
/// relying party has fetched it; at once where nothing signs yet or `at_once` asks for it. An old
/// key signs until then and stays published until its last token has expired: the longest token
/// lifetime and the tolerated clock difference later. Audit keys stay known for ever, because
/// their blocks are verified for ever.
/// A key for encryption leaves the published set when its successor takes over, and decrypts for as
/// long as an old client secret is accepted.
///
/// Refuses with `outside_scope`, and with `changed_meanwhile` when the key that was to be
/// succeeded has a successor already: whoever made it was faster.
pub fn rotate(
    act: &Act<'_>,
    planned: &PlannedKey,
    (made, at_once): (MadeKey, bool),
    keys: &[Key],
    entropy: &mut Entropy,
) -> Decision<Rotated> {
    if let Err(reason) = act.by.needs_everything() {
        return Decision::refused(reason);
    }
    if let Some(kid) = &planned.succeeds
        && !keys
            .iter()
            .any(|k| k.kid == *kid && k.active_until.is_none())
    {
        return Decision::refused(Reason::ChangedMeanwhile);
    }
    let now = act.now();
    let gives_way = |k: &&Key| gives_way(now, k, planned.purpose, planned.algorithm.name());
    let replaced: Vec<&Key> = keys.iter().filter(gives_way).collect();
    let waits = !at_once && replaced.iter().any(|k| k.is_active(now));
    let from = if waits {
        now + act.policy.lifetimes.key_announcement
    } else {
        now
    };
    let added = new_key(act, planned, made, from);
    let retired: Vec<Key> = replaced
        .into_iter()
        .map(|k| retired(act, k, from, at_once))
        .collect();
    let what = What::KeyAdded {
        kid: added.kid.clone(),
        algorithm: added.algorithm.clone(),
        place: planned.place,
    };
    let mut decision = Decision::done(Rotated {
        added: Some(added.clone()),
        retired: retired.clone(),
    })
    .with_change(Change::Key(Write::Put(added)))
    .with_event(act.event(what, entropy));
    for key in retired {
        let what = What::KeyRetired {
            kid: key.kid.clone(),
        };
        decision = decision
            .with_change(Change::Key(Write::Put(key)))
            .with_event(act.event(what, entropy));
    }
    decision
}

/// Whether a key signs now or would sign later, where a new one is to sign.
fn gives_way(now: Timestamp, key: &Key, purpose: KeyPurpose, algorithm: &str) -> bool {
    let per_algorithm = matches!(purpose, KeyPurpose::Token | KeyPurpose::Encryption);
    let same = key.purpose == purpose && (key.algorithm == algorithm || !per_algorithm);
    let replaced = key
        .active_until
        .is_some_and(|end| end <= now || end <= key.active_from);
    // While a successor is announced, the present key has an end already; a newer successor
    // only ever takes over from the announced one, or, at once, from both.
    same && !replaced
}

fn new_key(act: &Act<'_>, planned: &PlannedKey, made: MadeKey, from: Timestamp) -> Key {
    Key {
        kid: planned.kid.clone(),
        version: Version::NEW,
        issuer: act.here.issuer.clone(),
        purpose: planned.purpose,
        algorithm: planned.algorithm.name().to_owned(),
        created_at: act.now(),
        active_from: from,
        active_until: None,
        published_until: None,
        public_jwk: made.public_jwk,
        sealed: made.sealed,
    }
}

fn retired(act: &Act<'_>, key: &Key, from: Timestamp, at_once: bool) -> Key {
    let lifetimes = &act.policy.lifetimes;
    let mut key = key.clone();
    let end = from.max(key.active_from);
    let end = key.active_until.map_or(end, |present| present.min(end));
    key.active_until = Some(end);
    let in_use = match key.purpose {
        // An expired ID Token still proves, as a hint, who asks for a sign-out while the session
        // lives in which it was issued (RP-Initiated Logout 1.0 §2).
        KeyPurpose::Token => [lifetimes.id_token, lifetimes.session_total]
            .into_iter()
            .fold(lifetimes.access_token, Duration::max),
        KeyPurpose::Refresh => lifetimes.refresh_token.max(lifetimes.refresh_token_native),
        KeyPurpose::Audit => return key,
        // Clients encrypt to the key that they fetched last.
        KeyPurpose::Encryption => lifetimes.secret_overlap,
    };
    let expired = end + in_use + act.policy.skew;
    key.published_until = Some(if at_once { act.now() } else { expired });
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW, Stage, done, reason};
    use crate::base::issuer::IssuerKey;

    fn key(kid: &str, purpose: KeyPurpose, algorithm: &str) -> Key {
        Key {
            kid: kid.into(),
            version: Version(1),
            issuer: IssuerKey::main(),
            purpose,
            algorithm: algorithm.into(),
            created_at: Timestamp::EPOCH,
            active_from: Timestamp::EPOCH,
            active_until: None,
            published_until: None,
            public_jwk: Some(serde_json::json!({})),
            sealed: String::new(),
        }
    }

    fn wanted(purpose: KeyPurpose, algorithm: Option<&str>) -> KeyRotation {
        KeyRotation {
            purpose,
            algorithm: algorithm.map(str::to_owned),
            place: None,
            at_once: false,
            succeeds: None,
        }
    }

    fn run(stage: &Stage, keys: &[Key], wanted: &KeyRotation) -> Rotated {
        let mut entropy = sample::entropy();
        let planned = done(plan(&stage.act(), wanted, keys, true, &mut entropy));
        let made = MadeKey {
            public_jwk: Some(serde_json::json!({})),
            sealed: "s".into(),
        };
        done(rotate(
            &stage.act(),
            &planned,
            (made, wanted.at_once),
            keys,
            &mut entropy,
        ))
    }

    #[test]
    fn keys_are_planned_by_rule() {
        use KeyPurpose::{Audit, Encryption, Refresh, Token};
        let keys = [key("a", Token, "ES256")];
        let (province, health) = (Stage::province(), Stage::health());
        for (stage, wanted, answer) in [
            (&province, wanted(Token, None), Ok("ES256")),
            (&province, wanted(Token, Some("RS256")), Ok("RS256")),
            (&province, wanted(Token, Some("PS256")), Ok("PS256")),
            (&province, wanted(Token, Some("EdDSA")), Ok("EdDSA")),
            (&province, wanted(Refresh, None), Ok("HS256")),
            (
                &province,
                wanted(Refresh, Some("ES256")),
                Err(Reason::KeyAlgorithmUnsupported),
            ),
            (
                &province,
                wanted(Token, Some("HS256")),
                Err(Reason::KeyAlgorithmUnsupported),
            ),
            (
                &province,
                wanted(Token, Some("none")),
                Err(Reason::KeyAlgorithmUnsupported),
            ),
            (&province, wanted(Audit, None), Err(Reason::KeyMissing)),
            (&province, wanted(Encryption, None), Err(Reason::KeyMissing)),
            (
                &province,
                wanted(Encryption, Some("ECDH-ES")),
                Ok("ECDH-ES"),
            ),
            (
                &province,
                wanted(Encryption, Some("RSA-OAEP-256")),
                Ok("RSA-OAEP-256"),
            ),
            (
                &province,
                wanted(Encryption, Some("ES256")),
                Err(Reason::KeyAlgorithmUnsupported),
            ),
            (
                &province,
                wanted(Token, Some("ECDH-ES")),
                Err(Reason::KeyAlgorithmUnsupported),
            ),
            (&health, wanted(Token, None), Err(Reason::OutsideScope)),
        ] {
            let decision = plan(&stage.act(), &wanted, &keys, false, &mut sample::entropy());
            match answer {
                Ok(algorithm) => {
                    assert_eq!(done(decision).algorithm.name(), algorithm, "{wanted:?}");
                }
                Err(expected) => assert_eq!(reason(&decision), Some(expected), "{wanted:?}"),
            }
        }
    }

    #[test]
    fn a_successor_is_made_where_its_predecessor_is_unless_another_place_is_named() {
        use KeyPlace::{Device, Store};
        use KeyPurpose::{Audit, Encryption, Refresh, Token};
        let in_device = |kid, purpose, algorithm| Key {
            sealed: Key::mark(Device, "x"),
            active_from: Timestamp::EPOCH + Duration::from_secs(1),
            ..key(kid, purpose, algorithm)
        };
        let keys = [
            key("a", Token, "ES256"),
            in_device("b", Token, "ES256"),
            key("c", Token, "RS256"),
            in_device("d", Audit, "ES256"),
            key("e", Refresh, "HS256"),
        ];
        let stage = Stage::province();
        let missing = Err(Reason::KeyDeviceMissing);
        for (purpose, algorithm, named, device, answer) in [
            (Token, "ES256", None, true, Ok(Device)),
            (Token, "ES256", Some(Store), true, Ok(Store)),
            (Token, "RS256", None, true, Ok(Store)),
            (Token, "RS256", Some(Device), true, Ok(Device)),
            (Token, "PS256", None, true, Ok(Store)),
            (Audit, "EdDSA", None, true, Ok(Device)),
            (Refresh, "HS256", None, true, Ok(Store)),
            (
                Encryption,
                "ECDH-ES",
                Some(Device),
                true,
                Err(Reason::KeyPlaceUnfit),
            ),
            (Token, "ES256", None, false, missing),
            (Token, "ES256", Some(Store), false, Ok(Store)),
            (
                Refresh,
                "HS256",
                Some(Device),
                true,
                Err(Reason::KeyPlaceUnfit),
            ),
        ] {
            let wish = KeyRotation {
                place: named,
                ..wanted(purpose, Some(algorithm))
            };
            let decision = plan(&stage.act(), &wish, &keys, device, &mut sample::entropy());
            match answer {
                Ok(place) => assert_eq!(done(decision).place, place, "{wish:?}"),
                Err(expected) => assert_eq!(reason(&decision), Some(expected), "{wish:?}"),
            }
        }
    }

    #[test]
    fn a_new_key_is_announced_and_the_old_one_outlives_its_last_token() {
        let stage = Stage::province();
        let keys = [
            key("a", KeyPurpose::Token, "ES256"),
            key("b", KeyPurpose::Token, "RS256"),
        ];
        let rotated = run(&stage, &keys, &wanted(KeyPurpose::Token, None));
        let added = rotated.added.unwrap();
        let from = NOW + Duration::from_secs(3600);
        assert_eq!((added.active_from, added.is_published(NOW)), (from, true));
        assert_eq!(
            rotated.retired.len(),
            1,
            "the key of the other algorithm stays"
        );
        let old = &rotated.retired[0];
        assert_eq!(old.active_until, Some(from));
        assert_eq!(
            old.published_until,
            Some(from + Duration::from_secs(10 * 3600 + 30))
        );
        let signs = |at| [old, &added].iter().filter(|k| k.is_active(at)).count();
        for at in [
            NOW,
            from - Duration::from_millis(1),
            from,
            from + Duration::from_secs(9),
        ] {
            assert_eq!(signs(at), 1, "exactly one signs at any time");
        }
    }

    #[test]
    fn a_stolen_key_is_withdrawn_at_once() {
        let stage = Stage::province();
        let keys = [key("a", KeyPurpose::Token, "ES256")];
        let at_once = KeyRotation {
            at_once: true,
            ..wanted(KeyPurpose::Token, None)
        };
        let rotated = run(&stage, &keys, &at_once);
        assert!(rotated.added.unwrap().is_active(NOW));
        assert!(!rotated.retired[0].is_active(NOW) && !rotated.retired[0].is_published(NOW));
    }

    #[test]
    fn a_second_rotation_during_the_announcement_leaves_one_signer() {
        let stage = Stage::province();
        let keys = [key("a", KeyPurpose::Token, "ES256")];
        let first = run(&stage, &keys, &wanted(KeyPurpose::Token, None));
        let keys: Vec<Key> = first.added.into_iter().chain(first.retired).collect();
        for at_once in [false, true] {
            let again = KeyRotation {
                at_once,
                ..wanted(KeyPurpose::Token, None)
            };
            let second = run(&stage, &keys, &again);
            let all: Vec<Key> = second.added.into_iter().chain(second.retired).collect();
            assert_eq!(all.len(), 3);
            for hours in 0..4 {
                let at = NOW + Duration::from_secs(hours * 3600);
                assert_eq!(
                    all.iter().filter(|k| k.is_active(at)).count(),
                    1,
                    "{at_once} {hours}"
                );
            }
        }
    }

    #[test]
    fn a_key_that_has_a_successor_gets_no_second_one_by_schedule() {
        let stage = Stage::province();
        let mut old = key("a", KeyPurpose::Token, "ES256");
        let wish = KeyRotation {
            succeeds: Some("a".into()),
            ..wanted(KeyPurpose::Token, None)
        };
        let keys = [old.clone()];
        let mut entropy = sample::entropy();
        let planned = done(plan(&stage.act(), &wish, &keys, false, &mut entropy));
        let mut attempt = |keys: &[Key]| {
            let made = MadeKey {
                public_jwk: None,
                sealed: String::new(),
            };
            rotate(&stage.act(), &planned, (made, false), keys, &mut entropy)
        };
        assert!(done(attempt(&keys)).added.is_some());
        old.active_until = Some(NOW);
        for keys in [&[old][..], &[]] {
            assert_eq!(reason(&attempt(keys)), Some(Reason::ChangedMeanwhile));
        }
    }

    #[test]
    fn audit_keys_stay_known_and_a_first_key_signs_at_once() {
        let stage = Stage::province();
        let audit = run(
            &stage,
            &[key("a", KeyPurpose::Audit, "ES256")],
            &wanted(KeyPurpose::Audit, Some("EdDSA")),
        );
        assert_eq!(audit.retired[0].published_until, None);
        let first = run(&stage, &[], &wanted(KeyPurpose::Token, Some("ES256")));
        assert!(first.added.unwrap().is_active(NOW) && first.retired.is_empty());
    }
}
