//! Several equal nodes on one PostgreSQL.

mod province;

use std::process::Output;
use std::time::{Duration, Instant};

use idp_tests::postgres::Postgres;
use idp_tests::{Agent, Installation, RelyingParty};
use province::{Balancer, Node, nodes};
use serde_json::Value;

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

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
    let migrate = ["store", "migrate", "--output", "json", "--to", &address];
    let early = first.idp(&migrate);
    assert!(!early.status.success(), "the server runs");
    serving.terminate();
    let done = first.idp(&migrate);
    assert!(done.status.success(), "{}", said(&done));
    let tables: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let rows = |name: &str| {
        let tables = tables.as_array().expect("tables");
        let table = tables.iter().find(|table| table["table"] == name);
        table.expect(name)["rows"].as_u64().expect("a number")
    };
    assert!(rows("users") >= 1 && rows("grants") == 1 && rows("subjects") == 1);
    assert!(rows("events") > 5 && rows("audit_blocks") >= 1 && rows("keys") >= 3);
    let left = first.serve().await.err().expect("the old store is refused");
    assert!(left.contains("store.postgres"), "{left}");
    let again = first.idp(&migrate);
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
    let mut all = nodes(&province.first, &province.postgres, count);
    for node in &mut all {
        node.start().await;
    }
    let ports: Vec<u16> = all.iter().map(|node| node.installation.port).collect();
    let balancer = Balancer::start(province.first.port, &ports);
    (all, balancer)
}

fn verify(node: &Node) {
    let verified = node.installation.administer(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
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
    verify(&nodes[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_frozen_database_is_told_and_recovered_from() {
    let mut province = moved().await;
    let (nodes, _balancer) = running(&province, 2).await;
    let issuer = province.first.issuer.clone();
    let party = RelyingParty::at(&issuer, province.application.clone()).await;
    let tokens = party
        .sign_in(&mut Agent::new(), &province.administrator)
        .await;
    province.postgres.kill();
    for node in &nodes {
        assert_eq!(node.until(503).await["store"], "failing");
    }
    let lost = party.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(lost.status, 503, "{}", lost.body);
    province.postgres.restart();
    for node in &nodes {
        node.until(200).await;
    }
    let again = party.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(again.status, 200, "nothing acknowledged was lost");

    province.postgres.freeze(true);
    for node in &nodes {
        node.until(503).await;
    }
    province.postgres.freeze(false);
    for node in &nodes {
        node.until(200).await;
    }
    party
        .sign_in(&mut Agent::new(), &province.administrator)
        .await;
    verify(&nodes[0]);
}
