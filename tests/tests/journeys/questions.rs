//! The questions between sign-in and application, in Chromium: consent for an application that is
//! not the province's own, and the choice among several positions.

use idp_tests::request::Pkce;
use idp_tests::{Application, Browser, RelyingParty, User, World};
use url::Url;

use super::pages::look;

/// `an.nv` holds two positions, `nguyen.yn` three.
const PERSON: &str = "nguyen.yn";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";

fn person(world: &World) -> User {
    let found = world.users.iter().find(|user| user.username == PERSON);
    found.expect("somebody of the demonstration").clone()
}

/// Registers an application at the first demonstration application's address, so that the browser
/// arrives somewhere; it answers `state` mismatches with a page of its own.
async fn registered(world: &World, further: &[&str]) -> RelyingParty {
    let redirect_uri = world.applications[0].redirect_uri.clone();
    let mut arguments = vec![
        "client",
        "add",
        "--name",
        "Sổ tay công dân",
        "--name-en",
        "Citizen notebook",
    ];
    arguments.extend(["--redirect-uri", redirect_uri.as_str()]);
    arguments.extend(further);
    let output = world.administer("quantri", &arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON object");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let application = Application {
        client_id: text(&printed["client"]["client_id"]),
        client_secret: text(&printed["client_secret"]),
        redirect_uri,
        ..world.applications[0].clone()
    };
    RelyingParty::at(&world.issuer_url(), application).await
}

/// Opens an authorization request in a language and signs in where that is asked.
async fn open(
    browser: &Browser,
    relying_party: &RelyingParty,
    user: &User,
    language: &str,
) -> Pkce {
    let request = relying_party.request().with("ui_locales", language);
    browser
        .open(&relying_party.authorization_url(&request))
        .await;
    if browser
        .one_of(&["username", "approve", "choose-position"])
        .await
        == "username"
    {
        browser.type_into("username", &user.username).await;
        browser.type_into("password", &user.password).await;
        browser.click("sign-in").await;
        browser.one_of(&["approve", "choose-position"]).await;
    }
    request.pkce
}

/// Where the browser arrived: the redirect URI with the answer.
async fn arrived(browser: &Browser, relying_party: &RelyingParty) -> Url {
    let path = relying_party.application.redirect_uri.path().to_owned();
    for _ in 0..100 {
        let url = browser.url().await;
        if url.path() == path && url.origin() == relying_party.application.redirect_uri.origin() {
            return url;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!(
        "the browser stays at {}:\n{}",
        browser.url().await,
        browser.text().await
    );
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Presses Tab until the element with this id has the focus.
async fn reach(browser: &Browser, id: &str) {
    let mut seen = Vec::new();
    for _ in 0..15 {
        let focus = browser.focus().await;
        if focus == id {
            return;
        }
        seen.push(focus);
        browser.press(TAB).await;
    }
    panic!("Tab never reaches #{id}; it passed {seen:?}");
}

#[tokio::test]
async fn consent_is_asked_once_told_plainly_and_can_be_refused() {
    let world = World::demo();
    let user = person(&world);
    let further = [
        "--consent",
        "ask",
        "--policy-uri",
        "https://so-tay.example/rieng-tu",
    ];
    let relying_party = registered(&world, &further).await;
    let browser = Browser::start("vi").await;
    let mut wrong = Vec::new();
    for (language, title, name) in [
        ("vi", "Sổ tay công dân", "Họ"),
        ("en", "Citizen notebook", "name"),
    ] {
        open(&browser, &relying_party, &user, language).await;
        browser.element("approve").await;
        let text = browser.text().await;
        let host = relying_party
            .application
            .redirect_uri
            .host_str()
            .expect("a host");
        for told in [title, user.name.as_str(), host, name] {
            assert!(text.contains(told), "{told:?} is not told in:\n{text}");
        }
        look(&browser, "consent", language, &mut wrong).await;
    }

    // Refused by keyboard alone: the application learns that, and nothing else.
    reach(&browser, "refuse").await;
    browser.press(ENTER).await;
    let answer = arrived(&browser, &relying_party).await;
    assert_eq!(parameter(&answer, "error"), "access_denied", "{answer}");
    assert!(parameter(&answer, "code").is_empty(), "{answer}");

    // A refusal is not remembered; the consent is.
    let pkce = open(&browser, &relying_party, &user, "vi").await;
    reach(&browser, "approve").await;
    browser.press(ENTER).await;
    let answer = arrived(&browser, &relying_party).await;
    let redeemed = relying_party
        .redeem(&parameter(&answer, "code"), &pkce.verifier)
        .await;
    // The demonstration's application stands at that address too, but has another client_id.
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let request = relying_party.request();
    browser
        .open(&relying_party.authorization_url(&request))
        .await;
    let answer = arrived(&browser, &relying_party).await;
    assert!(
        !parameter(&answer, "code").is_empty(),
        "asked a second time: {answer}"
    );

    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stop();
}

#[tokio::test]
async fn a_position_is_chosen_by_keyboard_and_told_to_this_application() {
    let world = World::demo();
    let user = person(&world);
    let relying_party = registered(&world, &["--position", "ask"]).await;
    let browser = Browser::start("vi").await;
    let mut wrong = Vec::new();
    for language in ["en", "vi"] {
        open(&browser, &relying_party, &user, language).await;
        look(&browser, "position", language, &mut wrong).await;
    }
    let pkce = open(&browser, &relying_party, &user, "vi").await;
    let text = browser.text().await;
    for told in [
        "Công chức văn phòng",
        "Thành viên tổ công nghệ số",
        "Biệt phái",
        "UBND xã Suối Trong",
    ] {
        assert!(text.contains(told), "{told:?} is not told in:\n{text}");
    }
    // The main position is chosen beforehand; one arrow key goes on to the second.
    reach(&browser, "position-1").await;
    browser.press(DOWN).await;
    assert_eq!(browser.focus().await, "position-2");
    reach(&browser, "choose-position").await;
    browser.press(ENTER).await;
    let answer = arrived(&browser, &relying_party).await;
    let redeemed = relying_party
        .redeem(&parameter(&answer, "code"), &pkce.verifier)
        .await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let token = redeemed.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let claims = relying_party.userinfo(&token).await.json();
    assert_eq!(claims["unit"]["code"], "H99.03.01", "{claims}");

    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stop();
}
