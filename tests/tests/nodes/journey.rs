//! Journeys whose every request goes to another node, and what was moved from one machine.

use std::time::{Duration, Instant};

use idp_tests::nginx::Balancer;
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, migrate, said, verify_audit};
use idp_tests::{Agent, Callback, Installation, RelyingParty, jwt};
use serde_json::Value;

use super::province::Province;

/// A province that began on one machine, and whose data are in PostgreSQL now.
struct Moved {
    first: Installation,
    postgres: Postgres,
    administrator: idp_tests::User,
    application: idp_tests::Application,
    refresh: String,
    sub: Value,
}

async fn moved() -> Moved {
    let postgres = Postgres::start();
    let first = Installation::init();
    let serving = first.serve().await.expect("it serves");
    let administrator = first.activate().await;
    let application = first.application("Ứng dụng", &[]);
    let party = RelyingParty::at(&first.issuer, application.clone()).await;
    let tokens = party.sign_in(&mut Agent::new(), &administrator).await;
    let sub = party.id_token(&tokens).await["sub"].clone();
    let address = postgres.address();
    let arguments = ["store", "migrate", "--to", &address];
    let early = first.idp(&arguments);
    assert!(!early.status.success(), "the server runs");
    serving.terminate();
    let tables = migrate(&first, &postgres);
    let rows = |name: &str| {
        let tables = tables.as_array().expect("tables");
        let table = tables.iter().find(|table| table["table"] == name);
        table.expect(name)["rows"].as_u64().expect("a number")
    };
    assert!(rows("users") >= 1 && rows("grants") == 1 && rows("subjects") == 1);
    assert!(rows("events") > 5 && rows("audit_blocks") >= 1 && rows("keys") >= 3);
    let left = first.serve().await.err().expect("the old store is refused");
    assert!(left.contains("store.postgres"), "{left}");
    let again = first.idp(&arguments);
    assert!(!again.status.success(), "{}", said(&again));
    Moved {
        sub,
        refresh: tokens.text("refresh_token"),
        first,
        postgres,
        administrator,
        application,
    }
}

async fn running(province: &Moved, count: usize) -> (Vec<Node>, Balancer) {
    let database = province.postgres.address();
    let node = |_| Node::new(&province.first, &database, &[]);
    let mut all: Vec<Node> = (0..count).map(node).collect();
    for node in &mut all {
        node.start().await;
    }
    let ports: Vec<u16> = all.iter().map(|node| node.installation.port).collect();
    let balancer = Balancer::start(province.first.port, &ports);
    (all, balancer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_goes_through_three_nodes_and_what_was_moved_still_holds() {
    let province = moved().await;
    let (mut nodes, _balancer) = running(&province, 3).await;
    let issuer = &province.first.issuer;
    let party = RelyingParty::at(issuer, province.application.clone()).await;
    let renewed = party.refresh(&province.refresh).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);

    let mut agent = Agent::new();
    let request = party.request();
    let callback = party
        .authorize(&mut agent, &request, &province.administrator)
        .await;
    let (code, verifier) = (callback.code(), &request.pkce.verifier);
    let answer = party.redeem(&code, verifier).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let access = answer.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let person = party.userinfo(&access).await;
    assert_eq!(person.json()["sub"], province.sub, "one subject for life");
    // The next node knows that the code is spent, and the one after that the grant is dead.
    let replay = party.redeem(&code, verifier).await;
    assert_eq!(replay.oauth_error(), "invalid_grant");
    assert_eq!(party.introspect(&access).await["active"], false);

    // Signed in once is signed in at every node.
    for _ in 0..3 {
        let tokens = party.sign_in(&mut agent, &province.administrator).await;
        assert_eq!(party.id_token(&tokens).await["sub"], province.sub);
    }

    // A key that one node makes is published by all within a second.
    let before = party.keys().await["keys"].as_array().expect("keys").len();
    let rotated = nodes[0].installation.administer(&["key", "rotate"]);
    assert!(rotated.status.success(), "{}", said(&rotated));
    let begun = Instant::now();
    for _ in 0..nodes.len() {
        while party.keys().await["keys"].as_array().expect("keys").len() == before {
            assert!(begun.elapsed() < Duration::from_secs(1), "not told");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    // A node dies; the others go on, and take its work over.
    nodes[1].kill();
    for _ in 0..4 {
        let mut agent = Agent::new();
        party.sign_in(&mut agent, &province.administrator).await;
    }
    nodes[1].start().await;
    verify_audit(&nodes[2]);
}

/// The session's own request at the end-session endpoint, by the ID Token.
async fn sign_out(party: &RelyingParty, agent: &mut Agent, id_token: &str) {
    let mut url = party.endpoint("end_session_endpoint");
    url.query_pairs_mut().append_pair("id_token_hint", id_token);
    let answer = agent.fetch(&url).await;
    let answer = agent.follow_within(&party.issuer, answer).await;
    assert!(answer.page().has("signed-out"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_journey_goes_to_another_node() {
    let province = Province::on_redis(3).await;
    let founded = &province.founded;
    let [first, second] = [founded.party(0).await, founded.party(1).await];
    let mut agent = Agent::new();
    let person = founded.people.person(0);
    let before = province.balancer.answered_by().len();

    let tokens = first.sign_in(&mut agent, &person).await;
    // Signed in once: the second application asks nothing.
    let request = second.request();
    let answer = second.open(&mut agent, &request).await;
    let url = answer.location().expect("no page in between");
    let redeemed = second
        .redeem(&Callback { url }.code(), &request.pkce.verifier)
        .await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let renewed = first.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let access = tokens.text("access_token");
    assert_eq!(first.userinfo(&access).await.status, 200);
    sign_out(&first, &mut agent, &tokens.text("id_token")).await;

    // Both applications are told, by whichever node holds the delivery.
    for (party, receiver) in [&first, &second].into_iter().zip(&founded.receivers) {
        let token = receiver.logout_token(Duration::from_secs(15)).await;
        let issuer = party.metadata["issuer"].as_str().expect("an issuer");
        let audience = Some(party.application.client_id.as_str());
        let token = token.expect("a logout token");
        let claims = jwt::verified(&token, &party.keys().await, issuer, audience);
        assert!(claims["sid"].is_string(), "{claims}");
        assert_eq!(receiver.count(), 1, "told once");
    }
    // Over at once, at every node.
    for _ in 0..3 {
        assert_eq!(first.introspect(&access).await["active"], false);
        let silent = first.request().with("prompt", "none");
        let answer = first.open(&mut agent, &silent).await;
        let url = answer.location().expect("a redirect");
        let callback = Callback { url };
        assert_eq!(callback.parameter("error"), "login_required");
    }
    let ended = first
        .refresh(renewed.json()["refresh_token"].as_str().expect("text"))
        .await;
    assert_eq!(ended.oauth_error(), "invalid_grant");

    let nodes = province.balancer.answered_by();
    let journey = &nodes[before..];
    assert!(journey.len() >= 15, "{journey:?}");
    let repeated = journey.windows(2).filter(|pair| pair[0] == pair[1]);
    assert_eq!(repeated.count(), 0, "{journey:?}");
    verify_audit(&province.nodes[0]);
}
