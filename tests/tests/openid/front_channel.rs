//! Front-channel logout and session management in Chromium, with applications that live there.

use idp_tests::front_channel::{BrowserApplication, Visits};
use idp_tests::{Application, Browser, RelyingParty, User, World};
use serde_json::Value;
use url::Url;

/// An application that is registered at the provider.
struct Registered {
    browser_side: BrowserApplication,
    relying_party: RelyingParty,
}

/// Starts an application and registers it with the paths that listen.
async fn registered(
    world: &World,
    visits: &Visits,
    name: &'static str,
    logout: Option<&str>,
) -> Registered {
    let browser_side = BrowserApplication::start(name, visits).await;
    let (redirect, bye) = (browser_side.at("/callback"), browser_side.at("/bye"));
    let mut arguments = vec!["client", "add", "--name", name];
    arguments.extend([
        "--redirect-uri",
        &redirect,
        "--post-logout-redirect-uri",
        &bye,
    ]);
    let listens = logout.map(|path| format!("frontchannel_logout_uri={}", browser_side.at(path)));
    arguments.extend(listens.iter().flat_map(|listens| ["--set", listens]));
    let output = world.administer("quantri", &arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let application = Application {
        name: name.to_owned(),
        url: browser_side.url.clone(),
        client_id: text(&printed["client"]["client_id"]),
        client_secret: text(&printed["client_secret"]),
        redirect_uri: Url::parse(&redirect).expect("an address"),
    };
    Registered {
        relying_party: RelyingParty::at(&world.issuer_url(), application).await,
        browser_side,
    }
}

/// What an application knows after a sign-in.
struct SignedIn {
    id_token: String,
    sid: String,
    session_state: String,
}

/// Walks to the application's callback, signing in where that is asked.
async fn enter(browser: &Browser, application: &Registered, user: &User) -> SignedIn {
    let relying_party = &application.relying_party;
    let request = relying_party.request();
    browser
        .open(&relying_party.authorization_url(&request))
        .await;
    if browser.one_of(&["username", "arrived"]).await == "username" {
        browser.type_into("username", &user.username).await;
        browser.type_into("password", &user.password).await;
        browser.click("sign-in").await;
        browser.element("arrived").await;
    }
    let callback = idp_tests::Callback {
        url: browser.url().await,
    };
    let code = callback.code();
    let answer = relying_party.redeem(&code, &request.pkce.verifier).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = idp_tests::Tokens {
        body: answer.json(),
    };
    let claims = relying_party.id_token(&tokens).await;
    SignedIn {
        id_token: tokens.text("id_token"),
        sid: claims["sid"].as_str().unwrap_or_default().to_owned(),
        session_state: callback.parameter("session_state"),
    }
}

/// The address that asks for a sign-out in the name of an application.
fn sign_out(application: &Registered, id_token: &str, state: &str) -> Url {
    let mut url = application.relying_party.endpoint("end_session_endpoint");
    url.query_pairs_mut()
        .append_pair("id_token_hint", id_token)
        .append_pair(
            "post_logout_redirect_uri",
            &application.browser_side.at("/bye"),
        )
        .append_pair("state", state);
    url
}

#[tokio::test]
async fn every_application_of_the_session_is_told_before_the_browser_goes_back() {
    let world = World::demo();
    let visits = Visits::default();
    let first = registered(&world, &visits, "first", Some("/out?from=sso")).await;
    let second = registered(&world, &visits, "second", Some("/out")).await;
    let silent = registered(&world, &visits, "silent", None).await;
    let unvisited = registered(&world, &visits, "unvisited", Some("/out")).await;
    assert!(unvisited.browser_side.url.port().is_some());
    let browser = Browser::start("vi").await;
    let here = enter(&browser, &first, world.user()).await;
    let there = enter(&browser, &second, world.user()).await;
    enter(&browser, &silent, world.user()).await;
    assert_eq!(here.sid, there.sid, "one session, one sid");

    browser
        .open(&sign_out(&first, &here.id_token, "a b&c"))
        .await;
    browser.element("bye").await;
    let url = browser.url().await;
    assert_eq!(url.path(), "/bye");
    assert_eq!(url.query_pairs().next().expect("state").1, "a b&c");

    let told = visits.of("/out");
    let mut names: Vec<_> = told.iter().map(|visit| visit.application).collect();
    names.sort_unstable();
    assert_eq!(names, ["first", "second"], "{told:#?}");
    for visit in &told {
        assert_eq!(visit.query["iss"], world.issuer, "{visit:?}");
        assert_eq!(visit.query["sid"], here.sid, "{visit:?}");
        assert_eq!(visit.purpose, "iframe", "{visit:?}");
        // On one site the application's own cookie reaches the frame.
        let own = format!("{}=here", visit.application);
        assert!(visit.cookies.contains(&own), "{visit:?}");
        let token = visit.query.values().any(|value| value.contains("eyJ"));
        assert!(!token, "a token in an address: {visit:?}");
    }
    let order: Vec<_> = visits.all().iter().map(|visit| visit.path).collect();
    assert!(order.ends_with(&["/out", "/out", "/bye"]), "{order:?}");
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn the_page_of_our_own_button_tells_them_too_and_offers_the_way_back() {
    let world = World::demo();
    let visits = Visits::default();
    let application = registered(&world, &visits, "first", Some("/out")).await;
    let browser = Browser::start("vi").await;
    enter(&browser, &application, world.user()).await;
    browser.open(&world.at("/sign-out")).await;
    let asked = browser.element("confirm-sign-out").await;
    assert_eq!(visits.of("/out").len(), 0, "nobody is told of a question");
    asked.click().await.expect("a button");
    assert_eq!(browser.text_of("signed-out").await, "Đã đăng xuất");
    visits.until("/out", 1).await;
    // Only what was registered may be framed, and the page itself by nobody.
    let origin = application.browser_side.url.origin().ascii_serialization();
    let frames = browser.run("return [...document.querySelectorAll('iframe')].map(f => f.src)");
    let frames = frames.await;
    let source = frames[0].as_str().unwrap_or_default();
    assert!(source.starts_with(&origin), "{frames}");
    assert_eq!(frames.as_array().map(Vec::len), Some(1));
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn the_page_waits_for_an_application_that_is_slow() {
    let world = World::demo();
    let visits = Visits::default();
    let slow = registered(&world, &visits, "slow", Some("/slow")).await;
    let good = registered(&world, &visits, "good", Some("/out")).await;
    let browser = Browser::start("vi").await;
    enter(&browser, &slow, world.user()).await;
    let here = enter(&browser, &good, world.user()).await;
    browser.open(&sign_out(&good, &here.id_token, "s")).await;
    browser.element("bye").await;
    let order: Vec<_> = visits.all().iter().map(|visit| visit.path).collect();
    assert!(order.ends_with(&["/out", "/slow", "/bye"]), "{order:?}");
    browser.close().await;
    world.stop();
}

/// The page of an application that frames `op` and asks it `message`.
fn watching(application: &BrowserApplication, op: &Url, message: &str) -> Url {
    let mut url = Url::parse(&application.at("/watch")).expect("an address");
    url.query_pairs_mut()
        .append_pair("op", op.as_str())
        .append_pair("message", message);
    url
}

/// Waits until the application heard this from the frame.
async fn hears(browser: &Browser, expected: &str) {
    let mut last = String::new();
    for _ in 0..100 {
        last = browser.text_of("verdict").await;
        if last == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{last}, not {expected}");
}

#[tokio::test]
async fn an_application_notices_a_sign_out_without_asking_the_server() {
    let world = World::demo();
    let visits = Visits::default();
    let application = registered(&world, &visits, "first", None).await;
    let other = registered(&world, &visits, "other", None).await;
    let browser = Browser::start("vi").await;
    let here = enter(&browser, &application, world.user()).await;
    let op = application.relying_party.endpoint("check_session_iframe");
    let client = &application.relying_party.application.client_id;
    let message = format!("{client} {}", here.session_state);
    let side = &application.browser_side;

    browser.open(&watching(side, &op, &message)).await;
    hears(&browser, "unchanged").await;
    let again = enter(&browser, &application, world.user()).await;
    assert_ne!(again.session_state, here.session_state, "a salt each time");
    for (asking, message, expected) in [
        (
            side,
            format!("{client} {}", again.session_state),
            "unchanged",
        ),
        (side, format!("another {}", here.session_state), "changed"),
        (side, here.session_state.clone(), "error"),
        (
            side,
            format!("{client} {}x.y.z", here.session_state),
            "error",
        ),
        // What was made for one origin is worth nothing at another.
        (&other.browser_side, message.clone(), "changed"),
    ] {
        browser.open(&watching(asking, &op, &message)).await;
        hears(&browser, expected).await;
    }

    browser.open(&watching(side, &op, &message)).await;
    hears(&browser, "unchanged").await;
    let here_page = browser.driver.window().await.expect("a window");
    let beside = browser.driver.new_window(true).await.expect("a tab");
    browser
        .driver
        .switch_to_window(beside.handle)
        .await
        .expect("the tab");
    browser
        .open(&sign_out(&application, &here.id_token, "s"))
        .await;
    browser.element("bye").await;
    browser
        .driver
        .switch_to_window(here_page)
        .await
        .expect("the page");
    hears(&browser, "changed").await;
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn nobody_else_frames_the_page_and_nobody_frames_another() {
    let world = World::demo();
    let visits = Visits::default();
    let application = registered(&world, &visits, "first", None).await;
    let stranger = BrowserApplication::start("stranger", &visits).await;
    let browser = Browser::start("vi").await;
    let here = enter(&browser, &application, world.user()).await;
    let op = application.relying_party.endpoint("check_session_iframe");
    let client = &application.relying_party.application.client_id;
    let message = format!("{client} {}", here.session_state);
    let side = &application.browser_side;
    for (framing, framed) in [(&stranger, op), (side, world.at("/signed-out"))] {
        browser.open(&watching(framing, &framed, &message)).await;
        visits.until("/watch", 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        assert_eq!(browser.text_of("verdict").await, "silence", "{framed}");
    }
    browser.close().await;
    world.stop();
}
