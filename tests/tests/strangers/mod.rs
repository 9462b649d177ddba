//! The same journey by relying-party libraries that nobody of this project wrote.
//!
//! Each stranger is a small web application around one library, started as a process and reached in
//! place of a demonstration application. It answers `/` with the header fields `claim-sub` and
//! `claim-name` once its person is signed in, and begins the sign-in otherwise.

mod application;
mod hearing;
mod journeys;
mod oidc_provider;
mod service;
mod tutorial;

use application::Stranger;
use idp_tests::{Agent, RelyingParty, User, World};

/// Opens a stranger's start page and signs in where the provider asks; returns the person's `sub`.
async fn open(
    agent: &mut Agent,
    world: &World,
    stranger: &Stranger,
    user: Option<&User>,
) -> String {
    let provider = RelyingParty::of(world, 0).await;
    let mut answer = agent.fetch(&stranger.start).await;
    for _ in 0..20 {
        if let Some(next) = answer.location().filter(|_| answer.is_redirect()) {
            answer = agent.fetch(&next).await;
        } else if answer.page().has("username") {
            let user = user.expect("the provider asks for a second sign-in");
            let typed = [
                ("username", user.username.as_str()),
                ("password", &user.password),
            ];
            answer = provider.press(agent, &answer, "sign-in", &typed).await;
        } else {
            break;
        }
    }
    let sub = answer.header("claim-sub").to_owned();
    assert!(
        !sub.is_empty(),
        "{}: {} {}\n{}",
        answer.url,
        answer.status,
        answer.body,
        stranger.log()
    );
    sub
}

/// Signs in once, opens the second application without being asked, signs out of the provider.
async fn walk(name: &str) {
    let world = World::demo();
    let (first, second) = (
        Stranger::start(name, &world, 0),
        Stranger::start(name, &world, 1),
    );
    let mut agent = Agent::new();
    first.stand_in(&mut agent);
    second.stand_in(&mut agent);
    let sub = open(&mut agent, &world, &first, Some(world.user())).await;
    assert_eq!(
        open(&mut agent, &world, &second, None).await,
        sub,
        "one person, one sub"
    );

    sign_out(&mut agent, &world, &first).await;
    world.stop();
}

/// Signs out from one stranger, and asserts that the provider's session is over.
async fn sign_out(agent: &mut Agent, world: &World, stranger: &Stranger) {
    let provider = RelyingParty::of(world, 0).await;
    let mut answer = agent.fetch(&stranger.sign_out).await;
    for _ in 0..20 {
        if let Some(next) = answer.location().filter(|_| answer.is_redirect()) {
            let known = [provider.issuer.origin(), stranger.start.origin()];
            if !known.contains(&next.origin()) {
                break;
            }
            answer = agent.fetch(&next).await;
        } else if answer.page().has("confirm-sign-out") {
            answer = provider
                .press(agent, &answer, "confirm-sign-out", &[])
                .await;
        } else {
            break;
        }
    }
    let silent = provider.request().with("prompt", "none");
    let answer = provider.open(agent, &silent).await;
    let left = answer.location().expect("an error redirect");
    assert!(
        left.as_str().contains("login_required"),
        "still signed in: {left}\n{}",
        stranger.log()
    );
}

#[tokio::test]
async fn authlib_walks_the_journey() {
    walk("authlib").await;
}

#[tokio::test]
async fn openid_client_walks_the_journey() {
    walk("openid-client").await;
}

#[tokio::test]
async fn mod_auth_openidc_walks_the_journey() {
    walk("mod_auth_openidc").await;
}
