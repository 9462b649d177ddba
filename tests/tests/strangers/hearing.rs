//! Strangers whose library receives logout tokens (OpenID Connect Back-Channel Logout 1.0): who
//! signs out of one application is signed out of the other.

use std::time::{Duration, Instant};

use idp_tests::{Agent, World};

use super::application::Stranger;
use super::{open, sign_out};

/// Longest wait for a logout token to be delivered and obeyed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Changes the registration of one of the demonstration's applications.
fn edit(world: &World, index: usize, change: [&str; 2]) {
    let client = world.applications[index].client_id.as_str();
    let arguments = [["client", "edit"], [client, change[0]]].concat();
    let output = world.administer("quantri", &[&arguments[..], &[change[1]]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

/// Signs in once for two applications, signs out of the first, and waits until the second knows.
///
/// `told_at` is where the stranger takes logout tokens; `algorithm` signs them and its ID Tokens.
async fn walk(name: &str, told_at: &str, algorithm: &str) {
    let world = World::demo();
    let strangers = [0, 1].map(|index| {
        edit(&world, index, ["--id-token-alg", algorithm]);
        let stranger = Stranger::start(name, &world, index);
        let address = stranger.directly(told_at);
        edit(&world, index, ["--backchannel-logout-uri", &address]);
        stranger
    });
    let [first, second] = &strangers;
    let mut agent = Agent::new();
    first.stand_in(&mut agent);
    second.stand_in(&mut agent);
    let sub = open(&mut agent, &world, first, Some(world.user())).await;
    let again = open(&mut agent, &world, second, None).await;
    assert_eq!(again, sub, "one person, one sub");
    assert_eq!(
        agent.fetch(&second.start).await.header("claim-sub"),
        sub,
        "the second application keeps a session of its own"
    );

    sign_out(&mut agent, &world, first).await;
    let begun = Instant::now();
    while !agent
        .fetch(&second.start)
        .await
        .header("claim-sub")
        .is_empty()
    {
        assert!(
            begun.elapsed() < PATIENCE,
            "the second application was not told, or did not obey:\n{}\n{}",
            second.log(),
            world.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.stop();
}

#[tokio::test]
async fn go_oidc_walks_the_journey_and_hears_of_its_end() {
    walk("go-oidc", "/stranger/told", "ES256").await;
}

#[tokio::test]
async fn spring_security_walks_the_journey_and_hears_of_its_end() {
    walk("spring", "/logout/connect/back-channel/idp", "RS256").await;
}

#[tokio::test]
async fn mod_auth_openidc_hears_of_the_end() {
    walk("mod_auth_openidc", "/callback?logout=backchannel", "ES256").await;
}
