//! Userinfo, introspection and revocation: what reads and ends tokens.

use serde_json::{Map, Value, json};

use super::{asked, begun, claims, inactive, refused, rng, signing_key};
use crate::base::refusal::Reason;
use crate::jose::{Header, SigningAlgorithm, jws};
use crate::model::client::Client;
use crate::oauth::sample::{named, parameters, public};

#[tokio::test]
async fn only_a_live_access_token_of_ours_opens_userinfo() {
    let (world, visitor) = begun().await;
    let tokens = world.tokens(&visitor, &[]).await;
    let with = |token: &Value| {
        let tokens = Map::from_iter([("access_token".to_owned(), token.clone())]);
        let world = world.clone();
        async move { refused(world.userinfo(&tokens).await) }
    };
    assert_eq!(with(&tokens["id_token"]).await, Reason::TokenMalformed);
    assert_eq!(with(&tokens["refresh_token"]).await, Reason::TokenMalformed);
    let header = Header::new(SigningAlgorithm::ES256)
        .with_kid("k")
        .with_typ("at+jwt");
    let payload = claims(&tokens["access_token"]).to_string();
    let forged = jws::sign(&header, payload.as_bytes(), &signing_key(), &rng()).unwrap();
    assert_eq!(with(&forged.into()).await, Reason::TokenMalformed);
    world.wait(599);
    world.userinfo(&tokens).await.unwrap();
    world.wait(1);
    assert_eq!(with(&tokens["access_token"]).await, Reason::TokenExpired);
}

#[tokio::test]
async fn an_access_token_is_revoked_alone_and_a_refresh_token_with_everything() {
    let (world, visitor) = begun().await;
    world.add_client(named("other")).await;
    let tokens = world.tokens(&visitor, &[]).await;
    for token in ["access_token", "refresh_token"] {
        world.revoke("other", &tokens[token]).await;
        world.revoke("app", &json!("x.y.z")).await;
        world.revoke("app", &json!("xyz")).await;
        assert_eq!(
            world.introspect("app", &tokens[token]).await["active"],
            true
        );
        assert_eq!(world.introspect("other", &tokens[token]).await, inactive());
    }
    world.revoke("app", &tokens["access_token"]).await;
    world.revoke("app", &tokens["access_token"]).await;
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    assert_eq!(
        world.introspect("app", &tokens["access_token"]).await,
        inactive()
    );
    let next = world.refresh(&tokens["refresh_token"]).await.unwrap();
    world.userinfo(&next).await.unwrap();
    world.revoke("app", &tokens["refresh_token"]).await;
    assert_eq!(refused(world.userinfo(&next).await), Reason::TokenRevoked);
    assert_eq!(
        refused(world.refresh(&next["refresh_token"]).await),
        Reason::GrantEnded
    );
    world.code(&visitor, &[]).await;
}

#[tokio::test]
async fn public_clients_do_not_introspect() {
    let (world, visitor) = begun().await;
    let spa = Client {
        id: named("spa").id,
        ..public()
    };
    world.add_client(spa).await;
    let tokens = world.tokens(&visitor, &[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let body = parameters(&[("client_id", "spa"), ("token", token)]);
    let answer = world
        .provider
        .introspect(None, &body, &world.context())
        .await;
    assert_eq!(refused(answer), Reason::IntrospectionNotAllowed);
}

#[tokio::test]
async fn a_disabled_person_is_signed_out_of_every_token() {
    let (world, visitor) = begun().await;
    let tokens = world
        .tokens(&visitor, &[("scope", "openid offline_access")])
        .await;
    world.disable("an").await;
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    assert_eq!(
        refused(world.refresh(&tokens["refresh_token"]).await),
        Reason::PersonDisabled
    );
    assert_eq!(
        world.introspect("app", &tokens["access_token"]).await,
        inactive()
    );
    asked(world.authorize(&visitor, &[]).await);
}

#[tokio::test]
async fn a_client_may_shorten_its_access_tokens() {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| client.access_token_seconds = Some(30))
        .await;
    let tokens = world.tokens(&visitor, &[]).await;
    assert_eq!(tokens["expires_in"], 30);
    world.wait(30);
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenExpired);
}

#[tokio::test]
async fn what_a_disabled_client_was_given_counts_no_longer() {
    let (world, visitor) = begun().await;
    let reader = Client {
        introspects: true,
        ..named("reader")
    };
    world.add_client(reader).await;
    let tokens = world.tokens(&visitor, &[]).await;
    let token = &tokens["access_token"];
    assert_eq!(world.introspect("reader", token).await["active"], true);
    world.edit_client(|client| client.disabled = true).await;
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    assert_eq!(world.introspect("reader", token).await, inactive());
}
