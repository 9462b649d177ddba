//! Clients at the token endpoint: assertions, key sets, tokens of their own.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{World, basic, claims, inactive, refused, rng, signing_key};
use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, jws};
use crate::model::client::{Client, ClientAuthenticationMethod, ClientKind, GrantType};
use crate::oauth::sample::{ISSUER, SECRET, named, parameters};

const KEYS_AT: &str = "https://rp.example/jwks";

#[tokio::test]
async fn only_what_a_client_may_use_is_answered() {
    let world = World::new().await;
    let grant = |name: &'static str| {
        let world = world.clone();
        async move { world.token(&[("grant_type", name)]).await }
    };
    assert_eq!(
        refused(grant("client_credentials").await),
        Reason::GrantTypeNotAllowed
    );
    assert_eq!(
        refused(grant("password").await),
        Reason::GrantTypeUnsupported
    );
    assert_eq!(refused(world.token(&[]).await), Reason::ParameterMissing);
    let context = &mut world.context();
    let unknown = world
        .provider
        .token(Some(basic("x", "y").as_str()), &parameters(&[]), context)
        .await;
    assert_eq!(refused(unknown), Reason::ClientUnknown);
}

#[tokio::test]
async fn a_services_token_speaks_of_no_person() {
    let world = World::new().await;
    let service = Client {
        kind: ClientKind::Service,
        grant_types: vec![GrantType::ClientCredentials],
        scopes: vec!["payroll:read".into()],
        ..named("service")
    };
    world.add_client(service).await;
    let body = parameters(&[("grant_type", "client_credentials")]);
    let context = &mut world.context();
    let tokens = world
        .provider
        .token(Some(basic("service", SECRET).as_str()), &body, context)
        .await
        .unwrap();
    assert!(!tokens.contains_key("refresh_token") && !tokens.contains_key("id_token"));
    assert_eq!(claims(&tokens["access_token"])["sub"], "service");
    assert_eq!(
        refused(world.userinfo(&tokens).await),
        Reason::TokenScopeTooSmall
    );
    let token = &tokens["access_token"];
    assert_eq!(world.introspect("service", token).await["active"], true);
    assert_eq!(world.introspect("app", token).await, inactive());
    world.edit_client(|client| client.introspects = true).await;
    assert_eq!(world.introspect("app", token).await["active"], true);
}

/// A client that publishes its keys at an address and signs assertions.
async fn asserting(
    world: &World,
) -> impl Fn(&SigningKey, &str) -> Vec<(&'static str, String)> + use<> {
    let client = Client {
        authentication: ClientAuthenticationMethod::PrivateKeyJwt,
        secrets: Vec::new(),
        jwks_uri: Some(KEYS_AT.into()),
        kind: ClientKind::Service,
        grant_types: vec![GrantType::ClientCredentials],
        scopes: vec!["payroll:read".into()],
        ..named("asserting")
    };
    world.add_client(client).await;
    let now = world.now().seconds();
    move |key, jti| {
        let claims = json!({
            "iss": "asserting", "sub": "asserting", "aud": ISSUER, "exp": now + 300, "jti": jti,
        });
        let header = Header::new(SigningAlgorithm::ES256).with_kid(jti.split('/').next().unwrap());
        let text = jws::sign(&header, claims.to_string().as_bytes(), key, &rng()).unwrap();
        let jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_assertion_type", jwt_bearer.to_owned()),
            ("client_assertion", text),
        ]
    }
}

async fn assert_by(
    world: &World,
    body: &[(&'static str, String)],
) -> Result<Map<String, Value>, Failure> {
    let pairs: Vec<_> = body
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    world
        .provider
        .token(None, &parameters(&pairs), &mut world.context())
        .await
}

fn publish(world: &World, kid: &str, key: &SigningKey) {
    let set = JwkSet::new(vec![key.public_jwk(kid).unwrap()]);
    let body = serde_json::to_vec(&set).unwrap();
    world
        .outside
        .bodies
        .lock()
        .unwrap()
        .insert(KEYS_AT.into(), body);
}

#[tokio::test]
async fn an_assertion_counts_once_and_its_keys_are_fetched_when_needed() {
    let world = World::new().await;
    let assertion = asserting(&world).await;
    let (old, new) = (signing_key(), signing_key());
    let fetched = || world.outside.requests.lock().unwrap().len();
    let unavailable = assert_by(&world, &assertion(&old, "old/0")).await;
    assert_eq!(refused(unavailable), Reason::ClientKeysUnavailable);
    publish(&world, "old", &old);
    // A failed fetch is not repeated at once, or anybody could make us hammer the client's server.
    let again = assert_by(&world, &assertion(&old, "old/0")).await;
    assert_eq!(
        (refused(again), fetched()),
        (Reason::ClientKeysUnavailable, 1)
    );
    world.wait(30);
    let body = assertion(&old, "old/1");
    assert_by(&world, &body).await.unwrap();
    assert_eq!(
        refused(assert_by(&world, &body).await),
        Reason::ClientAssertionReplayed
    );
    assert_by(&world, &assertion(&old, "old/2")).await.unwrap();
    assert_eq!(fetched(), 2, "the set is kept");
    // The client rotates: an unknown kid fetches anew, though not at once after the last fetch.
    publish(&world, "new", &new);
    let early = assert_by(&world, &assertion(&new, "new/1")).await;
    assert_eq!(refused(early), Reason::ClientAssertionSignatureWrong);
    world.wait(30);
    assert_by(&world, &assertion(&new, "new/1")).await.unwrap();
    let gone = assert_by(&world, &assertion(&old, "old/3")).await;
    assert_eq!(refused(gone), Reason::ClientAssertionSignatureWrong);
    let replayed = assert_by(&world, &assertion(&new, "new/1")).await;
    assert_eq!(refused(replayed), Reason::ClientAssertionReplayed);
    assert_eq!(fetched(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_uses_of_an_assertion_one_counts() {
    let world = World::new().await;
    let assertion = asserting(&world).await;
    let key = signing_key();
    publish(&world, "old", &key);
    let body = Arc::new(assertion(&key, "old/1"));
    let ask = |world: World, body: Arc<Vec<(&'static str, String)>>| async move {
        assert_by(&world, &body).await
    };
    let tasks: Vec<_> = (0..16)
        .map(|_| tokio::spawn(ask(world.clone(), Arc::clone(&body))))
        .collect();
    let mut answered = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => answered += 1,
            answer => assert_eq!(refused(answer), Reason::ClientAssertionReplayed),
        }
    }
    assert_eq!(answered, 1);
}
