//! Codes and tokens in the wrong hands.

use idp_tests::agent::fields;
use idp_tests::request::random;
use idp_tests::{Agent, Installation, RelyingParty, Tokens, World, jwt};

#[tokio::test]
async fn a_replayed_code_is_refused_and_everything_from_it_revoked() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request().with("scope", "openid profile");
    let callback = relying_party
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    let (code, verifier) = (callback.code(), &request.pkce.verifier);
    let first = relying_party.redeem(&code, verifier).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let tokens = Tokens { body: first.json() };

    let second = relying_party.redeem(&code, verifier).await;
    assert_eq!(
        (second.status, second.oauth_error().as_str()),
        (400, "invalid_grant")
    );
    let access = tokens.text("access_token");
    assert_eq!(relying_party.introspect(&access).await["active"], false);
    let refreshed = relying_party.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.oauth_error(), "invalid_grant");
    world.stop();
}

#[tokio::test]
async fn a_wrong_verifier_burns_the_code() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let callback = relying_party
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    let guessed = relying_party.redeem(&callback.code(), &random()).await;
    assert_eq!(
        (guessed.status, guessed.oauth_error().as_str()),
        (400, "invalid_grant")
    );
    let right = relying_party
        .redeem(&callback.code(), &request.pkce.verifier)
        .await;
    assert_eq!(right.oauth_error(), "invalid_grant", "the code is gone");
    world.stop();
}

#[tokio::test]
async fn a_code_without_its_verifier_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let callback = relying_party
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    let redirect_uri = relying_party.application.redirect_uri.as_str();
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", &callback.code()),
        ("redirect_uri", redirect_uri),
    ];
    let answer = relying_party.ask("token_endpoint", &parameters).await;
    assert_eq!(answer.status, 400);
    assert!(matches!(
        answer.oauth_error().as_str(),
        "invalid_grant" | "invalid_request"
    ));
    world.stop();
}

#[tokio::test]
async fn another_clients_code_and_refresh_token_are_refused() {
    let world = World::demo();
    let (owner, thief) = (
        RelyingParty::of(&world, 0).await,
        RelyingParty::of(&world, 1).await,
    );
    let mut agent = Agent::new();
    let request = owner.request().with("scope", "openid profile");
    let callback = owner.authorize(&mut agent, &request, world.user()).await;
    let redirect_uri = owner.application.redirect_uri.as_str();
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", &callback.code()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", &request.pkce.verifier),
    ];
    let stolen = thief.ask("token_endpoint", &parameters).await;
    assert_eq!(stolen.oauth_error(), "invalid_grant");

    let request = owner.request().with("scope", "openid profile");
    let tokens = owner.sign_in_with(&mut agent, &request, world.user()).await;
    let refresh = tokens.text("refresh_token");
    assert_eq!(thief.refresh(&refresh).await.oauth_error(), "invalid_grant");
    world.stop();
}

#[tokio::test]
async fn a_changed_redirect_uri_at_the_token_endpoint_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request();
    let callback = relying_party
        .authorize(&mut Agent::new(), &request, world.user())
        .await;
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", &callback.code()),
        ("redirect_uri", "https://attacker.example/callback"),
        ("code_verifier", &request.pkce.verifier),
    ];
    let answer = relying_party.ask("token_endpoint", &parameters).await;
    assert_eq!(
        (answer.status, answer.oauth_error().as_str()),
        (400, "invalid_grant")
    );
    world.stop();
}

#[tokio::test]
async fn a_forged_access_token_opens_nothing() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let tokens = relying_party.sign_in(&mut Agent::new(), world.user()).await;
    let access = tokens.text("access_token");
    let claims = jwt::unverified(&access);
    let forgeries = [
        jwt::with_broken_signature(&access),
        jwt::unsecured(&claims),
        tokens.text("id_token"),
        access.replace('.', ""),
        String::from("x"),
    ];
    for forged in forgeries {
        let answer = relying_party.userinfo(&forged).await;
        assert_eq!(answer.status, 401, "{forged}: {}", answer.body);
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.contains("invalid_token"),
            "RFC 6750 §3.1: {challenge}"
        );
        assert_eq!(
            relying_party.introspect(&forged).await["active"],
            false,
            "{forged}"
        );
    }
    world.stop();
}

#[tokio::test]
async fn a_token_in_the_query_is_not_read() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let tokens = relying_party.sign_in(&mut Agent::new(), world.user()).await;
    let mut url = relying_party.endpoint("userinfo_endpoint");
    url.query_pairs_mut()
        .append_pair("access_token", &tokens.text("access_token"));
    let answer = Agent::new().fetch(&url).await;
    assert!(
        matches!(answer.status, 400 | 401),
        "RFC 9700 §4.3.2: {}",
        answer.status
    );

    let mut url = relying_party.endpoint("token_endpoint");
    let (id, secret) = (
        &relying_party.application.client_id,
        &relying_party.application.client_secret,
    );
    url.query_pairs_mut().extend_pairs([
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ]);
    let answer = Agent::new().submit(&url, &fields(&[])).await;
    assert!(
        matches!(answer.status, 400 | 401),
        "RFC 6749 §2.3.1: {}",
        answer.status
    );
    assert!(answer.json().get("access_token").is_none());
    world.stop();
}

#[tokio::test]
async fn a_client_learns_nothing_about_another_clients_tokens() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let (owner, curious) = (
        installation.application("A", &[]),
        installation.application("B", &[]),
    );
    let owner = RelyingParty::at(&installation.issuer, owner).await;
    let curious = RelyingParty::at(&installation.issuer, curious).await;
    let tokens = owner.sign_in(&mut Agent::new(), &user).await;
    for name in ["access_token", "refresh_token"] {
        let token = tokens.text(name);
        let told = curious
            .ask("introspection_endpoint", &[("token", &token)])
            .await;
        assert_ne!(
            told.json()["active"],
            true,
            "RFC 7662 §4: {name}: {}",
            told.body
        );
        curious
            .ask("revocation_endpoint", &[("token", &token)])
            .await;
    }
    let refreshed = owner.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(
        refreshed.status, 200,
        "another client revoked it: {}",
        refreshed.body
    );
    serving.terminate();
}
