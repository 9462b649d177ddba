//! Refresh tokens.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{World, basic, begun, claims, inactive, refused};
use crate::base::refusal::Reason;
use crate::oauth::sample::{SECRET, named, parameters};

#[tokio::test]
async fn refresh_tokens_rotate_and_an_old_one_ends_the_grant() {
    let (world, visitor) = begun().await;
    let first = world.tokens(&visitor, &[]).await;
    let second = world.refresh(&first["refresh_token"]).await.unwrap();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(
        claims(&second["id_token"])["sub"],
        claims(&first["id_token"])["sub"]
    );
    world.wait(9);
    let lost = world.refresh(&first["refresh_token"]).await.unwrap();
    assert_eq!(
        lost["refresh_token"], second["refresh_token"],
        "the same successor"
    );
    let third = world.refresh(&second["refresh_token"]).await.unwrap();
    assert_eq!(
        world.introspect("app", &second["refresh_token"]).await,
        inactive()
    );
    world.wait(10);
    let reused = world.refresh(&second["refresh_token"]).await;
    assert_eq!(refused(reused), Reason::RefreshTokenReused);
    assert_eq!(
        refused(world.refresh(&third["refresh_token"]).await),
        Reason::GrantEnded
    );
    assert_eq!(refused(world.userinfo(&third).await), Reason::TokenRevoked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_refreshes_get_the_same_successor() {
    let (world, visitor) = begun().await;
    let tokens = Arc::new(world.tokens(&visitor, &[]).await);
    let refresh = |world: World, tokens: Arc<Map<String, Value>>| async move {
        world.refresh(&tokens["refresh_token"]).await.unwrap()["refresh_token"].clone()
    };
    let tasks: Vec<_> = (0..32)
        .map(|_| tokio::spawn(refresh(world.clone(), Arc::clone(&tokens))))
        .collect();
    let mut successors = Vec::new();
    for task in tasks {
        successors.push(task.await.unwrap());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    world.refresh(&successors[0]).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_that_was_touched_is_nobodys() {
    let (world, visitor) = begun().await;
    world.add_client(named("other")).await;
    let tokens = world.tokens(&visitor, &[]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    for place in [0, 25, 69] {
        let mut bytes = token.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'Q' } else { b'A' };
        let tampered = Value::from(String::from_utf8(bytes).unwrap());
        let answer = world.refresh(&tampered).await;
        assert_eq!(refused(answer), Reason::RefreshTokenMalformed, "{place}");
        assert_eq!(world.introspect("app", &tampered).await, inactive());
    }
    let body = parameters(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let context = &mut world.context();
    let answer = world
        .provider
        .token(Some(basic("other", SECRET).as_str()), &body, context)
        .await;
    assert_eq!(refused(answer), Reason::RefreshTokenOfAnotherClient);
    world.refresh(&tokens["refresh_token"]).await.unwrap();
}

#[tokio::test]
async fn a_narrower_scope_narrows_every_answer() {
    let (world, visitor) = begun().await;
    let tokens = world.tokens(&visitor, &[]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let ask = |scope: &'static str| {
        let body = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", scope),
        ];
        let world = world.clone();
        async move { world.token(&body).await }
    };
    assert_eq!(
        refused(ask("openid email").await),
        Reason::ScopeExceedsGrant
    );
    let narrow = ask("openid").await.unwrap();
    assert_eq!(narrow["scope"], "openid");
    assert!(claims(&narrow["id_token"]).get("unit").is_none());
    let told = world.userinfo(&narrow).await.unwrap();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["sub"]);
}
