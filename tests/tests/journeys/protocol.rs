//! The protocol without a browser, as a relying party written from the specifications sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use idp_tests::{Agent, RelyingParty, Tokens, World};

#[tokio::test]
async fn published_keys_are_public_distinct_and_cover_the_algorithms() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let keys = relying_party.keys().await;
    let keys = keys["keys"].as_array().expect("keys");
    let kids: BTreeSet<&str> = keys
        .iter()
        .map(|key| key["kid"].as_str().expect("kid"))
        .collect();
    assert_eq!(kids.len(), keys.len(), "kids are distinct");
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private} is published");
        }
        assert_ne!(key["kty"], "oct");
    }
    let algorithms: BTreeSet<&str> = keys.iter().filter_map(|key| key["alg"].as_str()).collect();
    assert!(
        algorithms.contains("ES256") && algorithms.contains("RS256"),
        "{algorithms:?}"
    );
    world.stop();
}

#[tokio::test]
async fn a_code_becomes_tokens_that_say_who_signed_in_and_how() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    let request = relying_party.request();
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &request, user)
        .await;
    assert_eq!(tokens.text("token_type").to_lowercase(), "bearer");
    assert_eq!(tokens.body["expires_in"], 600);

    let claims = relying_party.id_token(&tokens).await;
    assert_eq!(claims["nonce"].as_str(), Some(request.nonce.as_str()));
    let sub = claims["sub"].as_str().expect("sub");
    assert!(!sub.contains(&user.username) && sub.len() <= 255, "{sub}");
    assert!(claims["sid"].is_string() && claims["acr"].is_string());
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert!(claims["auth_time"].is_i64());
    let lifetime = claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat");
    assert_eq!(lifetime, 600);

    let userinfo = relying_party.userinfo(&tokens.text("access_token")).await;
    assert_eq!(userinfo.status, 200, "{}", userinfo.body);
    let userinfo = userinfo.json();
    assert_eq!(userinfo["sub"], claims["sub"]);
    assert_eq!(userinfo["name"].as_str(), Some(user.name.as_str()));
    world.stop();
}

#[tokio::test]
async fn the_second_client_gets_the_same_sub_without_a_second_sign_in() {
    let world = World::demo();
    let (first, second) = (
        RelyingParty::of(&world, 0).await,
        RelyingParty::of(&world, 1).await,
    );
    let mut agent = Agent::new();
    let one = first.sign_in(&mut agent, world.user()).await;
    let request = second.request().with("prompt", "none");
    let answer = second.open(&mut agent, &request).await;
    let callback = idp_tests::Callback {
        url: answer.location().expect("a redirect"),
    };
    let two = second
        .redeem(&callback.code(), &request.pkce.verifier)
        .await;
    let two = Tokens { body: two.json() };
    let (one, two) = (first.id_token(&one).await, second.id_token(&two).await);
    assert_eq!(
        (&one["sub"], &one["auth_time"]),
        (&two["sub"], &two["auth_time"])
    );
    world.stop();
}

#[tokio::test]
async fn prompt_and_max_age_are_honoured() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let none = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut agent, &none).await;
    let url = answer.location().expect("an error redirect");
    let callback = idp_tests::Callback { url };
    assert_eq!(callback.parameter("error"), "login_required");
    assert_eq!(callback.parameter("state"), none.state);
    assert_eq!(callback.parameter("iss"), world.issuer);

    relying_party.sign_in(&mut agent, world.user()).await;
    let again = relying_party.request().with("prompt", "login");
    let answer = relying_party.open(&mut agent, &again).await;
    assert!(
        answer.page().has("username"),
        "prompt=login asks again: {}",
        answer.url
    );
    let tokens = relying_party
        .sign_in_with(&mut agent, &again, world.user())
        .await;
    assert!(relying_party.id_token(&tokens).await["auth_time"].is_i64());

    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let fresh = relying_party.request().with("max_age", "1");
    let answer = relying_party.open(&mut agent, &fresh).await;
    assert!(
        answer.page().has("username"),
        "max_age=1 asks again: {}",
        answer.url
    );
    world.stop();
}

#[tokio::test]
async fn refresh_tokens_rotate_and_an_old_one_ends_the_grant() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request().with("scope", "openid profile");
    let first = relying_party
        .sign_in_with(&mut Agent::new(), &request, world.user())
        .await;
    let mut chain = vec![first.text("refresh_token")];
    assert!(!chain[0].is_empty(), "a refresh token: {}", first.body);
    for _ in 0..3 {
        let answer = relying_party.refresh(chain.last().expect("a token")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let tokens = Tokens {
            body: answer.json(),
        };
        chain.push(tokens.text("refresh_token"));
    }
    let distinct: BTreeSet<&String> = chain.iter().collect();
    assert_eq!(distinct.len(), chain.len(), "every use gives a new token");

    let reused = relying_party.refresh(&chain[0]).await;
    assert_eq!(
        (reused.status, reused.oauth_error().as_str()),
        (400, "invalid_grant")
    );
    let newest = relying_party.refresh(chain.last().expect("a token")).await;
    assert_eq!(
        newest.oauth_error(),
        "invalid_grant",
        "the whole grant is dead"
    );
    world.stop();
}

#[tokio::test]
async fn introspection_and_revocation_agree() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request().with("scope", "openid profile");
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &request, world.user())
        .await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let answer = relying_party.introspect(&access).await;
    assert_eq!(answer["active"], true, "{answer}");
    assert_eq!(
        answer["client_id"].as_str(),
        Some(relying_party.application.client_id.as_str())
    );
    assert_eq!(
        relying_party.introspect("unknown").await,
        serde_json::json!({"active": false})
    );

    let revoked = relying_party
        .ask("revocation_endpoint", &[("token", &refresh)])
        .await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert_eq!(
        relying_party.refresh(&refresh).await.oauth_error(),
        "invalid_grant"
    );
    assert_eq!(
        relying_party.introspect(&access).await["active"],
        false,
        "RFC 7009 §2.1"
    );
    let unknown = relying_party
        .ask("revocation_endpoint", &[("token", "unknown")])
        .await;
    assert_eq!(unknown.status, 200, "RFC 7009 §2.2");
    world.stop();
}

#[tokio::test]
async fn sign_out_at_the_provider_ends_the_session_and_returns_the_state() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let tokens = relying_party.sign_in(&mut agent, world.user()).await;
    let mut url = relying_party.endpoint("end_session_endpoint");
    url.query_pairs_mut()
        .append_pair("id_token_hint", &tokens.text("id_token"));
    let answer = agent.fetch(&url).await;
    let mut answer = agent.follow_within(&relying_party.issuer, answer).await;
    if answer.page().has("confirm-sign-out") {
        answer = relying_party
            .press(&mut agent, &answer, "confirm-sign-out", &[])
            .await;
    }
    assert!(
        answer.page().has("signed-out"),
        "{} {}",
        answer.status,
        answer.body
    );
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut agent, &silent).await;
    let callback = idp_tests::Callback {
        url: answer.location().expect("an error redirect"),
    };
    assert_eq!(callback.parameter("error"), "login_required");
    world.stop();
}
