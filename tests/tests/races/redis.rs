//! Tickets in Redis: an installation on it, and what callers see when it is lost.

use std::time::{Duration, Instant};

use idp_tests::redis::Redis;
use idp_tests::{Agent, Installation, RelyingParty};

use super::verdict_over;

/// An installation whose tickets rest there.
fn installation_on(redis: &Redis) -> Installation {
    let installation = Installation::init();
    let file = installation.configuration();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let section = format!(
        "[tickets]\nmode = \"single\"\nurls = [\"{}\"]\n",
        redis.address()
    );
    std::fs::write(&file, text.replacen("[tickets]\n", &section, 1)).expect("it is written");
    installation
}

#[tokio::test]
async fn an_installation_outlives_its_redis() {
    let mut redis = Redis::start("");
    let installation = installation_on(&redis);
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let application = installation.application("Ứng dụng", &[]);
    let ours = RelyingParty::at(&installation.issuer, application).await;
    let tokens = ours.sign_in(&mut Agent::new(), &administrator).await;
    let codes = redis.ask(&["KEYS", "idp:code:*"]);
    assert_eq!(codes.lines().count(), 1, "the taken code rests: {codes}");

    redis.kill();
    let ready = installation
        .issuer
        .join("/health/ready")
        .expect("an address");
    let begun = Instant::now();
    let lost = ours.redeem("no-code", &"v".repeat(43)).await;
    assert_eq!(lost.status, 503, "{}", lost.body);
    assert!(begun.elapsed() < Duration::from_secs(3));
    verdict_over().await;
    let state = Agent::new().fetch(&ready).await;
    assert_eq!(
        (state.status, &state.json()["tickets"]),
        (503, &"failing".into())
    );
    // A refresh needs no ticket.
    let refresh = tokens.text("refresh_token");
    assert_eq!(ours.refresh(&refresh).await.status, 200);

    redis.restart();
    ours.sign_in(&mut Agent::new(), &administrator).await;
    verdict_over().await;
    assert_eq!(Agent::new().fetch(&ready).await.status, 200);
    serving.terminate();
}

#[tokio::test]
async fn an_unsafe_redis_is_refused_and_the_doctor_says_why() {
    let redis = Redis::start("");
    let installation = installation_on(&redis);
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let refused = installation.serve().await.err().expect("it refuses");
    assert!(refused.contains("noeviction"), "{refused}");
    let doctor = installation.idp(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        !doctor.status.success() && said.contains("noeviction"),
        "{said}"
    );
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    installation.serve().await.expect("it serves").terminate();
}
