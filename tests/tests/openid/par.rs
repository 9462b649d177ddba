//! Pushed authorization requests (RFC 9126).

use futures::future::join_all;
use idp_tests::agent::{encode, fields};
use idp_tests::{Agent, Answer, Callback, Installation, RelyingParty, Request, World};
use serde_json::Value;

use super::resources::administer;

const ENDPOINT: &str = "pushed_authorization_request_endpoint";

/// Pushes the parameters of a request.
async fn push(relying_party: &RelyingParty, request: &Request) -> Answer {
    let authorization = relying_party.basic();
    let headers = [("authorization", authorization.as_str())];
    let body = encode(&request.parameters);
    relying_party.ask_raw(ENDPOINT, &headers, body).await
}

/// The reference to a request that was pushed.
pub(crate) async fn pushed(relying_party: &RelyingParty, request: &Request) -> String {
    let answer = push(relying_party, request).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["request_uri"]
        .as_str()
        .expect("text")
        .to_owned()
}

/// What the browser carries of a pushed request.
pub(crate) fn referring(
    relying_party: &RelyingParty,
    request: &Request,
    reference: &str,
) -> Request {
    let client = relying_party.application.client_id.as_str();
    Request {
        parameters: fields(&[("client_id", client), ("request_uri", reference)]),
        ..request.clone()
    }
}

fn assert_error_page(answer: &Answer, what: &str) {
    let told = (answer.is_redirect(), answer.status);
    assert_eq!(told, (false, 400), "{what}: {:?}", answer.location());
    assert!(
        answer.page().has("error-message"),
        "{what}: {}",
        answer.body
    );
}

#[tokio::test]
async fn a_pushed_request_signs_in_once() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let answer = push(&relying_party, &request).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["expires_in"], 90);
    let reference = body["request_uri"].as_str().expect("text");
    assert!(reference.starts_with("urn:ietf:params:oauth:request_uri:"));

    let mut agent = Agent::new();
    let short = referring(&relying_party, &request, reference);
    // The page may be loaded again as long as nothing was answered.
    let page = relying_party.open(&mut agent, &short).await;
    assert!(page.page().has("username"), "{}", page.body);
    let tokens = relying_party
        .sign_in_with(&mut agent, &short, world.user())
        .await;
    let claims = relying_party.id_token(&tokens).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
    let again = relying_party.open(&mut agent, &short).await;
    assert_error_page(&again, "answered");
    // Whoever loads the address anew finds the way to the application.
    let client = world.applications[0].client_id.clone();
    let home = "http://localhost:9/ho-so";
    administer(&world, &["client", "edit", &client, "--client-uri", home]);
    let again = relying_party.open(&mut agent, &short).await;
    assert_error_page(&again, "answered");
    assert!(again.page().has("application"), "{}", again.body);
    assert!(again.body.contains(home), "{}", again.body);
    world.stop();
}

#[tokio::test]
async fn a_client_pushes_so_many_and_then_waits() {
    let mut installation = Installation::init();
    let most = ("IDP__THROTTLE__PUSHED_PER_CLIENT".into(), "20".into());
    installation.environment.extend([most]);
    let serving = installation.serve().await.expect("it serves");
    let pushing = |name: &str| installation.application(name, &[]);
    let (full, other) = (pushing("Đầy"), pushing("Khác"));
    let full = RelyingParty::at(&installation.issuer, full).await;
    let other = RelyingParty::at(&installation.issuer, other).await;
    let requests: Vec<_> = (0..20).map(|_| full.request()).collect();
    for answer in join_all(requests.iter().map(|one| push(&full, one))).await {
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let refused = push(&full, &full.request()).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.header("retry-after"), "900");
    let told = refused.json();
    assert_eq!(told["error_description"], "pushed_requests_too_many");
    assert_eq!(push(&other, &other.request()).await.status, 201);
    serving.terminate();
}

#[tokio::test]
async fn each_wrong_push_has_its_wire_code() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = || relying_party.request();
    let long = "x".repeat(70 * 1024);
    for (what, pushed, status, code) in [
        (
            "a reference",
            request().with("request_uri", "urn:x"),
            400,
            "invalid_request",
        ),
        (
            "another address",
            request().with("redirect_uri", "https://evil.example/"),
            400,
            "invalid_request",
        ),
        (
            "no address",
            request().without("redirect_uri"),
            400,
            "invalid_request",
        ),
        (
            "no PKCE",
            request().without("code_challenge"),
            400,
            "invalid_request",
        ),
        (
            "a response type",
            request().with("response_type", "nothing"),
            400,
            "unsupported_response_type",
        ),
        (
            "a scope",
            request().with("scope", "openid payroll"),
            400,
            "invalid_scope",
        ),
        (
            "twice",
            request().with_again("state", "s"),
            400,
            "invalid_request",
        ),
        (
            "too long",
            request().with("claims", &long),
            413,
            "invalid_request",
        ),
        (
            "another client",
            request().with("client_id", "nobody"),
            400,
            "invalid_request",
        ),
    ] {
        let answer = push(&relying_party, &pushed).await;
        let told = (answer.status, answer.oauth_error());
        assert_eq!(told, (status, code.to_owned()), "{what}: {}", answer.body);
    }
    let body = || encode(&request().parameters);
    let unproved = relying_party.ask_raw(ENDPOINT, &[], body()).await;
    assert_eq!(
        (unproved.status, &*unproved.oauth_error()),
        (401, "invalid_client")
    );
    let wrong = [("authorization", "Basic bm9ib2R5Ong=")];
    let unnamed = encode(&request().without("client_id").parameters);
    let wrong = relying_party.ask_raw(ENDPOINT, &wrong, unnamed).await;
    assert_eq!(
        (wrong.status, &*wrong.oauth_error()),
        (401, "invalid_client")
    );
    let read = Agent::new().fetch(&relying_party.endpoint(ENDPOINT)).await;
    assert_eq!(read.status, 405, "RFC 9126 §2.3");
    world.stop();
}

#[tokio::test]
async fn a_reference_is_of_no_use_to_another_client() {
    let world = World::demo();
    let (first, second) = (
        RelyingParty::of(&world, 0).await,
        RelyingParty::of(&world, 1).await,
    );
    let request = first.request();
    let reference = pushed(&first, &request).await;
    let mut agent = Agent::new();
    let stolen = referring(&second, &request, &reference);
    let answer = second.open(&mut agent, &stolen).await;
    assert_error_page(&answer, "another client's");
    let made_up = referring(&first, &request, "urn:ietf:params:oauth:request_uri:AAAA");
    assert_error_page(&first.open(&mut agent, &made_up).await, "made up");
    // The theft spent nothing.
    let own = referring(&first, &request, &reference);
    first.sign_in_with(&mut agent, &own, world.user()).await;
    world.stop();
}

#[tokio::test]
async fn what_stands_beside_a_reference_does_not_count() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request().with("scope", "openid");
    let reference = pushed(&relying_party, &request).await;
    let mut smuggled = referring(&relying_party, &request, &reference);
    smuggled.parameters.extend(fields(&[
        ("redirect_uri", "https://attacker.example/"),
        ("scope", "openid email"),
        ("state", "another"),
        ("nonce", "another"),
        ("prompt", "none"),
    ]));
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &smuggled, world.user())
        .await;
    assert_eq!(tokens.text("scope"), "openid");
    let claims = relying_party.id_token(&tokens).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
    world.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_completions_one_brings_a_code() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agents = Vec::new();
    for _ in 0..4 {
        let mut agent = Agent::new();
        relying_party.sign_in(&mut agent, world.user()).await;
        agents.push(agent);
    }
    for round in 0..20 {
        let request = relying_party.request();
        let reference = pushed(&relying_party, &request).await;
        let short = referring(&relying_party, &request, &reference);
        let opening = agents
            .iter_mut()
            .map(|agent| relying_party.open(agent, &short));
        let answers = join_all(opening).await;
        let codes = answers.iter().filter_map(|answer| {
            let url = answer.location().filter(|_| answer.is_redirect())?;
            Some(Callback { url }.code())
        });
        assert_eq!(codes.count(), 1, "round {round}");
        for answer in answers.iter().filter(|answer| !answer.is_redirect()) {
            assert_error_page(answer, "answered elsewhere");
        }
    }
    world.stop();
}

#[tokio::test]
async fn a_client_or_the_installation_can_demand_a_push() {
    let mut installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let demanded = ["--set", "require_pushed_authorization_requests=true"];
    let strict = installation.application("Một cửa", &demanded);
    let strict = RelyingParty::at(&installation.issuer, strict).await;
    assert_eq!(
        strict.metadata["require_pushed_authorization_requests"],
        false
    );
    let request = strict.request().with("scope", "openid");
    let refused = strict.open(&mut Agent::new(), &request).await;
    let url = refused.location().expect("an error redirect");
    let callback = Callback { url };
    assert_eq!(callback.parameter("error"), "invalid_request");
    assert_eq!(
        callback.parameter("error_description"),
        "pushed_request_required"
    );
    assert_eq!(callback.parameter("state"), request.state);
    let reference = pushed(&strict, &request).await;
    let short = referring(&strict, &request, &reference);
    let mut agent = Agent::new();
    strict.sign_in_with(&mut agent, &short, &user).await;
    serving.terminate();

    let demand = ("IDP__ISSUER__REQUIRE_PUSHED", "true");
    let demand = (demand.0.to_owned(), demand.1.to_owned());
    installation.environment.push(demand);
    let serving = installation.serve().await.expect("it serves");
    let free = installation.application("Hộp thư", &[]);
    let free = RelyingParty::at(&installation.issuer, free).await;
    assert_eq!(
        free.metadata["require_pushed_authorization_requests"],
        Value::Bool(true)
    );
    let request = free.request().with("scope", "openid");
    let refused = free.open(&mut Agent::new(), &request).await;
    let url = refused.location().expect("an error redirect");
    let reason = Callback { url }.parameter("error_description");
    assert_eq!(reason, "pushed_request_required");
    serving.terminate();
}

#[tokio::test]
async fn nothing_of_a_pushed_request_rests_readable() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let application = installation.application("Một cửa", &[]);
    let relying_party = RelyingParty::at(&installation.issuer, application).await;
    let hint = "nguoi.dung.rieng.tu";
    let request = relying_party
        .request()
        .with("scope", "openid")
        .with("login_hint", hint);
    let reference = pushed(&relying_party, &request).await;
    serving.terminate();
    let files = [installation.files(".db"), installation.files(".db-wal")].concat();
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!holds(hint), "{}", file.display());
        assert!(!holds(&relying_party.application.client_secret));
        let secret = reference.rsplit(':').next().expect("a secret");
        assert!(!holds(secret), "{}", file.display());
    }
}
