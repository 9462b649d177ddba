//! What a response tells about the session, and who may frame the page that compares it.

use super::{World, redirect_of};
use crate::base::secret::Digest;
use crate::oauth::sample::{REDIRECT, named, web};
use crate::oidc::session_state::{browser_state, web_origin};

/// The digest half of a `session_state`, as the page computes it.
fn computed(told: &str) -> String {
    let digest = Digest::of(told.as_bytes());
    digest
        .as_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[tokio::test]
async fn the_state_of_a_response_is_of_client_origin_and_this_browser() {
    let world = World::new().await;
    let (an, binh) = (world.signed_in("an").await, world.signed_in("binh").await);
    for visitor in [&an, &binh] {
        let members = redirect_of(&world.authorize(visitor, &[]).await.unwrap());
        let (digest, salt) = members["session_state"].split_once('.').unwrap();
        let secret = visitor.session.as_ref().unwrap();
        let (client, origin) = (web().id, web_origin(REDIRECT).unwrap());
        let state = browser_state(&secret.digest());
        let told = format!("{client} {origin} {state} {salt}");
        assert_eq!(computed(&told), digest);
    }
}

#[tokio::test]
async fn neither_an_error_nor_a_response_without_openid_has_a_state() {
    let world = World::new().await;
    let nobody = world.browser();
    let silent = world.authorize(&nobody, &[("prompt", "none")]).await;
    assert!(!redirect_of(&silent.unwrap()).contains_key("session_state"));
    let an = world.signed_in("an").await;
    let plain = world.authorize(&an, &[("scope", "profile")]).await;
    let members = redirect_of(&plain.unwrap());
    assert!(members.contains_key("code") && !members.contains_key("session_state"));
}

#[tokio::test]
async fn origins_count_within_a_minute_of_their_registration_and_of_their_end() {
    let world = World::new().await;
    let may_frame = async |origin: &str| {
        let asked = world.provider.may_frame(origin, world.now());
        asked.await.unwrap()
    };
    let registered = web_origin(REDIRECT).unwrap();
    assert!(may_frame(&registered).await);
    assert!(!may_frame("https://late.example").await);
    let mut late = named("late");
    late.redirect_uris = vec!["https://late.example/cb".into()];
    world.add_client(late).await;
    world.edit_client(|client| client.disabled = true).await;
    world.wait(59);
    assert!(may_frame(&registered).await && !may_frame("https://late.example").await);
    world.wait(1);
    assert!(!may_frame(&registered).await && may_frame("https://late.example").await);
}
