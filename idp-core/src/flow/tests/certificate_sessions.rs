//! Sessions that end with the certificate they began with.

use super::World;
use crate::base::secret::{Digest, SecretText};
use crate::flow::certificate_sessions::CertificateRound;
use crate::model::credential::{
    CertificateBinding, CertificateCredential, Credential, CredentialSecret,
};
use crate::model::grant::GrantState;
use crate::model::session::{CertificateWay, Session, SessionCertificate, SessionEnd};
use crate::model::trust::{Der, SETTING, Trust};
use crate::model::{CredentialId, Version};
use crate::ports::StatusEvidence;
use crate::store::change::{Change, Write};
use crate::store::records::Records;
use crate::trust::sample::{NOW, SERIAL, Scene};

/// Somebody who is signed in by certificate, with an application that listens.
struct Stage {
    world: World,
    scene: Scene,
    secret: SecretText,
}

impl Stage {
    async fn new() -> Self {
        let (world, scene) = (World::new().await, Scene::new());
        world.wait(NOW.seconds() - world.now().seconds());
        world
            .edit_client(|client| {
                client.backchannel_logout_uri = Some("https://rp.example/logout".into());
            })
            .await;
        let visitor = world.signed_in("an").await;
        world.tokens(&visitor, &[]).await;
        let secret = visitor.session.unwrap();
        let stage = Self {
            world,
            scene,
            secret,
        };
        stage.trust(&stage.scene.trust()).await;
        stage.world.status.know(stage.scene.lists(&[], 0));
        stage.bind().await;
        stage
    }

    async fn bind(&self) {
        let mut session = self.session().await;
        let held = CertificateCredential {
            certificate: Der(self.scene.person(&[]).der().to_vec()),
            key: Digest::of(b"key"),
            anchor: "cong-cong".to_owned(),
            expires_at: NOW,
            binding: CertificateBinding::BySelf,
        };
        let credential = Credential {
            id: CredentialId::from_u128(77),
            version: Version::NEW,
            user: session.user,
            secret: CredentialSecret::Certificate(held),
            set_at: NOW,
        };
        session.certificate = Some(Box::new(SessionCertificate {
            credential: credential.id,
            anchor: "cong-cong".to_owned(),
            way: CertificateWay::Tls,
            policies: Vec::new(),
            status_at: NOW,
            status_outdated: false,
        }));
        let changes = vec![
            Change::Credential(Write::Put(credential)),
            Change::Session(Write::Put(session)),
        ];
        self.world.commit(changes).await;
    }

    async fn trust(&self, trust: &Trust) {
        let text = serde_json::to_string(trust).unwrap();
        self.world
            .records
            .set_setting(SETTING, &text)
            .await
            .unwrap();
    }

    async fn session(&self) -> Session {
        let digest = self.secret.digest();
        let found = self.world.records.session_by_secret(&digest).await;
        found.unwrap().unwrap().session
    }

    async fn round(&self, node: &str) -> Option<(u32, u32)> {
        let context = &mut self.world.context();
        let round = self
            .world
            .provider
            .judge_certificate_sessions(node, context)
            .await
            .unwrap();
        round.map(|CertificateRound { judged, ended }| (judged, ended))
    }

    async fn assert_ended(&self) {
        let session = self.session().await;
        let why = session.ended.map(|(_, why)| why);
        assert_eq!(why, Some(SessionEnd::CertificateRevoked));
        let grants = self.world.records.grants_of_session(session.id).await;
        let states: Vec<_> = grants.unwrap().iter().map(|grant| grant.state).collect();
        assert_eq!(states, [GrantState::Revoked]);
        // The application hears of it.
        assert_eq!(self.world.deliver().await, 1);
    }
}

#[tokio::test]
async fn a_session_ends_in_the_round_after_its_certificate_is_revoked() {
    let stage = Stage::new().await;
    assert_eq!(stage.round("one").await, Some((1, 0)));
    assert_eq!(stage.session().await.ended, None);
    let revoked = stage.scene.lists(&[SERIAL], 0);
    stage.world.status.answer(revoked);
    // One node judges in each interval.
    stage.world.wait(60);
    assert_eq!(stage.round("two").await, None);
    stage.world.wait(240);
    assert_eq!(stage.round("two").await, Some((1, 1)));
    stage.assert_ended().await;
    stage.world.wait(300);
    assert_eq!(stage.round("one").await, Some((0, 0)));
}

#[tokio::test]
async fn a_session_ends_with_its_anchor_and_with_its_credential() {
    let stage = Stage::new().await;
    let mut trust = stage.scene.trust();
    trust.anchors[0].distrusted_at = Some(stage.world.now());
    stage.trust(&trust).await;
    assert_eq!(stage.round("one").await, Some((1, 1)));
    stage.assert_ended().await;

    let stage = Stage::new().await;
    let id = stage.session().await.certificate.unwrap().credential;
    let held = stage.world.records.credential(id).await.unwrap().unwrap();
    let removed = Write::Remove(held);
    stage.world.commit(vec![Change::Credential(removed)]).await;
    assert_eq!(stage.round("one").await, Some((1, 1)));
    stage.assert_ended().await;
}

#[tokio::test]
async fn nobody_is_thrown_out_because_nobody_answers() {
    let stage = Stage::new().await;
    stage.world.status.know(StatusEvidence::default());
    assert_eq!(stage.round("one").await, Some((1, 0)));
    assert_eq!(stage.session().await.ended, None);
}
