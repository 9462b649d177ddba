//! Pages in a frame, script in a page, secrets in a referrer.

use idp_tests::{Agent, Answer, RelyingParty, World};

fn assert_guarded(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
        "{what}: {policy}"
    );
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(policy.contains("base-uri 'none'"), "{what}: {policy}");
    assert!(policy.contains("form-action"), "{what}: {policy}");
    assert!(!policy.contains("unsafe-inline"), "{what}: {policy}");
    assert!(!policy.contains("unsafe-eval"), "{what}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(
        answer.header("x-frame-options").to_uppercase(),
        "DENY",
        "{what}"
    );
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{what}"
    );
    assert!(
        answer.header("server").is_empty(),
        "{what}: it tells its version"
    );
}

async fn pages(world: &World, relying_party: &RelyingParty) -> Vec<(String, Answer)> {
    let mut agent = Agent::new();
    let sign_in = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let typed = [("username", "nobody"), ("password", "wrong")];
    let wrong = relying_party
        .press(&mut agent, &sign_in, "sign-in", &typed)
        .await;
    let mut pages = vec![
        ("sign-in".to_owned(), sign_in),
        ("wrong password".to_owned(), wrong),
    ];
    for path in [
        "/authorize",
        "/password/forgotten",
        "/activate",
        "/sign-out",
        "/signed-out",
        "/no-such-page",
        "/consent",
        "/choose-position",
    ] {
        let answer = agent.fetch(&world.at(path)).await;
        pages.push((path.to_owned(), answer));
    }
    pages
}

#[tokio::test]
async fn no_page_can_be_framed_cached_or_made_to_run_script() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    for (what, answer) in pages(&world, &relying_party).await {
        if answer.header("content-type").starts_with("text/html") {
            assert_guarded(&answer, &what);
        }
        assert!(answer.status < 500, "{what}: {}", answer.status);
    }
    world.stop();
}

#[tokio::test]
async fn no_page_carries_inline_script_or_style_or_asks_another_host() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    for (what, answer) in pages(&world, &relying_party).await {
        for element in answer.page().elements {
            let inline = element.tag == "script" && element.attribute("src").is_none();
            assert!(!inline, "{what}: inline script");
            assert_ne!(element.tag, "style", "{what}: inline style");
            for (name, value) in &element.attributes {
                assert!(
                    !name.starts_with("on") && name != "style",
                    "{what}: {name}={value}"
                );
                let fetched = matches!(name.as_str(), "src" | "srcset" | "data" | "poster")
                    || (element.tag == "link" && name == "href");
                let foreign = value.contains("://") || value.starts_with("//");
                assert!(!(fetched && foreign), "{what}: asks {value}");
            }
        }
    }
    world.stop();
}

#[tokio::test]
async fn what_a_stranger_wrote_is_escaped() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let script = "\"><script>alert(1)</script>";
    let mut agent = Agent::new();
    let request = relying_party.request().with("client_id", script);
    let answer = relying_party.open(&mut agent, &request).await;
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    let request = relying_party.request().with("login_hint", script);
    let page = relying_party.open(&mut agent, &request).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let typed = [("username", script), ("password", script)];
    let answer = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    let again = answer.page();
    let password = again
        .elements
        .iter()
        .find(|element| element.attribute("id") == Some("password"));
    let shown = password
        .and_then(|field| field.attribute("value"))
        .unwrap_or_default();
    assert!(shown.is_empty(), "the password is not sent back");
    world.stop();
}

#[tokio::test]
async fn cookies_cannot_be_read_by_script_or_sent_along_from_other_sites() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let mut lines = Vec::new();
    let url = relying_party.authorization_url(&relying_party.request());
    let first = agent.fetch(&url).await;
    lines.extend(set_cookies(&first));
    let page = agent.follow_within(&relying_party.issuer, first).await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", user.password.as_str()),
    ];
    let (target, fields) = idp_tests::relying_party::filled(&page, "sign-in", &typed);
    lines.extend(set_cookies(&agent.submit(&target, &fields).await));
    assert!(
        lines.len() >= 2,
        "a pending sign-in and a session: {lines:?}"
    );
    // The browser state of Session Management is made for script, and signs nobody in: see
    // `openid::logout`.
    let (state, lines): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.starts_with("idp-state="));
    assert_eq!(state.len(), 1, "{state:?}");
    for line in lines {
        let lower = line.to_lowercase();
        assert!(
            lower.contains("httponly") && lower.contains("samesite=lax"),
            "{line}"
        );
        assert!(
            lower.contains("path=/") && !lower.contains("domain="),
            "{line}"
        );
    }
    world.stop();
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines
        .filter_map(|line| line.to_str().ok().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn token_answers_are_never_cached() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let callback = relying_party
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    let answer = relying_party
        .redeem(&callback.code(), &request.pkce.verifier)
        .await;
    assert_eq!(answer.header("cache-control"), "no-store", "RFC 6749 §5.1");
    assert_eq!(answer.header("content-type"), "application/json");
    world.stop();
}
