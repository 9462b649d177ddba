//! A stop that is announced, and somebody who does not wait for it.

use std::time::{Duration, Instant};

use idp_tests::Installation;
use idp_tests::world::signal;

#[tokio::test]
async fn a_second_signal_ends_the_announcement() {
    let mut installation = Installation::init();
    let notice = ("IDP__LISTEN__NOTICE".to_owned(), "60s".to_owned());
    installation.environment.push(notice);
    let serving = installation.serve().await.expect("it serves");
    let begun = Instant::now();
    signal(serving.pid(), "TERM");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (status, log) = serving.terminate();
    assert!(status.is_some_and(|status| status.success()), "{log}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{log}");
    let verified = installation.administer(&["audit", "verify"]);
    assert!(verified.status.success(), "it ended in order");
}
