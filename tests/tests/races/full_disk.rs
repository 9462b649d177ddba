//! A disk that fills up under a working server: refused clearly, nothing acknowledged lost, and
//! everything goes on by itself when there is space again.

use std::time::{Duration, Instant};

use idp_tests::small_disk::SmallDisk;
use idp_tests::{Agent, Answer, Installation, RelyingParty};

use super::verdict_over;

const PATIENCE: Duration = Duration::from_secs(20);

async fn health(installation: &Installation, path: &str) -> Answer {
    let url = installation.issuer.join(path).expect("an address");
    Agent::new().fetch(&url).await
}

/// Refreshes until the answer is another than 200; keeps the newest acknowledged token.
async fn until_refused(relying_party: &RelyingParty, token: &mut String) -> Answer {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let answer = relying_party.refresh(token).await;
        if answer.status != 200 {
            return answer;
        }
        *token = answer.json()["refresh_token"]
            .as_str()
            .expect("a token")
            .to_owned();
    }
    panic!("the full disk is never noticed");
}

async fn ready_again(installation: &Installation) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = health(installation, "/health/ready").await;
        if answer.status == 200 {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "not ready again: {}",
            answer.body
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_clearly_loses_nothing_and_heals_by_itself() {
    let disk = SmallDisk::new();
    let installation = &disk.installation;
    let serving = disk.serve().await;
    let user = installation.activate().await;
    let relying_party =
        RelyingParty::at(&installation.issuer, installation.application("A", &[])).await;
    let mut agent = Agent::new();
    let tokens = relying_party.sign_in(&mut agent, &user).await;
    let mut token = tokens.text("refresh_token");

    for round in 0..3 {
        disk.fill(&serving);
        let refused = until_refused(&relying_party, &mut token).await;
        assert_eq!(refused.status, 503, "round {round}: {}", refused.body);
        assert_eq!(refused.oauth_error(), "temporarily_unavailable");
        assert!(
            !refused.header("retry-after").is_empty(),
            "when to come again"
        );
        assert!(
            !refused.body.contains("disk"),
            "no detail for strangers: {}",
            refused.body
        );

        verdict_over().await;
        let ready = health(installation, "/health/ready").await;
        assert_eq!(ready.status, 503, "{}", ready.body);
        assert_eq!(ready.json()["store"], "failing", "{}", ready.body);
        let why = &ready.json()["reasons"][0];
        assert!(
            why == "store_full" || why == "store_failing",
            "{}",
            ready.body
        );
        assert_eq!(
            health(installation, "/health/live").await.status,
            200,
            "no restart is asked for"
        );

        let mut visitor = Agent::new();
        let page = relying_party
            .open(&mut visitor, &relying_party.request())
            .await;
        assert!(
            matches!(page.status, 200 | 503),
            "{}: {}",
            page.status,
            page.body
        );
        let added = installation.administer(&["user", "add", "moi.nv", "--name", "Mới"]);
        assert!(
            !added.status.success(),
            "an account that is nowhere was acknowledged"
        );

        disk.free(&serving);
        let healed = ready_again(installation).await;
        println!("round {round}: ready {healed:?} after there was space");
        // The token whose use was refused with 503 is as good as before.
        let answer = relying_party.refresh(&token).await;
        assert_eq!(
            answer.status, 200,
            "round {round}: a grant is lost: {}",
            answer.body
        );
        token = answer.json()["refresh_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let shown = installation.administer(&["user", "show", "moi.nv"]);
        assert!(
            !shown.status.success(),
            "round {round}: half an account is there"
        );
    }

    let log = serving.log();
    assert!(!log.contains("panicked at"), "{log}");
    let (status, _) = serving.terminate();
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let serving = disk.serve().await;
    assert_eq!(
        relying_party.refresh(&token).await.status,
        200,
        "acknowledged and gone"
    );
    relying_party.sign_in(&mut Agent::new(), &user).await;
    let verified = installation.administer(&["audit", "verify"]);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    serving.terminate();
}
