//! The audit at the end of a day.

use idp_tests::{Agent, Installation, RelyingParty};
use serde_json::Value;

#[tokio::test]
async fn an_orderly_stop_leaves_nothing_unsealed() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let relying_party =
        RelyingParty::at(&installation.issuer, installation.application("A", &[])).await;
    let mut agent = Agent::new();
    for _ in 0..5 {
        relying_party.sign_in(&mut agent, &user).await;
    }
    // At once, so that the sealer's last round of its own lies before the last events.
    let (status, log) = serving.terminate();
    assert!(status.is_some_and(|status| status.success()), "{log}");

    let verified = installation.administer(&["audit", "verify"]);
    let report: Value = serde_json::from_slice(&verified.stdout).expect("one JSON object");
    assert_eq!(report["intact"], true, "{report}");
    let sealed = report["last_head"]["last"].as_i64().expect("a place");

    let tail = installation.administer(&["audit", "tail", "-n", "500"]);
    let tail = String::from_utf8(tail.stdout).expect("UTF-8");
    let events: Vec<Value> = tail
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let stopped = events
        .iter()
        .find(|event| event["event"] == "stopped")
        .expect("the stop itself");
    assert_eq!(
        stopped["place"], sealed,
        "the stop is the last thing sealed"
    );
    // Reading it here is recorded as well, by commands that seal nothing.
    let later = events
        .iter()
        .filter(|event| event["place"].as_i64() > Some(sealed));
    let later: Vec<&Value> = later.map(|event| &event["event"]).collect();
    assert!(
        later.iter().all(|event| *event == "audit_read"),
        "{later:?}"
    );
    let signed_in = events
        .iter()
        .filter(|event| event["event"] == "signed_in")
        .count();
    assert_eq!(
        signed_in, 1,
        "one session, five applications' worth of tokens"
    );
}
