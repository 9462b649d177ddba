//! Keys that follow each other by schedule, under a clock that moves.

use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::base::time::Timestamp;
use crate::flow::admin::key::{Renewed, renew};
use crate::model::key::{Key, KeyAlgorithm};
use sample::NOW;

const DAY: Duration = Duration::from_secs(86_400);

/// The sample province with the default schedule and a key of each kind, made at [`NOW`].
async fn scheduled() -> Provider {
    let provider = provider().await;
    for (seed, (purpose, algorithm)) in (200..).zip([
        (KeyPurpose::Token, Some("ES256")),
        (KeyPurpose::Token, Some("RS256")),
        (KeyPurpose::Audit, Some("ES256")),
        (KeyPurpose::Refresh, None),
    ]) {
        let wanted = KeyRotation {
            purpose,
            algorithm: algorithm.map(str::to_owned),
            place: None,
            at_once: false,
            succeeds: None,
        };
        let mut desk = server(&provider, NOW, seed);
        key::rotate(&mut desk, &wanted, &Closed).await.unwrap();
    }
    provider
}

/// A desk of the server itself at a time; `seed` tells its names from those of other desks.
fn server(provider: &Provider, at: Timestamp, seed: u8) -> Administration {
    let context = RequestContext {
        here: Circumstances::of_system(IssuerKey::main(), at),
        entropy: Entropy::from_seed(&[seed; 32]),
        source: "test".into(),
    };
    Administration::new(provider.clone(), context, Acting::Installation)
}

async fn round(provider: &Provider, holder: &str, at: Timestamp) -> Renewed {
    let seed = u8::try_from(at.since(NOW).as_secs() / 3600 % 251).unwrap();
    let mut desk = server(provider, at, seed);
    renew(&mut desk, holder, &Closed).await.unwrap()
}

async fn keys(provider: &Provider) -> Vec<Key> {
    provider.records.keys(&IssuerKey::main()).await.unwrap()
}

#[tokio::test]
async fn over_a_year_one_key_of_each_kind_signs_and_was_announced_before() {
    let provider = scheduled().await;
    for day in 0..400 {
        let at = NOW + DAY * day;
        let holder = if day % 2 == 0 { "a" } else { "b" };
        let renewed = round(&provider, holder, at).await;
        assert_eq!(renewed.overdue, 0, "{:?}", renewed.failure);
        let keys = keys(&provider).await;
        for (purpose, algorithm) in [
            (KeyPurpose::Token, "ES256"),
            (KeyPurpose::Token, "RS256"),
            (KeyPurpose::Audit, "ES256"),
            (KeyPurpose::Refresh, "HS256"),
        ] {
            for hours in [0, 1, 23] {
                let at = at + Duration::from_secs(hours * 3600);
                let own = |k: &&Key| k.purpose == purpose && k.algorithm == algorithm;
                let active: Vec<_> = keys
                    .iter()
                    .filter(own)
                    .filter(|k| k.is_active(at))
                    .collect();
                assert_eq!(active.len(), 1, "day {day} {purpose:?} {algorithm}");
                let announced = active[0].active_from.since(active[0].created_at);
                let first = active[0].created_at == NOW;
                assert!(first || announced == Duration::from_secs(3600));
            }
        }
        let published = keys.iter().filter(|k| k.is_published(at)).count();
        assert!((2..=4).contains(&published), "{published} are published");
    }
    let keys = keys(&provider).await;
    let count = |purpose| keys.iter().filter(|k| k.purpose == purpose).count();
    // The first of each, and four successors in 400 days; refresh keys are left to people.
    assert_eq!(count(KeyPurpose::Token), 2 * 5);
    assert_eq!(count(KeyPurpose::Audit), 5);
    assert_eq!(count(KeyPurpose::Refresh), 1);
    let events = provider.records.events_before(None, 1).await.unwrap();
    assert!(
        events[0].body.contains("\"system\"") && events[0].body.contains("key_retired"),
        "{}",
        events[0].body
    );
}

#[tokio::test]
async fn nothing_is_made_before_its_time_without_a_schedule_or_without_the_lease() {
    let provider = scheduled().await;
    let turn = NOW + DAY * 90 - Duration::from_secs(3600);
    let early = round(&provider, "a", turn - Duration::from_millis(1)).await;
    assert!(early.rotated.is_empty());
    let mut none = provider.clone();
    none.policy = Arc::new(Policy {
        key_rotation: None,
        ..Policy::clone(&provider.policy)
    });
    assert!(round(&none, "a", turn).await.rotated.is_empty());
    let until = turn + Duration::from_secs(60);
    let records = &provider.records;
    assert!(
        records
            .lease("key-rotation", "other", turn, until)
            .await
            .unwrap()
    );
    assert!(round(&provider, "a", turn).await.rotated.is_empty());
    assert_eq!(round(&provider, "a", until).await.rotated.len(), 3);
    assert!(round(&provider, "b", until).await.rotated.is_empty());
}

/// A maker that is so slow that its lease is over and another node has made the successor.
struct Overtaken {
    provider: Provider,
    discarded: Mutex<Vec<String>>,
}

#[async_trait]
impl KeyMaker for Overtaken {
    fn offers(&self, _: KeyPlace) -> bool {
        true
    }
    async fn make(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        let later = NOW + DAY * 91;
        round(&self.provider, "faster", later).await;
        Closed.make(wanted).await
    }
    async fn discard(&self, unwanted: &KeyToMake) -> Result<(), Fault> {
        self.discarded.lock().unwrap().push(unwanted.kid.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_node_that_lost_its_lease_makes_no_second_successor_and_gives_up_what_it_made() {
    let provider = scheduled().await;
    let overtaken = Overtaken {
        provider: provider.clone(),
        discarded: Mutex::default(),
    };
    let mut slow = server(&provider, NOW + DAY * 90, 99);
    let renewed = renew(&mut slow, "slower", &overtaken).await.unwrap();
    assert!(renewed.rotated.is_empty() && renewed.failure.is_none());
    let keys = keys(&provider).await;
    assert_eq!(keys.len(), 4 + 3, "one successor each");
    let discarded = overtaken.discarded.lock().unwrap();
    assert_eq!(discarded.len(), 3);
    assert!(keys.iter().all(|k| !discarded.contains(&k.kid)));
}

/// A maker whose device fails.
struct Broken;

#[async_trait]
impl KeyMaker for Broken {
    fn offers(&self, _: KeyPlace) -> bool {
        true
    }
    async fn make(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        match wanted.algorithm {
            KeyAlgorithm::Signing(SigningAlgorithm::ES256) => {
                Err(Fault::transient("device", "pulled out"))
            }
            _ => Closed.make(wanted).await,
        }
    }
    async fn discard(&self, _: &KeyToMake) -> Result<(), Fault> {
        closed()
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_made_holds_up_no_other_and_is_left_to_other_nodes() {
    let provider = scheduled().await;
    let at = NOW + DAY * 90;
    let mut desk = server(&provider, at, 98);
    let renewed = renew(&mut desk, "broken", &Broken).await.unwrap();
    assert_eq!((renewed.rotated.len(), renewed.overdue), (1, 2));
    assert!(
        renewed
            .failure
            .is_some_and(|f| f.to_string().contains("pulled out"))
    );
    // At once, because the lease was given back.
    assert_eq!(round(&provider, "whole", at).await.rotated.len(), 2);
}
