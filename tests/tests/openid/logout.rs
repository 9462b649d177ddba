//! What `/sign-out`, `/check-session` and the metadata say on the wire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_tests::agent::fields;
use idp_tests::{Agent, Answer, RelyingParty, Tokens, World};
use url::Url;

/// A browser that is signed in at the first application of the demonstration.
struct Scene {
    world: World,
    relying_party: RelyingParty,
    browser: Agent,
    tokens: Tokens,
}

impl Scene {
    async fn new() -> Self {
        let world = World::demo();
        let relying_party = RelyingParty::of(&world, 0).await;
        let mut browser = Agent::new();
        let tokens = relying_party.sign_in(&mut browser, world.user()).await;
        Self {
            world,
            relying_party,
            browser,
            tokens,
        }
    }

    fn hint(&self) -> String {
        self.tokens.text("id_token")
    }

    async fn sign_out(&mut self, pairs: &[(&str, &str)]) -> Answer {
        let mut url = self.relying_party.endpoint("end_session_endpoint");
        url.query_pairs_mut().extend_pairs(pairs);
        self.browser.fetch(&url).await
    }

    async fn is_signed_in(&mut self) -> bool {
        let silent = self.relying_party.request().with("prompt", "none");
        let answer = self.relying_party.open(&mut self.browser, &silent).await;
        let url = answer.location().expect("a redirect");
        url.query_pairs().any(|(name, _)| name == "code")
    }
}

/// The token with another header, and with or without its signature.
fn with_header(token: &str, header: &str, signed: bool) -> String {
    let mut parts = token.split('.').skip(1);
    let (payload, signature) = (parts.next().expect("a payload"), parts.next());
    let signature = signature.filter(|_| signed).unwrap_or_default();
    format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn a_hint_or_address_that_is_not_proved_shows_a_page_and_ends_nothing() {
    let mut scene = Scene::new().await;
    let hint = scene.hint();
    let other = scene.world.applications[1].client_id.clone();
    let home = scene.relying_party.application.url.join("/signed-out");
    let home = home.expect("an address").to_string();
    let added = format!("{home}?x=1");
    let payload = hint.split('.').nth(1).expect("a payload");
    let changed = hint.replace(payload, &URL_SAFE_NO_PAD.encode(r#"{"sub":"x","aud":"x"}"#));
    let none = with_header(&hint, r#"{"alg":"none"}"#, false);
    let symmetric = with_header(&hint, r#"{"alg":"HS256"}"#, true);
    let access = scene.tokens.text("access_token");
    let long = "x".repeat(2049);
    for pairs in [
        vec![("id_token_hint", none.as_str())],
        vec![("id_token_hint", &symmetric)],
        vec![("id_token_hint", &changed)],
        vec![("id_token_hint", &access)],
        vec![("id_token_hint", "a.b.c.d.e")],
        vec![("id_token_hint", "x")],
        vec![("id_token_hint", &hint), ("client_id", &other)],
        vec![
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", &added),
        ],
        vec![
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ],
        vec![
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", "javascript:alert(1)"),
        ],
        vec![("post_logout_redirect_uri", &home)],
        vec![("id_token_hint", &hint), ("state", &long)],
        vec![("id_token_hint", &hint), ("state", "a"), ("state", "b")],
    ] {
        let answer = scene.sign_out(&pairs).await;
        assert_eq!(answer.status, 400, "{pairs:?}");
        assert!(answer.page().has("error-message"), "{pairs:?}");
        assert!(answer.location().is_none(), "{pairs:?}");
    }
    assert!(scene.is_signed_in().await);
    scene.world.stop();
}

#[tokio::test]
async fn state_comes_back_whole_whatever_stands_in_it() {
    for method in ["GET", "POST"] {
        let mut scene = Scene::new().await;
        let home = scene.relying_party.application.url.join("/signed-out");
        let home = home.expect("an address").to_string();
        let (hint, state) = (scene.hint(), "\"><script>alert(1)</script>\r\nX: y &# đ");
        let pairs = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", &home),
            ("state", state),
            ("logout_hint", "somebody"),
            ("unknown", "ignored"),
        ];
        let answer = if method == "GET" {
            scene.sign_out(&pairs).await
        } else {
            let url = scene.relying_party.endpoint("end_session_endpoint");
            scene.browser.submit(&url, &fields(&pairs)).await
        };
        let back = answer
            .location()
            .unwrap_or_else(|| panic!("{}", answer.body));
        assert_eq!(
            back.query_pairs().next().expect("state").1,
            state,
            "{method}"
        );
        assert_eq!(back.fragment(), None);
        assert!(!scene.is_signed_in().await, "{method}");
        scene.world.stop();
    }
}

#[tokio::test]
async fn the_question_is_asked_in_the_language_of_the_form() {
    let mut scene = Scene::new().await;
    let url = scene.relying_party.endpoint("end_session_endpoint");
    for (locales, tag) in [
        ("en", "en"),
        ("fr en-GB vi", "en"),
        ("fr", "vi"),
        ("vi", "vi"),
    ] {
        let body = fields(&[("ui_locales", locales)]);
        let answer = scene.browser.submit(&url, &body).await;
        assert!(answer.page().has("confirm-sign-out"), "{}", answer.body);
        let opening = format!("<html lang=\"{tag}\">");
        assert!(answer.body.contains(&opening), "{locales}: {}", answer.body);
    }
    scene.world.stop();
}

/// The answer of the page behind `check_session_iframe` to a frame of this page.
async fn framed(scene: &mut Scene, referer: Option<&str>) -> Answer {
    let url = scene.relying_party.endpoint("check_session_iframe");
    let headers: Vec<_> = referer
        .map(|referer| ("referer".to_owned(), referer.to_owned()))
        .into_iter()
        .collect();
    let agent = &mut scene.browser;
    agent.send(reqwest::Method::GET, &url, &headers, None).await
}

#[tokio::test]
async fn the_frame_is_for_registered_origins_and_holds_one_script() {
    let mut scene = Scene::new().await;
    let origin = scene.relying_party.application.redirect_uri.origin();
    let origin = origin.ascii_serialization();
    let page = format!("{origin}/some/page?x=1");
    for referer in [origin.as_str(), &page] {
        let answer = framed(&mut scene, Some(referer)).await;
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").to_owned();
        assert!(
            policy.contains(&format!("frame-ancestors {origin};")),
            "{policy}"
        );
        let (begin, end) = ("<script>", "</script>");
        let script = answer
            .body
            .split(begin)
            .nth(1)
            .and_then(|s| s.split(end).next());
        let digest = ring::digest::digest(&ring::digest::SHA256, script.expect("one").as_bytes());
        let digest = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(
            policy.contains(&format!("script-src 'sha256-{digest}';")),
            "{policy}"
        );
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-frame-options"), "");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let lookalike = format!("{origin}.evil.example/");
    for referer in [
        None,
        Some("https://evil.example/"),
        Some(lookalike.as_str()),
        Some("null"),
        Some("https://evil.example; script-src *"),
    ] {
        let answer = framed(&mut scene, referer).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{referer:?}: {policy}"
        );
        assert!(!policy.contains("script-src"), "{referer:?}: {policy}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{referer:?}");
    }
    scene.world.stop();
}

#[tokio::test]
async fn the_state_cookie_signs_nobody_in_and_goes_with_the_session() {
    let mut scene = Scene::new().await;
    let host = scene.world.host();
    let state = scene
        .browser
        .cookie(&host, "idp-state")
        .expect("a state")
        .to_owned();
    let session = scene
        .browser
        .cookie(&host, "idp-session")
        .expect("a session")
        .to_owned();
    assert_ne!(state, session);
    // Whoever reads it has nothing that the server takes.
    let mut thief = Agent::new();
    for name in ["idp-state", "idp-session", "idp-browser"] {
        thief.plant_cookie(&host, name, &state);
    }
    let silent = scene.relying_party.request().with("prompt", "none");
    let answer = scene.relying_party.open(&mut thief, &silent).await;
    let refused = answer.location().expect("a redirect");
    assert!(refused.as_str().contains("login_required"), "{refused}");
    assert!(!refused.as_str().contains("session_state"), "{refused}");
    let hint = scene.hint();
    scene.sign_out(&[("id_token_hint", &hint)]).await;
    for name in ["idp-state", "idp-session"] {
        let left = scene.browser.cookie(&host, name).unwrap_or_default();
        assert_eq!(left, "", "{name}");
    }
    scene.world.stop();
}

#[tokio::test]
async fn the_state_comes_with_openid_and_to_web_origins_alone() {
    let mut scene = Scene::new().await;
    for (scope, expected) in [("openid profile", true), ("profile", false)] {
        let request = scene.relying_party.request().with("scope", scope);
        let answer = scene.relying_party.open(&mut scene.browser, &request).await;
        let url = answer.location().expect("a redirect");
        let told = url.query_pairs().any(|(name, _)| name == "session_state");
        assert_eq!(told, expected, "{url}");
    }
    let metadata = &scene.relying_party.metadata;
    for member in [
        "frontchannel_logout_supported",
        "frontchannel_logout_session_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ] {
        assert_eq!(metadata[member], true, "{member}");
    }
    for member in ["check_session_iframe", "end_session_endpoint"] {
        let address = metadata[member]
            .as_str()
            .and_then(|text| Url::parse(text).ok());
        assert!(address.is_some_and(|a| a.origin() == scene.relying_party.issuer.origin()));
    }
    scene.world.stop();
}
