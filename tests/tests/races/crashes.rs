//! `kill -9` while requests run: what was acknowledged is there afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idp_tests::{Agent, Callback, Installation, RelyingParty};

use super::count;

const SCOPE: &str = "openid profile";

/// Refresh tokens whose answers arrived before the kill.
async fn work_until(
    relying_party: Arc<RelyingParty>,
    mut agent: Agent,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let Some(token) = one_grant(&relying_party, &mut agent).await else {
            break;
        };
        acknowledged.push(token);
    }
    acknowledged
}

/// One more grant in the signed-in session; `None` once the server is gone.
async fn one_grant(relying_party: &RelyingParty, agent: &mut Agent) -> Option<String> {
    let request = relying_party.request().with("scope", SCOPE);
    let url = relying_party.authorization_url(&request);
    let mut answer = agent.try_fetch(&url).await?;
    while let Some(next) = answer
        .location()
        .filter(|next| next.origin() == url.origin())
    {
        answer = agent.try_fetch(&next).await?;
    }
    let code = Callback {
        url: answer.location()?,
    }
    .parameter("code");
    let answer = relying_party
        .try_redeem(&code, &request.pkce.verifier)
        .await?;
    (answer.status == 200).then(|| answer.json()["refresh_token"].as_str().map(str::to_owned))?
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_grant_and_event_outlives_a_kill() {
    let installation = Installation::init();
    let mut serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let application =
        installation.application("Ứng dụng", &["--scope", "openid", "--scope", "profile"]);
    let mut acknowledged_in_all = 0;
    for round in 0..count("IDP_TEST_KILLS", 3) {
        let relying_party = RelyingParty::at(&installation.issuer, application.clone()).await;
        let relying_party = Arc::new(relying_party);
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = Vec::new();
        for _ in 0..3 {
            let mut agent = Agent::new();
            let request = relying_party.request().with("scope", SCOPE);
            relying_party
                .sign_in_with(&mut agent, &request, &user)
                .await;
            workers.push(tokio::spawn(work_until(
                Arc::clone(&relying_party),
                agent,
                Arc::clone(&stop),
            )));
        }
        let pause = 150 + u64::try_from(round).expect("small") * 37 % 400;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        serving.kill();
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for worker in workers {
            acknowledged.extend(worker.await.expect("a worker"));
        }
        assert!(
            !acknowledged.is_empty(),
            "round {round}: nothing was acknowledged in {pause} ms"
        );

        serving = installation.serve().await.expect("it serves again");
        for token in &acknowledged {
            let answer = relying_party.refresh(token).await;
            assert_eq!(
                answer.status, 200,
                "round {round}: a grant is lost: {}",
                answer.body
            );
        }
        acknowledged_in_all += acknowledged.len();
        let verified = installation.administer(&["audit", "verify"]);
        let text = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "round {round}: {text}");
    }
    println!("{acknowledged_in_all} acknowledged grants, none lost");
    serving.terminate();
}
