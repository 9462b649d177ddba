//! One code, two nodes, and a Redis that forgets that it was taken.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use idp_tests::province::{Node, verify_audit};
use idp_tests::redis::Redis;
use idp_tests::{Agent, Answer, Callback, RelyingParty};

use super::count;
use super::province::Province;
use super::trouble::assert_dead;

/// A code and all answers that its redemptions got.
struct Code {
    code: String,
    verifier: String,
    answers: Vec<Answer>,
}

impl Code {
    fn tokens(&self) -> Vec<(String, String)> {
        let good = self.answers.iter().filter(|answer| answer.status == 200);
        let text = |answer: &Answer, name: &str| {
            let token = answer.json()[name].as_str().map(str::to_owned);
            token.expect("a token")
        };
        let pair = |answer| (text(answer, "access_token"), text(answer, "refresh_token"));
        good.map(pair).collect()
    }
}

/// The application's requests, sent to one node without the balancer.
async fn at_node(province: &Province, node: &Node) -> RelyingParty {
    let mut party = province.founded.party(0).await;
    let mut url = party.endpoint("token_endpoint");
    url.set_port(Some(node.installation.port)).expect("a port");
    party.metadata["token_endpoint"] = url.as_str().into();
    party
}

async fn codes(party: &RelyingParty, agent: &mut Agent, count: usize) -> Vec<Code> {
    let mut codes = Vec::new();
    for _ in 0..count {
        let request = party.request();
        let answer = party.open(agent, &request).await;
        let url = answer.location().expect("a redirect");
        codes.push(Code {
            code: Callback { url }.code(),
            verifier: request.pkce.verifier,
            answers: Vec::new(),
        });
    }
    codes
}

/// Every code to both nodes at once.
async fn redeem_at_both(parties: &[Arc<RelyingParty>; 2], codes: &mut [Code]) {
    for code in codes {
        let tries = parties.each_ref().map(|party| {
            let (party, text, verifier) = (Arc::clone(party), &code.code, &code.verifier);
            async move { party.try_redeem(text, verifier).await }
        });
        code.answers
            .extend(join_all(tries).await.into_iter().flatten());
    }
}

/// How many codes this server believes were never taken.
fn untaken(server: &Redis) -> usize {
    let keys = server.ask(&["KEYS", "idp:code:*"]);
    let fresh = |key: &&str| server.ask(&["HGET", key, "t"]) == "0";
    keys.lines().filter(fresh).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_carries_tokens_once_even_when_its_taking_is_forgotten() {
    let mut province = Province::on_redis(2).await;
    let (first, second) = (&province.nodes[0], &province.nodes[1]);
    let parties = [
        at_node(&province, first).await,
        at_node(&province, second).await,
    ];
    let parties = parties.map(Arc::new);
    let party = province.founded.party(0).await;
    let mut agent = Agent::new();
    let administrator = &province.founded.administrator;
    party.sign_in(&mut agent, administrator).await;
    let number = count("IDP_TEST_FAIL_OVER_CODES", 80);
    let mut before = codes(&party, &mut agent, number).await;
    let mut during = codes(&party, &mut agent, number).await;

    // The replica has all codes, and then hears nothing more from its master.
    let master = province.watched().master();
    let lead = province.watched().server(master);
    assert_eq!(lead.ask(&["WAIT", "1", "5000"]), "1");
    province.watched().server(1 - master).freeze(true);
    province
        .watched()
        .server(master)
        .ask(&["CLIENT", "KILL", "TYPE", "replica"]);
    for code in &mut before {
        let answer = parties[0].redeem(&code.code, &code.verifier).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        code.answers.push(answer);
    }
    // The master dies amid redemptions of the others.
    let racing = tokio::spawn({
        let parties = parties.clone();
        async move {
            redeem_at_both(&parties, &mut during).await;
            during
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    province.watched().server(master).kill();
    province.watched().server(1 - master).freeze(false);
    province.watched().until_master(1 - master);
    let mut during = racing.await.expect("the race");
    for node in &province.nodes {
        node.until(200).await;
    }
    let forgotten = untaken(province.watched().server(1 - master));
    assert!(
        forgotten >= number,
        "the fail-over revives {forgotten} codes"
    );

    redeem_at_both(&parties, &mut before).await;
    redeem_at_both(&parties, &mut during).await;
    let (mut requests, mut won) = (0, 0);
    for code in before.iter().chain(&during) {
        requests += code.answers.len();
        let tokens = code.tokens();
        assert!(
            tokens.len() <= 1,
            "one code gave tokens {} times",
            tokens.len()
        );
        for answer in code.answers.iter().filter(|answer| answer.status != 200) {
            let error = answer.oauth_error();
            let clear = matches!(error.as_str(), "invalid_grant" | "temporarily_unavailable");
            assert!(clear, "{} {}", answer.status, answer.body);
        }
        for (access, refresh) in &tokens {
            assert_dead(&party, access, refresh).await;
        }
        won += tokens.len();
    }
    assert!(
        won >= number,
        "what was answered before the loss was answered"
    );
    println!(
        "{requests} redemptions of {} codes across a fail-over, {forgotten} takings forgotten: {won} answers carried tokens",
        2 * number
    );
    verify_audit(&province.nodes[0]);
}
