//! Simultaneous redemptions (RFC 6749 §4.1.2, RFC 9700 §4.5).

use futures::future::join_all;
use idp_tests::{Agent, Callback, RelyingParty, World};

use super::count;

/// Redemptions sent at once for every code.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_redemptions_at_most_one_carries_tokens() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    relying_party.sign_in(&mut agent, world.user()).await;
    let codes = count("IDP_TEST_REDEMPTIONS", 400) / AT_ONCE;
    let mut won = 0;
    for round in 0..codes {
        let request = relying_party.request();
        let answer = relying_party.open(&mut agent, &request).await;
        let Some(url) = answer.location().filter(|_| answer.is_redirect()) else {
            panic!("round {round}: {} {}", answer.status, answer.body);
        };
        let code = Callback { url }.code();
        let verifier = &request.pkce.verifier;
        let answers = join_all((0..AT_ONCE).map(|_| relying_party.redeem(&code, verifier))).await;
        let mut tokens = Vec::new();
        for answer in &answers {
            match answer.status {
                200 => tokens.push(
                    answer.json()["access_token"]
                        .as_str()
                        .expect("text")
                        .to_owned(),
                ),
                _ => assert_eq!(answer.oauth_error(), "invalid_grant", "round {round}"),
            }
        }
        assert!(
            tokens.len() <= 1,
            "round {round}: {} answers carry tokens",
            tokens.len()
        );
        won += tokens.len();
        if let Some(token) = tokens.first() {
            let state = relying_party.introspect(token).await;
            assert_eq!(
                state["active"], false,
                "round {round}: the grant outlived the replay"
            );
        }
    }
    println!("{codes} codes, {AT_ONCE} redemptions each: {won} answers carried tokens");
    world.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_refreshes_all_successors_are_one() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let request = relying_party.request().with("scope", "openid profile");
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &request, world.user())
        .await;
    let mut refresh = tokens.text("refresh_token");
    for round in 0..count("IDP_TEST_REFRESHES", 20) {
        let answers = join_all((0..AT_ONCE).map(|_| relying_party.refresh(&refresh))).await;
        let mut successors: Vec<String> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| {
                answer.json()["refresh_token"]
                    .as_str()
                    .expect("text")
                    .to_owned()
            })
            .collect();
        successors.sort();
        successors.dedup();
        assert_eq!(
            successors.len(),
            1,
            "round {round}: one successor within the grace"
        );
        refresh = successors.swap_remove(0);
    }
    world.stop();
}

/// Uses a refresh token and its successors without a pause, until none is given any more.
async fn keep_refreshing(relying_party: &RelyingParty, first: String) {
    let mut token = first;
    loop {
        let answer = relying_party.refresh(&token).await;
        match answer.status {
            200 => {
                let body = answer.json();
                token = body["refresh_token"].as_str().expect("text").to_owned();
            }
            // Another write was faster three times; nothing was decided.
            503 => {}
            _ => {
                assert_eq!(answer.oauth_error(), "invalid_grant", "{}", answer.body);
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outruns_a_sign_out_by_refreshing() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    for round in 0..count("IDP_TEST_SIGN_OUTS", 5) {
        let mut agent = Agent::new();
        let mut tokens = Vec::new();
        for _ in 0..AT_ONCE {
            let request = relying_party.request();
            let signed_in = relying_party.sign_in_with(&mut agent, &request, world.user());
            tokens.push(signed_in.await.text("refresh_token"));
        }
        let thieves = tokens
            .iter()
            .map(|t| keep_refreshing(&relying_party, t.clone()));
        let signing_out = async {
            let page = agent.fetch(&world.at("/sign-out")).await;
            let confirmed = relying_party.press(&mut agent, &page, "confirm-sign-out", &[]);
            let answer = confirmed.await;
            assert!(
                answer.page().has("signed-out"),
                "round {round}: {}",
                answer.body
            );
        };
        futures::join!(join_all(thieves), signing_out);
        for token in tokens {
            let answer = relying_party.refresh(&token).await;
            assert_eq!(answer.oauth_error(), "invalid_grant", "round {round}");
        }
    }
    world.stop();
}
