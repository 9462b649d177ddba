//! The signer over keys that rest in a store in memory.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::time::Timestamp;
use idp_core::jose::SigningAlgorithm::{ES256, RS256};
use idp_core::jose::{
    CompactJwe, ContentEncryption, JoseError, JweHeader, Jwk, KeyManagement, SigningAlgorithm, jwe,
};
use idp_core::model::Version;
use idp_core::model::key::{Key, KeyAlgorithm, KeyPlace, KeyPurpose};
use idp_core::ports::{KeyMaker, KeyToMake, Obstacle, Signer};
use idp_core::store::memory::MemoryRecords;
use idp_core::store::{Batch, Change, Records, Write};

use super::RingSigner;
use crate::outside::clock::Clock;
use crate::outside::entropy::Generator;
use crate::outside::key_maker::SealedKeyMaker;
use crate::outside::key_ring::Opener;
use crate::outside::master_key::MasterKey;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct World {
    records: Arc<MemoryRecords>,
    master: Arc<MasterKey>,
    clock: Clock,
    issuer: IssuerKey,
}

impl World {
    fn new() -> Self {
        let mut entropy = Generator::system().entropy().unwrap();
        Self {
            records: Arc::default(),
            master: Arc::new(MasterKey::generate(&mut entropy)),
            clock: Clock::standing(START),
            issuer: IssuerKey::main(),
        }
    }

    fn signer(&self) -> RingSigner {
        let opener = Opener {
            sealing: self.master.sealing_key("keys").unwrap(),
            generator: Generator::system(),
            device: None,
        };
        RingSigner::new(self.records.clone(), opener, self.clock.clone())
    }

    async fn key(&self, kid: &str, purpose: KeyPurpose, alg: Option<SigningAlgorithm>) -> Key {
        let algorithm = alg.map_or(KeyAlgorithm::Mac, KeyAlgorithm::Signing);
        self.key_of(kid, purpose, algorithm).await
    }

    async fn key_of(&self, kid: &str, purpose: KeyPurpose, algorithm: KeyAlgorithm) -> Key {
        let sealing = Arc::new(self.master.sealing_key("keys").unwrap());
        let maker = SealedKeyMaker::new(sealing, Generator::system(), None);
        let wanted = KeyToMake {
            issuer: self.issuer.clone(),
            kid: kid.to_owned(),
            purpose,
            algorithm,
            place: KeyPlace::Store,
        };
        let made = maker.make(&wanted).await.unwrap();
        Key {
            kid: kid.to_owned(),
            version: Version::NEW,
            issuer: self.issuer.clone(),
            purpose,
            algorithm: algorithm.name().to_owned(),
            created_at: START,
            active_from: START,
            active_until: None,
            published_until: None,
            public_jwk: made.public_jwk,
            sealed: made.sealed,
        }
    }

    async fn put(&self, key: Key) {
        let changes = vec![Change::Key(Write::Put(key))];
        self.records
            .commit(Batch {
                changes,
                events: Vec::new(),
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn signatures_verify_under_the_published_keys() {
    let world = World::new();
    world
        .put(world.key("es", KeyPurpose::Token, Some(ES256)).await)
        .await;
    world
        .put(world.key("rs", KeyPurpose::Token, Some(RS256)).await)
        .await;
    world
        .put(world.key("audit", KeyPurpose::Audit, Some(ES256)).await)
        .await;
    let signer = world.signer();
    let published = signer.published(&world.issuer).await.unwrap();
    assert_eq!(published.keys().len(), 2, "audit keys are not published");
    for algorithm in [ES256, RS256] {
        let wanted = Some(algorithm);
        let key = signer
            .active_key(&world.issuer, KeyPurpose::Token, wanted)
            .await
            .unwrap();
        let signature = signer.sign(&world.issuer, &key, b"message").await.unwrap();
        let is = |jwk: &&Jwk| jwk.kid() == Some(key.kid.as_str());
        let public = published.keys().iter().find(is).unwrap();
        assert_eq!(
            public.key().verify(algorithm, b"message", &signature),
            Ok(())
        );
    }
}

#[tokio::test]
async fn a_rotation_takes_effect_by_time_and_is_seen_without_a_word() {
    let world = World::new();
    let old = world.key("old", KeyPurpose::Token, Some(ES256)).await;
    world.put(old.clone()).await;
    let signer = world.signer();
    let active = async || {
        signer
            .active_key(&world.issuer, KeyPurpose::Token, Some(ES256))
            .await
            .unwrap()
            .kid
    };
    assert_eq!(active().await, "old");
    let turn = START + Duration::from_secs(3600);
    let mut new = world.key("new", KeyPurpose::Token, Some(ES256)).await;
    new.active_from = turn;
    world.put(new).await;
    let stored = world.records.keys(&world.issuer).await.unwrap();
    let mut retired = stored.into_iter().find(|key| key.kid == "old").unwrap();
    retired.active_until = Some(turn);
    retired.published_until = Some(turn + Duration::from_secs(600));
    world.put(retired).await;
    assert_eq!(
        signer.published(&world.issuer).await.unwrap().keys().len(),
        1,
        "still fresh"
    );
    world.clock.set(START + Duration::from_secs(6));
    assert_eq!(
        signer.published(&world.issuer).await.unwrap().keys().len(),
        2,
        "announced"
    );
    assert_eq!(active().await, "old");
    world.clock.set(turn);
    assert_eq!(active().await, "new");
    assert_eq!(
        signer.published(&world.issuer).await.unwrap().keys().len(),
        2,
        "overlap"
    );
    world.clock.set(turn + Duration::from_secs(601));
    let last = signer.published(&world.issuer).await.unwrap();
    assert_eq!(last.keys().first().and_then(Jwk::kid), Some("new"));
    assert_eq!(last.keys().len(), 1);
}

#[tokio::test]
async fn refresh_tags_of_an_old_key_are_checked_until_it_is_over() {
    let world = World::new();
    let mut old = world.key("old", KeyPurpose::Refresh, None).await;
    old.active_until = Some(START + Duration::from_secs(10));
    old.published_until = Some(START + Duration::from_secs(100));
    world.put(old).await;
    let signer = world.signer();
    let mac = async || signer.mac(&world.issuer, KeyPurpose::Refresh, b"m").await;
    let first = mac().await.unwrap();
    assert_eq!(first.len(), 1);
    let mut new = world.key("new", KeyPurpose::Refresh, None).await;
    new.active_from = START + Duration::from_secs(10);
    world.put(new).await;
    signer.refresh(&world.issuer).await.unwrap();
    let both = mac().await.unwrap();
    assert_eq!((both.len(), both[0]), (2, first[0]), "the active key makes");
    world.clock.set(START + Duration::from_secs(10));
    let turned = mac().await.unwrap();
    assert_eq!((turned.len(), turned[1]), (2, first[0]));
    world.clock.set(START + Duration::from_secs(100));
    assert_eq!(mac().await.unwrap(), [turned[0]]);
}

#[tokio::test]
async fn missing_keys_and_foreign_master_keys_are_faults_with_a_name() {
    let world = World::new();
    let signer = world.signer();
    let none = signer
        .active_key(&world.issuer, KeyPurpose::Token, Some(ES256))
        .await
        .unwrap_err();
    assert!(
        none.detail.contains("no active Token key (ES256)"),
        "{none}"
    );
    let none = signer
        .mac(&world.issuer, KeyPurpose::Refresh, b"m")
        .await
        .unwrap_err();
    assert!(none.detail.contains("no active Refresh key"), "{none}");
    world
        .put(world.key("es", KeyPurpose::Token, Some(ES256)).await)
        .await;
    let other = World {
        records: world.records.clone(),
        ..World::new()
    };
    let closed = other.signer().published(&world.issuer).await.unwrap_err();
    assert!(
        closed.detail.contains("key es") && !closed.transient,
        "{closed}"
    );
}

#[tokio::test]
async fn a_sealed_key_moved_to_another_name_does_not_open() {
    let world = World::new();
    let mut key = world.key("es", KeyPurpose::Token, Some(ES256)).await;
    key.kid = "other".to_owned();
    world.put(key).await;
    assert!(world.signer().published(&world.issuer).await.is_err());
}

/// A key as the key maker leaves it when a device made it.
async fn in_device(world: &World, purpose: KeyPurpose) -> Key {
    let mut key = world.key("es", purpose, Some(ES256)).await;
    let sealing = world.master.sealing_key("keys").unwrap();
    let name = Key::seal_name(&key.issuer, &key.kid, KeyPlace::Device);
    let public = key.public_jwk.as_ref().unwrap().to_string();
    let mut entropy = Generator::system().entropy().unwrap();
    let sealed = sealing.seal(&name, public.as_bytes(), &mut entropy);
    key.sealed = Key::mark(KeyPlace::Device, &URL_SAFE_NO_PAD.encode(sealed));
    key
}

#[tokio::test]
async fn a_key_in_a_device_is_published_without_it_but_does_not_sign() {
    let world = World::new();
    world.put(in_device(&world, KeyPurpose::Token).await).await;
    let signer = world.signer();
    let published = signer.published(&world.issuer).await.unwrap();
    assert_eq!(published.keys().len(), 1);
    let obstacle = signer.obstacle(&world.issuer).await;
    assert_eq!(obstacle, Some(Obstacle::NotConfigured));
    let key = signer
        .active_key(&world.issuer, KeyPurpose::Token, Some(ES256))
        .await
        .unwrap();
    let fault = signer.sign(&world.issuer, &key, b"message").await;
    let fault = fault.unwrap_err();
    assert!(
        !fault.transient && fault.detail.contains("none is configured"),
        "{fault}"
    );
}

#[tokio::test]
async fn who_only_writes_to_the_store_cannot_put_a_key_in_the_devices_place() {
    let world = World::new();
    let own = in_device(&world, KeyPurpose::Token).await;
    let stranger = world.key("es", KeyPurpose::Token, Some(ES256)).await;
    let unmarked = own.sealed.strip_prefix("device.").unwrap().to_owned();
    for (what, public_jwk, sealed) in [
        (
            "another public half",
            stranger.public_jwk.clone(),
            &own.sealed,
        ),
        ("without its mark", own.public_jwk.clone(), &unmarked),
        (
            "a private part with the mark",
            stranger.public_jwk,
            &Key::mark(KeyPlace::Device, &stranger.sealed),
        ),
    ] {
        let world = World {
            records: Arc::default(),
            master: world.master.clone(),
            ..World::new()
        };
        let mut key = own.clone();
        (key.public_jwk, key.sealed) = (public_jwk, sealed.clone());
        world.put(key).await;
        assert!(
            world.signer().published(&world.issuer).await.is_err(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_planted_public_half_is_never_published_and_stops_the_audit() {
    for purpose in [KeyPurpose::Token, KeyPurpose::Audit] {
        let world = World::new();
        let mut key = world.key("es", purpose, Some(ES256)).await;
        let stranger = world.key("es", purpose, Some(ES256)).await;
        key.public_jwk = stranger.public_jwk;
        // Retired, but still published: the private half is not needed for signing any more.
        key.active_until = Some(key.active_from);
        world.put(key).await;
        assert!(
            world.signer().published(&world.issuer).await.is_err(),
            "{purpose:?}"
        );
    }
}

#[tokio::test]
async fn what_is_encrypted_to_a_published_key_is_decrypted_until_the_key_is_over() {
    let world = World::new();
    let signer = world.signer();
    let mut entropy = Generator::system().entropy().unwrap();
    let mut sealed = |recipient: &Jwk, kid: Option<&str>| {
        let header = JweHeader::new(KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
        let header = kid.map_or(header.clone(), |kid| header.with_kid(kid));
        let text = jwe::encrypt(&header, recipient, b"m", &mut entropy).unwrap();
        CompactJwe::parse(&text, jwe::DEFAULT_MAX_BYTES).unwrap()
    };
    let own = KeyAlgorithm::Decryption(KeyManagement::EcdhEs);
    let mut key = world.key_of("enc", KeyPurpose::Encryption, own).await;
    let public = Jwk::parse(key.public_jwk.as_ref().unwrap().to_string().as_bytes()).unwrap();
    let unnamed = sealed(&public, None);
    let before = signer.decrypt(&world.issuer, &unnamed).await.unwrap();
    assert_eq!(
        before,
        Err(JoseError::JweNoMatchingKey),
        "there is no key yet"
    );

    world.put(key.clone()).await;
    signer.refresh(&world.issuer).await.unwrap();
    let published = signer.published(&world.issuer).await.unwrap();
    assert_eq!(published.recipient(KeyManagement::EcdhEs), Some(&public));
    for (kid, expected) in [
        (None, Ok(b"m".to_vec())),
        (Some("enc"), Ok(b"m".to_vec())),
        (Some("other"), Err(JoseError::JweNoMatchingKey)),
    ] {
        let opened = signer.decrypt(&world.issuer, &sealed(&public, kid)).await;
        assert_eq!(opened.unwrap(), expected, "{kid:?}");
    }

    // Its successor took over: no longer published, it decrypts what is still on its way.
    key.version = Version(1);
    key.active_until = Some(START);
    key.published_until = Some(START + Duration::from_secs(60));
    world.put(key).await;
    signer.refresh(&world.issuer).await.unwrap();
    assert!(
        signer
            .published(&world.issuer)
            .await
            .unwrap()
            .keys()
            .is_empty()
    );
    let late = signer.decrypt(&world.issuer, &unnamed).await.unwrap();
    assert_eq!(late, Ok(b"m".to_vec()));
    world.clock.set(START + Duration::from_secs(60));
    signer.refresh(&world.issuer).await.unwrap();
    let over = signer.decrypt(&world.issuer, &unnamed).await.unwrap();
    assert_eq!(over, Err(JoseError::JweNoMatchingKey));
}
