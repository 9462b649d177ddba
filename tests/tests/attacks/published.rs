//! Flaws that were published of other providers between 2023 and 2026, tried here. `docs/attacks.md`
//! tells which rule makes each of them fail.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_tests::agent::{encode, fields};
use idp_tests::relying_party::filled;
use idp_tests::{Agent, Installation, RelyingParty, World};
use reqwest::Method;

use crate::openid::device::{codes, screen};
use crate::openid::par::{pushed, referring};
use crate::openid::resources::{administer, registered};

/// CVE-2026-4282, CVE-2026-4325: things for one use that share a store must not pass for each other.
#[tokio::test]
async fn a_secret_of_one_kind_opens_nothing_of_another() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let tokens = relying_party.sign_in(&mut agent, world.user()).await;
    let refresh = tokens.text("refresh_token");
    let request = relying_party.request();
    let reference = pushed(&relying_party, &request).await;
    let secret = reference.rsplit(':').next().expect("a secret").to_owned();
    let callback = relying_party
        .authorize(&mut agent, &request, world.user())
        .await;
    let code = callback.code();

    let verifier = &request.pkce.verifier;
    for posing in [&refresh, &reference, &secret] {
        let answer = relying_party.redeem(posing, verifier).await;
        assert_eq!(answer.oauth_error(), "invalid_grant", "{posing}");
    }
    for posing in [&code, &reference, &secret] {
        let answer = relying_party.refresh(posing).await;
        assert_eq!(answer.oauth_error(), "invalid_grant", "{posing}");
    }
    let named = format!("urn:ietf:params:oauth:request_uri:{code}");
    let posing = referring(&relying_party, &request, &named);
    let answer = relying_party.open(&mut agent, &posing).await;
    assert!(!answer.is_redirect() && answer.page().has("error-message"));

    // Nothing was spent on the way.
    let answer = relying_party.redeem(&code, verifier).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(relying_party.refresh(&refresh).await.status, 200);
    world.stop();
}

/// CVE-2026-27840: a part of an opaque token is no token.
#[tokio::test]
async fn a_cut_or_lengthened_opaque_token_is_none() {
    let world = World::demo();
    let client = &world.applications[0].client_id;
    let format = "access_token_format=opaque";
    administer(&world, &["client", "edit", client, "--set", format]);
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    let tokens = relying_party.sign_in(&mut Agent::new(), user).await;
    let token = tokens.text("access_token");
    let (cut, half) = (&token[..token.len() - 1], &token[..token.len() / 2]);
    let longer = format!("{token}A");
    let bare = token.trim_start_matches("idp_at_");
    for wrong in [cut, half, &longer, bare, "idp_at_"] {
        assert_eq!(relying_party.userinfo(wrong).await.status, 401, "{wrong}");
        let told = relying_party.introspect(wrong).await;
        assert_eq!(told["active"], false, "{wrong}");
    }
    assert_eq!(relying_party.userinfo(&token).await.status, 200);
    world.stop();
}

/// CVE-2025-12110: what an administrator took back from an application stays in no refresh token.
#[tokio::test]
async fn a_right_that_was_taken_back_is_in_no_later_token() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let scopes = ["--scope", "openid", "--scope", "profile", "--scope"];
    let scopes = [&scopes[..], &["offline_access"]].concat();
    let application = installation.application("Một cửa", &scopes);
    let client = application.client_id.clone();
    let relying_party = RelyingParty::at(&installation.issuer, application).await;
    let mut agent = Agent::new();
    let signed_in = async |scope: &str, agent: &mut Agent| {
        let request = relying_party.request().with("scope", scope);
        let tokens = relying_party.sign_in_with(agent, &request, &user).await;
        tokens.text("refresh_token")
    };
    let plain = signed_in("openid profile", &mut agent).await;
    let offline = signed_in("openid offline_access", &mut agent).await;
    let edited = installation.administer(&["client", "edit", &client, "--scope", "openid"]);
    assert!(edited.status.success(), "{edited:?}");

    let answer = relying_party.refresh(&plain).await;
    assert_eq!(answer.json()["scope"], "openid", "{}", answer.body);
    let answer = relying_party.refresh(&offline).await;
    assert_eq!(answer.oauth_error(), "invalid_grant");
    let told = &answer.json()["error_description"];
    assert_eq!(told, "offline_access_withdrawn");
    serving.terminate();
}

/// CVE-2026-9802: a restart makes no rotated refresh token new.
#[tokio::test]
async fn a_rotated_refresh_token_stays_old_after_a_restart() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let application = installation.application("Một cửa", &[]);
    let relying_party = RelyingParty::at(&installation.issuer, application.clone()).await;
    let tokens = relying_party.sign_in(&mut Agent::new(), &user).await;
    let old = tokens.text("refresh_token");
    let mut newest = old.clone();
    for _ in 0..2 {
        let answer = relying_party.refresh(&newest).await.json();
        newest = answer["refresh_token"].as_str().expect("text").to_owned();
    }
    serving.terminate();

    let serving = installation.serve().await.expect("it serves again");
    let relying_party = RelyingParty::at(&installation.issuer, application).await;
    let answer = relying_party.refresh(&old).await;
    let told = &answer.json()["error_description"];
    assert_eq!(told, "refresh_token_reused", "{}", answer.body);
    assert_eq!(
        relying_party.refresh(&newest).await.oauth_error(),
        "invalid_grant",
        "whoever held the old one is locked out with its thief"
    );
    serving.terminate();
}

/// CVE-2026-96446: the answer that needs no question spends a pushed request as well.
#[tokio::test]
async fn a_pushed_request_counts_once_in_silence_too() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    relying_party.sign_in(&mut agent, world.user()).await;
    let request = relying_party.request().with("prompt", "none");
    let reference = pushed(&relying_party, &request).await;
    let short = referring(&relying_party, &request, &reference);
    let first = relying_party.open(&mut agent, &short).await;
    let location = first.location().expect("a redirect to the client");
    assert!(location.as_str().contains("code="), "{location}");
    let second = relying_party.open(&mut agent, &short).await;
    assert!(!second.is_redirect(), "{:?}", second.location());
    assert!(second.page().has("error-message"), "{}", second.body);
    world.stop();
}

/// CVE-2024-38371: a device is no way around what its application demands of a sign-in.
#[tokio::test]
async fn a_device_is_no_way_around_a_demanded_sign_in() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let client = device.application.client_id.as_str();
    let demanded = ["client", "edit", client, "--set", "default_max_age=1"];
    administer(&world, &demanded);
    let mut agent = Agent::new();
    let browser = RelyingParty::of(&world, 0).await;
    browser.sign_in(&mut agent, world.user()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    let codes = codes(&device).await;
    let link = codes["verification_uri_complete"].as_str().expect("a link");
    let page = agent.fetch(&link.parse().expect("an address")).await;
    let page = device.press(&mut agent, &page, "continue", &[]).await;
    assert!(!page.page().has("approve"), "an old session is not enough");
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let page = device.press(&mut agent, &page, "sign-in", &typed).await;
    let page = device.press(&mut agent, &page, "continue", &[]).await;
    assert!(page.page().has("approve"), "{}", page.body);
    world.stop();
}

/// CVE-2025-64521, CVE-2023-0091: what was disabled gets nothing, and what it got counts no longer.
#[tokio::test]
async fn a_disabled_service_gets_nothing_and_keeps_nothing() {
    let world = World::demo();
    let service = [
        "--name",
        "Đồng bộ",
        "--kind",
        "service",
        "--scope",
        "dong-bo",
    ];
    let service = registered(&world, &service).await;
    let api = ["--name", "Kho", "--kind", "service", "--introspects"];
    let api = registered(&world, &api).await;
    let grant = [("grant_type", "client_credentials")];
    let answer = service.ask("token_endpoint", &grant).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"]
        .as_str()
        .expect("text")
        .to_owned();
    assert_eq!(api.introspect(&token).await["active"], true);

    let client = service.application.client_id.as_str();
    administer(&world, &["client", "disable", client]);
    let answer = service.ask("token_endpoint", &grant).await;
    assert_eq!(answer.oauth_error(), "invalid_client");
    assert_eq!(api.introspect(&token).await["active"], false);
    world.stop();
}

/// RFC 9700 §4.12, CVE-2023-49594: a redirect by 307 would carry a password on.
#[tokio::test]
async fn a_password_is_carried_on_by_no_redirect() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let page = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let (target, sent) = filled(&page, "sign-in", &typed);
    let mut answer = agent.submit(&target, &sent).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    while let Some(next) = answer
        .location()
        .filter(|next| next.origin() == target.origin())
    {
        answer = agent.fetch(&next).await;
        assert!(!matches!(answer.status, 301 | 307 | 308), "{next}");
    }
    let left = answer.location().expect("the way to the application");
    assert!(left.as_str().contains("code="), "{left}");
    world.stop();
}

/// RFC 9700 §2.6: script of another origin reads nothing of a person's pages, and what it may ask of
/// clients' endpoints it asks without the person's cookies.
#[tokio::test]
async fn script_of_another_origin_reads_no_page() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    relying_party.sign_in(&mut agent, world.user()).await;
    let origin = [("origin".to_owned(), "https://attacker.example".to_owned())];
    let request = relying_party.request().with("prompt", "none");
    let authorization = relying_party.authorization_url(&request);
    let pages = ["/", "/sign-in", "/device", "/account/access", "/sign-out"];
    let pages = pages.map(|path| world.at(path));
    for address in pages.iter().chain([&authorization]) {
        let answer = agent.send(Method::GET, address, &origin, None).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, "", "{address}");
    }
    let userinfo = relying_party.endpoint("userinfo_endpoint");
    let answer = agent.send(Method::GET, &userinfo, &origin, None).await;
    assert_eq!(answer.status, 401, "a session is no token");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    world.stop();
}

/// keycloak/keycloak#30114, CVE-2026-119128: a cookie holds no request and nothing to compute.
#[tokio::test]
async fn cookies_hold_nothing_but_chance() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let hinted = "nguoi.duoc.nhac";
    let request = relying_party.request().with("login_hint", hinted);
    relying_party.open(&mut agent, &request).await;
    let begun = agent.cookies(&world.host());
    relying_party.sign_in(&mut agent, world.user()).await;
    let signed_in = agent.cookies(&world.host());
    assert!(!begun.is_empty() && signed_in.len() > begun.len());
    let user = world.user();
    for (name, value) in begun.iter().chain(&signed_in) {
        assert!(value.len() >= 43, "{name} is too short to be 256 bits");
        let decoded = URL_SAFE_NO_PAD.decode(value).unwrap_or_default();
        for told in [hinted, &request.state, &request.nonce, &user.username] {
            let inside = |text: &[u8]| text.windows(told.len()).any(|w| w == told.as_bytes());
            assert!(!inside(value.as_bytes()), "{name} holds {told}");
            assert!(!inside(&decoded), "{name} holds {told}, encoded");
        }
    }
    // Another browser that invents such cookies is signed in as nobody.
    let mut stranger = Agent::new();
    for (name, value) in &signed_in {
        let invented: String = value.chars().rev().collect();
        stranger.plant_cookie(&world.host(), name, &invented);
    }
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut stranger, &silent).await;
    let told = answer.location().expect("a refusal for the client");
    assert!(told.as_str().contains("error=login_required"), "{told}");
    world.stop();
}

/// CVE-2026-53512: whoever stole a refresh token of a client that proves itself cannot leave the proof
/// out; CVE-2026-115472: nor end what another client was given.
#[tokio::test]
async fn a_stolen_refresh_token_needs_the_clients_proof() {
    let world = World::demo();
    let owner = RelyingParty::of(&world, 0).await;
    let public = ["--name", "Trang", "--kind", "spa", "--redirect-uri"];
    let public = [&public[..], &["https://trang.tinh.example/cb"]].concat();
    let public = registered(&world, &public).await;
    let tokens = owner.sign_in(&mut Agent::new(), world.user()).await;
    let refresh = tokens.text("refresh_token");
    let client = owner.application.client_id.as_str();
    for (named, expected) in [
        (client, "invalid_client"),
        (public.application.client_id.as_str(), "invalid_grant"),
    ] {
        let body = fields(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh),
            ("client_id", named),
        ]);
        let body = encode(&body);
        let answer = owner.ask_raw("token_endpoint", &[], body).await;
        assert_eq!(answer.oauth_error(), expected, "{}", answer.body);
    }
    let stranger = public.application.client_id.as_str();
    for stolen in [&refresh, &tokens.text("access_token")] {
        let body = encode(&fields(&[("token", stolen), ("client_id", stranger)]));
        let answer = owner.ask_raw("revocation_endpoint", &[], body).await;
        assert_eq!(answer.status, 200, "answered like success (RFC 7009 §2.2)");
    }
    let access = tokens.text("access_token");
    assert_eq!(owner.introspect(&access).await["active"], true);
    assert_eq!(owner.refresh(&refresh).await.status, 200);
    world.stop();
}
