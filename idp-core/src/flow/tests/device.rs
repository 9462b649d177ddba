//! A device asks for codes, a person answers on a page, and the device's polls find it.

use serde_json::{Map, Value};

use super::{World, begun, claims, refused};
use crate::admin::sample;
use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::flow::device::DeviceForm;
use crate::model::client::{Client, ClientAuthenticationMethod, ClientKind, GrantType};
use crate::oauth::device::UserCode;
use crate::oauth::sample::{named, parameters};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn screen(name: &str) -> Client {
    Client {
        kind: ClientKind::Device,
        authentication: ClientAuthenticationMethod::None,
        secrets: Vec::new(),
        grant_types: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        redirect_uris: Vec::new(),
        ..named(name)
    }
}

impl World {
    async fn device_asks(&self, client: &str) -> Result<Map<String, Value>, Failure> {
        let body = parameters(&[("client_id", client), ("scope", "openid profile")]);
        self.provider
            .device_authorization(None::<&str>, &body, &mut self.context())
            .await
    }

    async fn poll(&self, client: &str, code: &Value) -> Result<Map<String, Value>, Failure> {
        let body = parameters(&[
            ("grant_type", GRANT),
            ("client_id", client),
            ("device_code", code.as_str().unwrap()),
        ]);
        self.wait(5);
        self.provider
            .token(None::<&str>, &body, &mut self.context())
            .await
    }

    async fn answer(&self, visitor: &Visitor, code: &Value, yes: bool) -> Result<(), Failure> {
        let form = DeviceForm {
            user_code: UserCode::typed(code.as_str().unwrap()).unwrap(),
            approved: yes,
            person: Some(visitor.browser.person_token(sample::user("an").id)),
        };
        self.provider
            .answer_device(&form, visitor, &mut self.context())
            .await
            .map(drop)
    }

    async fn question(&self, visitor: &Visitor, typed: &str) -> Result<String, Failure> {
        self.provider
            .device_question(typed, visitor, &self.context())
            .await
            .map(|question| question.client.id.to_string())
    }
}

async fn with_screen() -> (World, Visitor, Map<String, Value>) {
    let (world, visitor) = begun().await;
    world.add_client(screen("screen")).await;
    let codes = world.device_asks("screen").await.unwrap();
    (world, visitor, codes)
}

#[tokio::test]
async fn an_approved_device_gets_tokens_once() {
    let (world, visitor, codes) = with_screen().await;
    assert_eq!(
        (&codes["expires_in"], &codes["interval"]),
        (&600.into(), &5.into())
    );
    let device = &codes["device_code"];
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DeviceAnswerPending
    );
    let typed = codes["user_code"].as_str().unwrap();
    assert_eq!(world.question(&visitor, typed).await.unwrap(), "screen");
    world
        .answer(&visitor, &codes["user_code"], true)
        .await
        .unwrap();
    let tokens = world.poll("screen", device).await.unwrap();
    assert_eq!(claims(&tokens["access_token"])["client_id"], "screen");
    assert_eq!(claims(&tokens["id_token"])["aud"], "screen");
    assert!(world.userinfo(&tokens).await.is_ok());
    // Whoever redeems it again ends what came of it.
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DeviceCodeReused
    );
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
}

#[tokio::test]
async fn the_tokens_of_a_device_end_with_the_session_that_let_it_in() {
    let (world, visitor, codes) = with_screen().await;
    world
        .answer(&visitor, &codes["user_code"], true)
        .await
        .unwrap();
    let tokens = world.poll("screen", &codes["device_code"]).await.unwrap();
    world
        .provider
        .end_own_sessions(
            crate::flow::access::Elsewhere::All,
            &world.signed_in("an").await,
            &mut world.context(),
        )
        .await
        .unwrap();
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
}

#[tokio::test]
async fn a_refused_device_is_told_so() {
    let (world, visitor, codes) = with_screen().await;
    world
        .answer(&visitor, &codes["user_code"], false)
        .await
        .unwrap();
    let told = refused(world.poll("screen", &codes["device_code"]).await);
    assert_eq!(told, Reason::DeviceRefused);
}

#[tokio::test]
async fn a_code_is_answered_once() {
    let (world, visitor, codes) = with_screen().await;
    let code = &codes["user_code"];
    let (one, two) = tokio::join!(
        world.answer(&visitor, code, true),
        world.answer(&visitor, code, false)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let again = refused(world.answer(&visitor, code, true).await);
    assert_eq!(again, Reason::UserCodeUnknown);
}

#[tokio::test]
async fn another_client_gets_nothing_for_a_stolen_device_code() {
    let (world, visitor, codes) = with_screen().await;
    world.add_client(screen("thief")).await;
    let device = &codes["device_code"];
    world
        .answer(&visitor, &codes["user_code"], true)
        .await
        .unwrap();
    let stolen = refused(world.poll("thief", device).await);
    assert_eq!(stolen, Reason::DeviceCodeOfAnotherClient);
    assert!(
        world.poll("screen", device).await.is_ok(),
        "nothing was spent"
    );
}

#[tokio::test]
async fn what_exactly_is_asked_for_reaches_the_token() {
    let (world, visitor, _) = with_screen().await;
    let mut exact = screen("exact");
    exact.features.authorization_details_types = vec!["ho-so".into()];
    world.add_client(exact).await;
    let details = r#"[{"type":"ho-so","actions":["xem"]}]"#;
    let body = [("client_id", "exact"), ("authorization_details", details)];
    let mut context = world.context();
    let asks = |body: &[(&str, &str)]| parameters(body);
    let codes = world
        .provider
        .device_authorization(None::<&str>, &asks(&body), &mut context)
        .await
        .unwrap();
    world
        .answer(&visitor, &codes["user_code"], true)
        .await
        .unwrap();
    let tokens = world.poll("exact", &codes["device_code"]).await.unwrap();
    let told: Value = serde_json::from_str(details).unwrap();
    assert_eq!(tokens["authorization_details"], told);
    assert_eq!(
        claims(&tokens["access_token"])["authorization_details"],
        told
    );
    let body = [("client_id", "screen"), ("authorization_details", details)];
    let asked = world
        .provider
        .device_authorization(None::<&str>, &asks(&body), &mut context)
        .await;
    assert_eq!(refused(asked), Reason::AuthorizationDetailsTypeNotAllowed);
}

#[tokio::test]
async fn polls_keep_their_distance_and_codes_their_time() {
    let (world, visitor, codes) = with_screen().await;
    let device = &codes["device_code"];
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DeviceAnswerPending
    );
    world.wait(-3);
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DevicePolledTooSoon
    );
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DevicePolledTooSoon,
        "five seconds are no longer enough"
    );
    world.wait(600);
    assert_eq!(
        refused(world.poll("screen", device).await),
        Reason::DeviceCodeExpired
    );
    let late = world
        .question(&visitor, codes["user_code"].as_str().unwrap())
        .await;
    assert_eq!(refused(late), Reason::UserCodeUnknown);
    let unknown = refused(world.poll("screen", &"unknown".into()).await);
    assert_eq!(unknown, Reason::DeviceCodeUnknown);
}

#[tokio::test]
async fn codes_are_looked_up_for_people_who_are_signed_in_and_not_often() {
    let (world, visitor, codes) = with_screen().await;
    let right = codes["user_code"].as_str().unwrap();
    let stranger = refused(world.question(&world.browser(), right).await);
    assert_eq!(
        stranger,
        Reason::SessionOver,
        "nobody guesses without an account"
    );
    for guess in ["BCDF-GHJK", "BCDF-GHJL", "not a code", "BCDF-GHJM", ""] {
        let guessed = refused(world.question(&visitor, guess).await);
        assert_eq!(guessed, Reason::UserCodeUnknown, "{guess}");
    }
    let guessed = refused(world.question(&visitor, right).await);
    assert_eq!(guessed, Reason::UserCodesThrottled, "the right one too");
    // Signing in again does not help; another person is not held up.
    let again = world.signed_in("an").await;
    assert_eq!(
        refused(world.question(&again, right).await),
        Reason::UserCodesThrottled
    );
    let other = world.signed_in("binh").await;
    assert_eq!(world.question(&other, right).await.unwrap(), "screen");
}

#[tokio::test]
async fn an_answer_counts_for_the_person_who_was_asked() {
    let (world, _, codes) = with_screen().await;
    let other = world.signed_in("binh").await;
    // The form carries what the page said to `an`.
    let answered = refused(world.answer(&other, &codes["user_code"], true).await);
    assert_eq!(answered, Reason::PageOfAnother);
    let pending = refused(world.poll("screen", &codes["device_code"]).await);
    assert_eq!(pending, Reason::DeviceAnswerPending);
}

#[tokio::test]
async fn a_client_asks_for_codes_only_when_registered_for_it() {
    let (world, _, _) = with_screen().await;
    let plain = Client {
        authentication: ClientAuthenticationMethod::None,
        secrets: Vec::new(),
        ..named("plain")
    };
    world.add_client(plain).await;
    let asked = refused(world.device_asks("plain").await);
    assert_eq!(asked, Reason::GrantTypeNotAllowed);
}
