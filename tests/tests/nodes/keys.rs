//! Keys that follow each other by schedule, whichever node is there to make them.

use std::time::{Duration, Instant};

use idp_tests::Installation;
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, migrate, verify_audit};
use serde_json::Value;

fn keys(node: &Node) -> usize {
    let listed = node.installation.administer(&["key", "list"]);
    let page: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    page["entries"].as_array().expect("keys").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_get_one_successor_however_many_nodes_there_are() {
    let postgres = Postgres::start();
    let first = Installation::init();
    first.age_keys(Duration::from_secs(90 * 86_400)).await;
    migrate(&first, &postgres);
    let database = postgres.address();
    let mut nodes: Vec<Node> = (0..3).map(|_| Node::new(&first, &database, &[])).collect();
    for node in &mut nodes {
        node.start().await;
    }
    let begun = Instant::now();
    while keys(&nodes[0]) < 7 {
        assert!(begun.elapsed() < Duration::from_secs(40), "none was made");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // Each of the others looks once more.
    tokio::time::sleep(Duration::from_secs(12)).await;
    for node in &nodes {
        assert_eq!(keys(node), 7, "two of tokens, one of the audit");
    }
    verify_audit(&nodes[2]);
}
