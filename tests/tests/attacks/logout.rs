//! Sign-outs that nobody wished, and ways from a sign-out to somewhere else.

use idp_tests::agent::fields;
use idp_tests::{Agent, RelyingParty, World};

use crate::openid::resources::administer;

const ELSEWHERE: &str = "https://attacker.example";

async fn is_signed_in(relying_party: &RelyingParty, browser: &mut Agent) -> bool {
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(browser, &silent).await;
    let url = answer.location().expect("a redirect");
    url.query_pairs().any(|(name, _)| name == "code")
}

#[tokio::test]
async fn an_attackers_own_hint_asks_the_victim_and_ends_nothing() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let (mut attacker, mut victim) = (Agent::new(), Agent::new());
    let own = relying_party.sign_in(&mut attacker, &world.users[1]).await;
    relying_party.sign_in(&mut victim, world.user()).await;
    let mut url = relying_party.endpoint("end_session_endpoint");
    url.query_pairs_mut()
        .append_pair("id_token_hint", &own.text("id_token"));
    let answer = victim.fetch(&url).await;
    assert!(answer.page().has("confirm-sign-out"), "{}", answer.body);
    assert!(is_signed_in(&relying_party, &mut victim).await);
    assert!(is_signed_in(&relying_party, &mut attacker).await);

    // The button of the victim's page is worth nothing from another site, nor from another browser.
    let (target, filled) = idp_tests::relying_party::filled(&answer, "confirm-sign-out", &[]);
    let bare: Vec<_> = filled
        .iter()
        .filter(|(name, _)| name != "csrf")
        .cloned()
        .collect();
    let forged = victim.submit_from(&target, ELSEWHERE, &bare).await;
    assert_eq!(forged.status, 403, "{}", forged.body);
    let stranger = Agent::new().submit(&target, &filled).await;
    assert_eq!(stranger.status, 403, "{}", stranger.body);
    assert!(is_signed_in(&relying_party, &mut victim).await);
    world.stop();
}

#[tokio::test]
async fn a_sign_out_leads_to_registered_addresses_alone() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut browser = Agent::new();
    let tokens = relying_party.sign_in(&mut browser, world.user()).await;
    let home = relying_party
        .application
        .url
        .join("/signed-out")
        .expect("an address");
    let host = home.host_str().expect("a host");
    let port = home.port().expect("a port");
    let text = home.as_str();
    for address in [
        format!("{text}/"),
        format!("{text}?"),
        format!("{text}#x"),
        format!("{text}/../evil"),
        format!("{text}%2f"),
        format!(" {text}"),
        text.to_uppercase(),
        text.replace(":/", ":///"),
        format!("http://{host}:{port}@attacker.example/signed-out"),
        format!("//{host}:{port}/signed-out"),
        format!("{ELSEWHERE}/?{text}"),
        format!("{ELSEWHERE}\\@{host}:{port}/signed-out"),
        "javascript:alert(1)//".to_owned(),
        "data:text/html,x".to_owned(),
    ] {
        for by_hint in [true, false] {
            let mut url = relying_party.endpoint("end_session_endpoint");
            let (name, value) = if by_hint {
                ("id_token_hint", tokens.text("id_token"))
            } else {
                ("client_id", relying_party.application.client_id.clone())
            };
            url.query_pairs_mut()
                .append_pair(name, &value)
                .append_pair("post_logout_redirect_uri", &address);
            let answer = browser.fetch(&url).await;
            assert_eq!(answer.status, 400, "{address}");
            assert!(answer.location().is_none(), "{address}");
            assert!(answer.header("refresh").is_empty(), "{address}");
        }
    }
    assert!(is_signed_in(&relying_party, &mut browser).await);
    world.stop();
}

#[tokio::test]
async fn what_a_state_holds_never_becomes_part_of_a_page_or_header() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let home = relying_party
        .application
        .url
        .join("/signed-out")
        .expect("an address");
    let frame = format!(
        "frontchannel_logout_uri={}",
        home.join("/out").expect("an address")
    );
    let client = relying_party.application.client_id.clone();
    let output = world.administer("quantri", &["client", "edit", &client, "--set", &frame]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let attack = "\"><script>alert(1)</script>\r\nSet-Cookie: a=b; url=https://attacker.example";
    let mut browser = Agent::new();
    let tokens = relying_party.sign_in(&mut browser, world.user()).await;
    let url = relying_party.endpoint("end_session_endpoint");
    let hint = tokens.text("id_token");
    let asked = fields(&[
        ("id_token_hint", &hint),
        ("post_logout_redirect_uri", home.as_str()),
        ("state", attack),
    ]);
    let answer = browser.submit(&url, &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.page().has("signing-out"), "{}", answer.body);
    assert!(!answer.body.contains("<script"), "{}", answer.body);
    let page = answer.page();
    let link = page
        .elements
        .iter()
        .find(|e| e.attribute("id") == Some("continue"));
    let href = link
        .and_then(|link| link.attribute("href"))
        .unwrap_or_default();
    let refresh = answer.header("refresh").to_owned();
    assert_eq!(
        refresh,
        format!("0;url={href}"),
        "the link leads where the page does"
    );
    let begins = format!("0;url={home}?state=%22%3E%3Cscript%3E");
    assert!(refresh.starts_with(&begins), "{refresh}");
    assert!(!refresh.contains([' ', '"', '<']), "{refresh}");
    assert!(browser.cookie(&world.host(), "a").is_none());
    let policy = answer.header("content-security-policy");
    let origin = home.origin().ascii_serialization();
    assert!(
        policy.ends_with(&format!("; frame-src {origin}")),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    world.stop();
}

#[tokio::test]
async fn userinfo_as_a_jwt_hints_at_nobody() {
    let world = World::demo();
    let client = &world.applications[0].client_id;
    let signed = "userinfo_signed_response_alg=ES256";
    administer(&world, &["client", "edit", client, "--set", signed]);
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut browser = Agent::new();
    let tokens = relying_party.sign_in(&mut browser, world.user()).await;
    let told = relying_party.userinfo(&tokens.text("access_token")).await;
    assert_eq!(told.header("content-type"), "application/jwt");
    // Signed by the key of ID Tokens, from the issuer, for the client, about the person.
    let mut url = relying_party.endpoint("end_session_endpoint");
    url.query_pairs_mut()
        .append_pair("id_token_hint", &told.body);
    let answer = browser.fetch(&url).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("logout_hint_wrong"), "{}", answer.body);
    let hinted = relying_party.request().with("id_token_hint", &told.body);
    let answer = relying_party.open(&mut browser, &hinted).await;
    let back = answer.location().expect("a redirect");
    assert!(
        back.query()
            .unwrap_or_default()
            .contains("id_token_hint_wrong"),
        "{back}"
    );
    assert!(is_signed_in(&relying_party, &mut browser).await);
    world.stop();
}
