//! Signing in with a certificate, through the provider.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::Certificate;
use pki::test_ca::SignedDataTemplate;

use super::*;
use crate::authn::certificate::{Answering, Purpose, SentAnswer};
use crate::flow::certificate_sign_in::{Circumstance, ShownChallenge};
use crate::flow::sign_in::SignedInBrowser;
use crate::model::authentication::Level;
use crate::model::identifier::{Identifier, IdentifierKind, Verification};
use crate::model::trust::SETTING;
use crate::trust::sample::{SERIAL, Scene};

const NUMBER: &str = "001185000003";
const FROM: Circumstance<'_> = Circumstance {
    from_office: true,
    user_agent: "trình duyệt",
};

/// A world that trusts the scene's authority and in which `an` has a verified number.
async fn trusting(scene: &Scene) -> World {
    let world = World::new().await;
    let trust = serde_json::to_string(&scene.trust()).unwrap();
    world.records.set_setting(SETTING, &trust).await.unwrap();
    let mut user = world.user("an").await;
    let number = Identifier::parse(IdentifierKind::PersonalId, NUMBER, world.now()).unwrap();
    user.identifiers.push(Identifier {
        verified: Some(Verification {
            source: "administrator".into(),
            by: "system".into(),
            at: world.now(),
        }),
        ..number
    });
    world.commit(vec![Change::User(Write::Put(user))]).await;
    world
}

impl World {
    async fn user(&self, name: &str) -> User {
        let key = crate::model::identifier::IdentifierKey::of(name);
        let found = self.records.user_by_identifier(&key).await.unwrap();
        found.expect("somebody").0
    }

    async fn challenge(&self, visitor: &Visitor) -> ShownChallenge {
        let purpose = Purpose {
            origin: "https://sso.tinh.example",
            client: "app",
            line: "Đăng nhập",
        };
        let context = &mut self.context();
        self.provider
            .certificate_challenge(Answering::Message, purpose, visitor, context)
            .await
            .unwrap()
    }

    async fn prove(
        &self,
        visitor: &Visitor,
        challenge: &ShownChallenge,
        sent: &SentAnswer,
    ) -> Result<SignedInBrowser, Failure> {
        let context = &mut self.context();
        self.provider
            .answer_certificate_challenge((&challenge.handle, sent), visitor, FROM, context)
            .await
    }
}

fn signed(scene: &Scene, certificate: &Certificate, challenge: &ShownChallenge) -> SentAnswer {
    let message = SignedDataTemplate::new(&challenge.octets, certificate, scene.key.scheme());
    SentAnswer {
        signature: STANDARD.encode(message.sign(&scene.key)),
        certificate: String::new(),
    }
}

fn of_an(scene: &Scene, challenge: &ShownChallenge) -> SentAnswer {
    signed(scene, &scene.person(&["CCCD:001185000003"]), challenge)
}

#[tokio::test]
async fn a_signature_signs_in_and_binds_the_certificate() {
    let scene = Scene::new();
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    world.status.know(scene.lists(&[], 0));
    let certificate = scene.person(&["CCCD:001185000003"]);
    let challenge = world.challenge(&visitor).await;
    let sent = signed(&scene, &certificate, &challenge);
    let signed_in = world.prove(&visitor, &challenge, &sent).await.unwrap();
    let session = signed_in.begun.session;
    assert_eq!(session.user, world.user("an").await.id);
    assert_eq!(session.authentication.level, Level::Two);
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 0);
    let events = world.events().await;
    for event in ["signed_in", "certificate_shown", "certificate_bound"] {
        assert!(
            events.iter().any(|known| known == event),
            "{event}: {events:?}"
        );
    }
    // The next time the key is known, and nothing is bound again.
    let again = world.challenge(&visitor).await;
    let sent = signed(&scene, &certificate, &again);
    world.prove(&visitor, &again, &sent).await.unwrap();
    let bound = world.events().await;
    let bound = bound.iter().filter(|event| *event == "certificate_bound");
    assert_eq!(bound.count(), 1);
}

#[tokio::test]
async fn of_two_answers_to_one_challenge_one_counts() {
    let scene = Scene::new();
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    world.status.know(scene.lists(&[], 0));
    let challenge = world.challenge(&visitor).await;
    let sent = of_an(&scene, &challenge);
    let (one, two) = tokio::join!(
        world.prove(&visitor, &challenge, &sent),
        world.prove(&visitor, &challenge, &sent),
    );
    let counted = [one.is_ok(), two.is_ok()];
    assert_eq!(counted.iter().filter(|ok| **ok).count(), 1, "{counted:?}");
    let loser = if one.is_ok() { two } else { one };
    assert_eq!(refused(loser), Reason::SignInChallengeUnknown);
}

/// A wrong answer burns the challenge as well.
#[tokio::test]
async fn a_challenge_is_taken_before_anything_is_looked_at() {
    let scene = Scene::new();
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    world.status.know(scene.lists(&[], 0));
    let challenge = world.challenge(&visitor).await;
    let wrong = world
        .prove(&visitor, &challenge, &SentAnswer::default())
        .await;
    assert_eq!(refused(wrong), Reason::SignInAnswerUnreadable);
    let right = world
        .prove(&visitor, &challenge, &of_an(&scene, &challenge))
        .await;
    assert_eq!(refused(right), Reason::SignInChallengeUnknown);
}

/// The attacker's challenge, signed by the victim, is worth nothing in the victim's browser, and the
/// victim's nothing in the attacker's.
#[tokio::test]
async fn a_challenge_belongs_to_one_browser_and_one_time() {
    let scene = Scene::new();
    let world = trusting(&scene).await;
    world.status.know(scene.lists(&[], 0));
    let (attacker, victim) = (world.browser(), world.browser());
    let challenge = world.challenge(&attacker).await;
    let sent = of_an(&scene, &challenge);
    let in_victims = world.prove(&victim, &challenge, &sent).await;
    assert_eq!(refused(in_victims), Reason::SignInChallengeOfAnotherBrowser);
    let late = world.challenge(&victim).await;
    let sent = of_an(&scene, &late);
    world.seconds.store(301, Ordering::SeqCst);
    let late = world.prove(&victim, &late, &sent).await;
    assert_eq!(refused(late), Reason::SignInChallengeUnknown);
}

#[tokio::test]
async fn status_is_asked_for_only_where_nothing_is_known() {
    let scene = Scene::new();
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    let first = world.challenge(&visitor).await;
    let unknown = world.prove(&visitor, &first, &of_an(&scene, &first)).await;
    assert_eq!(refused(unknown), Reason::SignInCertificateStatusUnknown);
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 1);

    world.status.answer(scene.lists(&[], 0));
    let second = world.challenge(&visitor).await;
    let sent = of_an(&scene, &second);
    assert!(world.prove(&visitor, &second, &sent).await.is_ok());
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 2);

    world.status.know(scene.lists(&[SERIAL], 0));
    let third = world.challenge(&visitor).await;
    let revoked = world.prove(&visitor, &third, &of_an(&scene, &third)).await;
    assert_eq!(refused(revoked), Reason::SignInCertificateRevoked);
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 2);
}

/// Nothing is asked of anybody for a certificate that leads nowhere (SSRF).
#[tokio::test]
async fn nothing_is_fetched_for_a_strangers_certificate() {
    let (scene, stranger) = (Scene::new(), Scene::new());
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    let challenge = world.challenge(&visitor).await;
    let answer = world
        .prove(&visitor, &challenge, &of_an(&stranger, &challenge))
        .await;
    assert_eq!(refused(answer), Reason::SignInCertificateUntrusted);
    assert_eq!(world.status.asked.load(Ordering::SeqCst), 0);
}

/// Unknown, unmapped and disabled look alike.
#[tokio::test]
async fn whoever_has_no_account_is_refused_alike() {
    let scene = Scene::new();
    let (world, visitor) = (trusting(&scene).await, World::new().await.browser());
    world.status.know(scene.lists(&[], 0));
    let unknown = world.challenge(&visitor).await;
    let sent = signed(&scene, &scene.person(&["CCCD:001185000004"]), &unknown);
    let answer = world.prove(&visitor, &unknown, &sent).await;
    assert_eq!(refused(answer), Reason::SignInCertificateNotMapped);
    let mut user = world.user("an").await;
    user.state = crate::model::user::AccountState::Disabled {
        at: world.now(),
        why: String::new(),
    };
    world.commit(vec![Change::User(Write::Put(user))]).await;
    let disabled = world.challenge(&visitor).await;
    let answer = world
        .prove(&visitor, &disabled, &of_an(&scene, &disabled))
        .await;
    assert_eq!(refused(answer), Reason::SignInCertificateNotMapped);
}

/// A whole office behind one address signs in; who only asks is stopped.
#[tokio::test]
async fn challenges_are_counted_until_they_sign_in() {
    let scene = Scene::new();
    let mut world = trusting(&scene).await;
    world.status.know(scene.lists(&[], 0));
    let mut policy = (*world.provider.policy).clone();
    policy.throttle.unfinished_per_source = 1;
    world.provider.policy = Arc::new(policy);
    for _ in 0..3 {
        let visitor = world.browser();
        let challenge = world.challenge(&visitor).await;
        let sent = of_an(&scene, &challenge);
        assert!(world.prove(&visitor, &challenge, &sent).await.is_ok());
    }
    let visitor = world.browser();
    world.challenge(&visitor).await;
    let purpose = Purpose {
        origin: "https://sso.tinh.example",
        client: "app",
        line: "Đăng nhập",
    };
    let context = &mut world.context();
    let refused_one = world
        .provider
        .certificate_challenge(Answering::Message, purpose, &visitor, context)
        .await;
    assert_eq!(refused(refused_one), Reason::TooManyUnfinished);
}
