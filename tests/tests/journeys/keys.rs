//! Keys that follow each other by themselves.

use std::time::{Duration, Instant};

use idp_tests::{Agent, Installation, RelyingParty, jwt};
use serde_json::Value;

const DAY: Duration = Duration::from_secs(86_400);

fn keys(installation: &Installation) -> Vec<Value> {
    let output = installation.administer(&["key", "list"]);
    let page: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    page["entries"].as_array().expect("keys").clone()
}

#[tokio::test]
async fn a_key_is_followed_by_itself_and_no_application_meets_an_unknown_one() {
    let installation = Installation::init();
    let service = installation.service("Trục liên thông");
    installation.age_keys(DAY * 89).await;
    assert_eq!(keys(&installation).len(), 4);
    installation.age_keys(DAY).await;
    let serving = installation.serve().await.expect("it serves");
    let party = RelyingParty::at(&installation.issuer, service).await;
    let begun = Instant::now();
    while keys(&installation).len() < 7 {
        let waited = begun.elapsed() < Duration::from_secs(40);
        assert!(waited, "{:?}", keys(&installation));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // Two of tokens and one of the audit; the successors are published and do not sign yet.
    let keys = keys(&installation);
    let of = |purpose: &str, state: &str| {
        let fits = |key: &&Value| key["purpose"] == purpose && key["state"] == state;
        keys.iter().filter(fits).count()
    };
    assert_eq!((of("token", "active"), of("token", "announced")), (2, 2));
    assert_eq!((of("audit", "active"), of("audit", "announced")), (1, 1));
    assert_eq!(of("refresh", "active"), 1);
    let begun = Instant::now();
    let published = loop {
        let published = party.keys().await;
        if published["keys"].as_array().expect("keys").len() == 4 {
            break published;
        }
        let waited = begun.elapsed() < Duration::from_secs(10);
        assert!(waited, "{published}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let answer = party
        .ask("token_endpoint", &[("grant_type", "client_credentials")])
        .await;
    let token = answer.json()["access_token"].clone();
    let token = token.as_str().expect("a token");
    let issuer = party.metadata["issuer"].as_str().expect("an issuer");
    jwt::verified(token, &published, issuer, None);
    let metrics = installation.fetch_over_socket("/metrics");
    assert!(
        metrics.contains("idp_key_rotations_total{purpose=\"token\"} 2"),
        "{metrics}"
    );
    assert!(metrics.contains("idp_keys_overdue 0"), "{metrics}");
    serving.terminate();

    // An hour later they sign, and nothing that was fetched before is unknown.
    installation.age_keys(Duration::from_secs(3601)).await;
    let serving = installation.serve().await.expect("it serves");
    let answer = party
        .ask("token_endpoint", &[("grant_type", "client_credentials")])
        .await;
    let next = answer.json()["access_token"].clone();
    let next = next.as_str().expect("a token");
    jwt::verified(next, &published, issuer, None);
    assert_ne!(jwt::header(next)["kid"], jwt::header(token)["kid"]);
    let mut agent = Agent::new();
    let ready = installation.issuer.join("/health/ready").expect("a URL");
    assert_eq!(agent.fetch(&ready).await.status, 200);
    serving.terminate();
}
