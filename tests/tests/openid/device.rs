//! The device authorization grant (RFC 8628) as a device and a person see it.

use std::time::Duration;

use idp_tests::{Agent, Answer, RelyingParty, Tokens, World, jwt};
use serde_json::Value;

use super::resources::{administer, registered};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A screen without a keyboard.
pub(crate) async fn screen(world: &World, name: &str) -> RelyingParty {
    registered(world, &["--name", name, "--kind", "device"]).await
}

/// What the device gets when it asks for codes.
pub(crate) async fn codes(device: &RelyingParty) -> Value {
    let body = format!(
        "client_id={}&scope=openid+profile",
        device.application.client_id
    );
    let answer = device
        .ask_raw("device_authorization_endpoint", &[], body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// What a poll answers.
pub(crate) async fn poll(device: &RelyingParty, code: &Value) -> Answer {
    let code = code["device_code"].as_str().expect("a device code");
    let client = &device.application.client_id;
    let body = format!("grant_type={GRANT}&client_id={client}&device_code={code}");
    device.ask_raw("token_endpoint", &[], body).await
}

/// The person follows the link with the code, signs in and sends the code.
pub(crate) async fn confirmation(world: &World, agent: &mut Agent, codes: &Value) -> Answer {
    let device = RelyingParty::of(world, 0).await;
    let link = codes["verification_uri_complete"].as_str().expect("a link");
    let page = agent.fetch(&link.parse().expect("an address")).await;
    let page = device.press(agent, &page, "continue", &[]).await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let page = device.press(agent, &page, "sign-in", &typed).await;
    device.press(agent, &page, "continue", &[]).await
}

#[tokio::test]
async fn a_person_lets_a_device_in() {
    let world = World::demo();
    let device = screen(&world, "Màn hình công khai").await;
    let codes = codes(&device).await;
    assert_eq!(
        poll(&device, &codes).await.oauth_error(),
        "authorization_pending"
    );
    assert_eq!(poll(&device, &codes).await.oauth_error(), "slow_down");

    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    let shown = codes["user_code"].as_str().expect("a code");
    for told in [
        shown,
        "Màn hình công khai",
        "127.0.0.0/24",
        &world.user().name,
    ] {
        assert!(page.body.contains(told), "{told}:\n{}", page.body);
    }
    let done = device.press(&mut agent, &page, "approve", &[]).await;
    assert!(done.page().has("device-approved"), "{}", done.body);

    // It was told to slow down: twice the interval from then on.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let answer = poll(&device, &codes).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = Tokens {
        body: answer.json(),
    };
    let claims = device.id_token(&tokens).await;
    assert_eq!(claims["aud"], device.application.client_id.as_str());
    let token = tokens.text("access_token");
    assert_eq!(jwt::unverified(&token)["client_id"], claims["aud"]);
    let userinfo = device.userinfo(&token).await;
    assert_eq!(userinfo.json()["name"], world.user().name.as_str());
    world.stop();
}

#[tokio::test]
async fn a_refused_device_is_told_and_a_wrong_code_is_asked_for_again() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let codes = codes(&device).await;
    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    let done = device.press(&mut agent, &page, "refuse", &[]).await;
    assert!(done.page().has("device-refused"), "{}", done.body);
    assert_eq!(poll(&device, &codes).await.oauth_error(), "access_denied");
    let page = agent.fetch(&world.at("/device")).await;
    let typed = [("user-code", "BCDF-GHJK")];
    let page = device.press(&mut agent, &page, "continue", &typed).await;
    assert_eq!(page.status, 404);
    assert!(page.page().has("error-message") && page.page().has("user-code"));
    world.stop();
}

#[tokio::test]
async fn the_picture_is_of_the_page_and_of_nothing_else() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let codes = codes(&device).await;
    let picture = codes["verification_qr_uri"].as_str().expect("an address");
    let picture = Agent::new()
        .fetch(&picture.parse().expect("an address"))
        .await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert!(picture.body.contains("<svg") && !picture.body.contains("<script"));
    for other in [
        "",
        "?user_code=https://evil.example",
        "?user_code=BCDF-GHJ1",
    ] {
        let answer = Agent::new()
            .fetch(&world.at(&format!("/device/qr{other}")))
            .await;
        assert_eq!(answer.status, 404, "{other}");
    }
    administer(
        &world,
        &["client", "disable", &device.application.client_id],
    );
    assert_eq!(poll(&device, &codes).await.oauth_error(), "invalid_client");
    world.stop();
}
