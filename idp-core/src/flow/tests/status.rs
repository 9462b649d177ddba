//! Certificates judged by what the provider's door to their status tells.

use std::sync::atomic::Ordering;

use pki::Rejection;

use super::World;
use crate::model::trust::TrustPurpose;
use crate::trust::sample::{NOW, Scene};

#[tokio::test]
async fn what_nobody_knows_is_refused_until_somebody_answers() {
    let (world, scene) = (World::new().await, Scene::new());
    let trust = scene.trust();
    let person = scene.person(&["CCCD:001185000003"]);
    let found = crate::trust::find(&person, &[], &trust, &[TrustPurpose::Public], NOW).unwrap();
    let door = &world.provider.certificate_status;
    let unknown = Some(Rejection::RevocationUnknown);

    let known = door.known(found.question(NOW)).await.unwrap();
    assert_eq!(found.verify(&known, NOW).err(), unknown);
    let learned = door.learned(found.question(NOW)).await.unwrap();
    assert_eq!(found.verify(&learned, NOW).err(), unknown);

    world.status.answer(scene.lists(&[], 0));
    let learned = door.learned(found.question(NOW)).await.unwrap();
    assert!(found.verify(&learned, NOW).is_ok());
    let known = door.known(found.question(NOW)).await.unwrap();
    assert!(found.verify(&known, NOW).is_ok());
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_asks_nobody_knows_nothing() {
    use crate::ports::{CertificateStatus, StatusUnknown};
    let scene = Scene::new();
    let trust = scene.trust();
    let person = scene.person(&["CCCD:001185000003"]);
    let found = crate::trust::find(&person, &[], &trust, &[TrustPurpose::Public], NOW).unwrap();
    for evidence in [
        StatusUnknown.known(found.question(NOW)).await.unwrap(),
        StatusUnknown.learned(found.question(NOW)).await.unwrap(),
    ] {
        assert_eq!(
            found.verify(&evidence, NOW).err(),
            Some(Rejection::RevocationUnknown)
        );
    }
}
