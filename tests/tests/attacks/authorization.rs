//! Authorization requests that a client never meant.

use idp_tests::{Agent, Answer, Callback, RelyingParty, World};

/// A page and no redirect: the address was never proved.
fn assert_error_page(answer: &Answer, what: &str) {
    assert!(
        !answer.is_redirect(),
        "{what}: redirected to {:?}",
        answer.location()
    );
    assert!(
        (400..500).contains(&answer.status),
        "{what}: {}",
        answer.status
    );
    assert!(
        answer.header("content-type").starts_with("text/html"),
        "{what}"
    );
    assert!(
        answer.page().has("error-message"),
        "{what}: {}",
        answer.body
    );
}

#[tokio::test]
async fn an_address_that_is_not_exactly_registered_gets_a_page_and_no_redirect() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let registered = relying_party.application.redirect_uri.as_str();
    let wrong = [
        "https://attacker.example/".to_owned(),
        format!("{registered}/"),
        format!("{registered}?added=1"),
        format!("{registered}#fragment"),
        format!("{registered}/../elsewhere"),
        registered.to_uppercase(),
        registered.replace("http://", "http://user@"),
        registered.replace("http://", "//"),
        format!("{registered}%0d%0aSet-Cookie:x=1"),
        "javascript:alert(1)".to_owned(),
        String::new(),
    ];
    for address in wrong {
        let request = relying_party.request().with("redirect_uri", &address);
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        assert_error_page(&answer, &address);
    }
    // Whoever runs the application finds the rule on the page.
    let elsewhere = relying_party
        .request()
        .with("redirect_uri", "https://x.example/");
    let answer = relying_party.open(&mut Agent::new(), &elsewhere).await;
    let told = answer.body.contains("redirect_uri_mismatch");
    assert!(told, "{}", answer.body);
    let unknown = relying_party.request().with("client_id", "nobody");
    assert_error_page(
        &relying_party.open(&mut Agent::new(), &unknown).await,
        "unknown client",
    );
    let missing = relying_party.request().without("client_id");
    assert_error_page(
        &relying_party.open(&mut Agent::new(), &missing).await,
        "no client",
    );
    world.stop();
}

#[tokio::test]
async fn repeated_parameters_are_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    for name in ["client_id", "redirect_uri"] {
        let value = relying_party
            .request()
            .parameters
            .iter()
            .find(|(key, _)| key == name)
            .cloned();
        let request = relying_party
            .request()
            .with_again(name, &value.expect("present").1);
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        assert_error_page(&answer, name);
    }
    for name in ["scope", "state", "nonce", "code_challenge", "response_type"] {
        let request = relying_party.request().with_again(name, "x");
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        match answer.location().filter(|_| answer.is_redirect()) {
            Some(url) => {
                let callback = Callback { url };
                assert_eq!(callback.parameter("error"), "invalid_request", "{name}");
                assert!(callback.parameter("code").is_empty());
            }
            None => assert_error_page(&answer, name),
        }
    }
    let body = "grant_type=client_credentials&grant_type=client_credentials".to_owned();
    let basic = relying_party.basic();
    let headers = [("authorization", basic.as_str())];
    let answer = relying_party
        .ask_raw("token_endpoint", &headers, body)
        .await;
    assert_eq!(
        (answer.status, answer.oauth_error().as_str()),
        (400, "invalid_request")
    );
    world.stop();
}

#[tokio::test]
async fn a_request_without_pkce_or_with_plain_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let requests = [
        relying_party
            .request()
            .without("code_challenge")
            .without("code_challenge_method"),
        relying_party
            .request()
            .with("code_challenge_method", "plain"),
        relying_party.request().without("code_challenge_method"),
        relying_party.request().with("code_challenge", "short"),
    ];
    for request in requests {
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        let url = answer
            .location()
            .unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
        let callback = Callback { url };
        assert_eq!(
            callback.parameter("error"),
            "invalid_request",
            "{:?}",
            request.parameters
        );
        assert_eq!(callback.parameter("state"), request.state);
    }
    world.stop();
}

#[tokio::test]
async fn every_answer_names_its_issuer_against_mix_up() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let mut agent = Agent::new();
    let callback = relying_party
        .authorize(&mut agent, &request, world.user())
        .await;
    assert_eq!(callback.parameter("iss"), world.issuer, "RFC 9207 §2");
    let request = relying_party
        .request()
        .with("scope", "profile")
        .with("response_type", "token");
    let answer = relying_party.open(&mut agent, &request).await;
    // What was to carry a token is refused in the fragment (Multiple Response Types §5).
    let refused = answer.location().expect("an error redirect");
    let fragment = refused.fragment().unwrap_or_default().as_bytes();
    let mut members = url::form_urlencoded::parse(fragment);
    let issuer = members.find(|(name, _)| name == "iss");
    let issuer = issuer.map(|(_, value)| value.into_owned());
    assert_eq!(
        issuer.as_ref(),
        Some(&world.issuer),
        "errors too: {refused}"
    );
    world.stop();
}

#[tokio::test]
async fn unregistered_response_types_and_request_objects_are_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let cases = [
        (
            "response_type",
            "id_token",
            "unsupported_response_type unauthorized_client",
        ),
        (
            "response_type",
            "code token",
            "unsupported_response_type unauthorized_client",
        ),
        (
            "request",
            "x.y.z",
            "request_not_supported invalid_request_object",
        ),
        (
            "request_uri",
            "https://attacker.example/r",
            "request_uri_not_supported invalid_request_uri",
        ),
    ];
    for (name, value, expected) in cases {
        let request = relying_party.request().with(name, value);
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        let Some(url) = answer.location().filter(|_| answer.is_redirect()) else {
            assert_error_page(&answer, name);
            continue;
        };
        // An error of these types may travel in the fragment.
        let query = url.fragment().or(url.query()).unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let error = pairs
            .into_iter()
            .find(|(key, _)| key == "error")
            .map(|(_, value)| value);
        let error = error.unwrap_or_else(|| panic!("{name}={value}: {url}"));
        assert!(
            expected.split(' ').any(|code| code == error),
            "{name}={value}: {error}"
        );
    }
    world.stop();
}

#[tokio::test]
async fn sign_out_never_leaves_for_an_address_nobody_registered() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let tokens = relying_party.sign_in(&mut agent, world.user()).await;
    let mut url = relying_party.endpoint("end_session_endpoint");
    url.query_pairs_mut().extend_pairs([
        ("id_token_hint", tokens.text("id_token").as_str()),
        ("post_logout_redirect_uri", "https://attacker.example/"),
        ("state", "s"),
    ]);
    let answer = agent.fetch(&url).await;
    let mut answer = agent.follow_within(&relying_party.issuer, answer).await;
    if answer.page().has("confirm-sign-out") {
        answer = relying_party
            .press(&mut agent, &answer, "confirm-sign-out", &[])
            .await;
    }
    assert!(!answer.is_redirect(), "left for {:?}", answer.location());
    let page = answer.page();
    let links = page
        .elements
        .iter()
        .filter_map(|element| element.attribute("href"));
    let leaving: Vec<&str> = links
        .filter(|link| link.contains("//attacker.example"))
        .collect();
    assert!(leaving.is_empty(), "no link to it either: {leaving:?}");
    world.stop();
}
