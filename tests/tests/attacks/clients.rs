//! Somebody who pretends to be a client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_tests::agent::{encode, fields};
use idp_tests::{Agent, RelyingParty, World, jwt};
use serde_json::json;

#[tokio::test]
async fn a_wrong_secret_is_refused_like_an_unknown_client() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let body = || encode(&fields(&[("grant_type", "client_credentials")]));
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let known = basic(&format!("{}:wrong", relying_party.application.client_id));
    let unknown = basic("nobody:wrong");
    let mut seen = Vec::new();
    for authorization in [known, unknown] {
        let headers = [("authorization", authorization.as_str())];
        let answer = relying_party
            .ask_raw("token_endpoint", &headers, body())
            .await;
        assert!(
            !answer.header("www-authenticate").is_empty(),
            "RFC 6749 §5.2"
        );
        seen.push((answer.status, answer.oauth_error()));
    }
    assert_eq!((seen[0].0, seen[0].1.as_str()), (401, "invalid_client"));
    assert_eq!(seen[0], seen[1], "the wire codes are the same");
    world.stop();
}

#[tokio::test]
async fn two_ways_of_authentication_at_once_are_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let application = &relying_party.application;
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", application.client_id.as_str()),
        ("client_secret", application.client_secret.as_str()),
    ];
    let answer = relying_party.ask("token_endpoint", &parameters).await;
    assert!(
        matches!(answer.status, 400 | 401),
        "RFC 6749 §2.3: {}",
        answer.body
    );
    assert!(matches!(
        answer.oauth_error().as_str(),
        "invalid_request" | "invalid_client"
    ));
    world.stop();
}

#[tokio::test]
async fn an_unsecured_client_assertion_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let id = relying_party.application.client_id.as_str();
    let claims = json!({
        "iss": id, "sub": id, "aud": world.issuer, "jti": "1", "exp": 4_102_444_800_i64,
    });
    let assertion = jwt::unsecured(&claims);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let parameters = fields(&[
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_assertion_type", kind),
        ("client_assertion", &assertion),
    ]);
    let answer = relying_party
        .ask_raw("token_endpoint", &[], encode(&parameters))
        .await;
    assert_eq!(
        answer.oauth_error(),
        "invalid_client",
        "{} {}",
        answer.status,
        answer.body
    );
    world.stop();
}

#[tokio::test]
async fn garbled_credentials_are_refused_without_harm() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let long = format!("Basic {}", "A".repeat(6_000));
    let garbled = [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic AAAA",
        "basic bm9ib2R5",
        "Bearer x",
        "Digest y",
        long.as_str(),
    ];
    for authorization in garbled {
        let headers = [("authorization", authorization)];
        let body = encode(&fields(&[("grant_type", "client_credentials")]));
        let answer = relying_party
            .ask_raw("token_endpoint", &headers, body)
            .await;
        assert!(
            matches!(answer.status, 400 | 401 | 431),
            "{authorization}: {}",
            answer.status
        );
    }
    assert_eq!(
        Agent::new().fetch(&world.at("/health/live")).await.status,
        200
    );
    world.stop();
}
