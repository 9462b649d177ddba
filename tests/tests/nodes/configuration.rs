//! Nodes that were told different things.

use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, said, verify_audit};
use serde_json::Value;

use super::province::Founded;

/// Sets a key of its configuration, for its next start.
fn tell(node: &mut Node, key: &str, value: &str) {
    let variable = (format!("IDP__{key}"), value.to_owned());
    node.installation.environment.push(variable);
}

/// The one answer of a command, or one each line of an event list.
fn administer(node: &Node, arguments: &[&str]) -> Vec<Value> {
    let done = node.installation.administer(arguments);
    assert!(done.status.success(), "{}", said(&done));
    let values = serde_json::Deserializer::from_slice(&done.stdout).into_iter();
    values.collect::<Result<_, _>>().expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_told_otherwise_is_not_ready_and_says_why() {
    let province = Founded::on(Postgres::start()).await;
    let mut nodes = [province.node(&[]), province.node(&[])];
    // What a machine may have for itself is not compared.
    tell(&mut nodes[1], "PASSWORDS__PARALLEL", "1");
    nodes[0].start().await;
    nodes[1].start().await;
    let same = administer(&nodes[1], &["node", "compare"]);
    assert_eq!(same[0]["entries"], serde_json::json!([]));

    nodes[1].kill();
    tell(&mut nodes[1], "LIFETIMES__CODE", "30s");
    nodes[1].spawn();
    let said_why = nodes[1].until(503).await;
    assert_eq!(said_why["configuration"], "failing");
    assert_eq!(said_why["store"], "ok");
    nodes[0].until(200).await;
    let differing = administer(&nodes[1], &["node", "compare"]);
    let only = serde_json::json!({"key": "lifetimes.code", "agreed": "1m", "here": "30s"});
    assert_eq!(differing[0]["entries"], serde_json::json!([only]));

    // Trying changes nothing; meaning it turns the tables, and the other node follows.
    administer(&nodes[1], &["--dry-run", "node", "agree"]);
    nodes[1].until(503).await;
    let changed = administer(&nodes[1], &["node", "agree"]);
    assert_eq!(changed[0]["entries"], serde_json::json!([only]));
    nodes[1].until(200).await;
    nodes[0].until(503).await;
    nodes[0].kill();
    tell(&mut nodes[0], "LIFETIMES__CODE", "30s");
    nodes[0].start().await;
    let events = administer(&nodes[0], &["audit", "tail", "-n", "500"]);
    let agreed = |actor: &str| {
        let agreed = events
            .iter()
            .filter(|e| e["event"] == "configuration_agreed");
        let by = |e: &&Value| e["actor"].to_string().contains(actor);
        agreed
            .filter(by)
            .map(|e| e["fields"]["keys"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        agreed("user"),
        [serde_json::json!(["lifetimes.code"])],
        "{events:?}"
    );
    assert_eq!(
        agreed("system").len(),
        1,
        "the first node wrote, nobody after"
    );
    verify_audit(&nodes[0]);
}
