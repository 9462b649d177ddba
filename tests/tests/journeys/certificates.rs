//! TLS by the server itself: a certificate renewed on disk is taken up at SIGHUP without a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use idp_tests::agent::install_tls_provider;
use idp_tests::installation::Serving;
use idp_tests::{Installation, world};

const PATIENCE: Duration = Duration::from_secs(10);

/// Writes a self-signed certificate for `localhost` and its key, for its owner alone; returns the
/// certificate.
fn renew(folder: &Path) -> reqwest::Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = folder.join("key.pem");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    fs::write(folder.join("cert.pem"), made.cert.pem()).expect("written");
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate")
}

/// A client that trusts exactly one certificate and keeps its connection open.
#[allow(
    clippy::disallowed_methods,
    reason = "a client with a trust of its own"
)]
fn trusting(certificate: &reqwest::Certificate) -> reqwest::Client {
    install_tls_provider();
    reqwest::Client::builder()
        .tls_certs_only([certificate.clone()])
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .expect("an HTTP client")
}

async fn is_live(client: &reqwest::Client, installation: &Installation) -> bool {
    let url = installation
        .issuer
        .join("/health/live")
        .expect("an address");
    let answer = client.get(url).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Sends SIGHUP and waits until the server has said what came of it.
async fn reload(serving: &Serving, told: &str) {
    let before = serving.log().matches(told).count();
    world::signal(serving.pid(), "HUP");
    let begun = Instant::now();
    while serving.log().matches(told).count() == before {
        assert!(
            begun.elapsed() < PATIENCE,
            "{told:?} is not in the log:\n{}",
            serving.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_while_connections_are_open() {
    let mut installation = Installation::init_in(tempfile::tempdir().expect("a folder"), "https");
    let folder = tempfile::tempdir().expect("a folder");
    let first = renew(folder.path());
    for (key, file) in [("CERTIFICATE", "cert.pem"), ("KEY", "key.pem")] {
        let path = folder.path().join(file).display().to_string();
        installation
            .environment
            .push((format!("IDP__LISTEN__TLS__{key}"), path));
    }
    let serving = installation.spawn(installation.command(&["serve"]));
    let open = trusting(&first);
    let begun = Instant::now();
    while !is_live(&open, &installation).await {
        assert!(
            begun.elapsed() < PATIENCE,
            "it does not serve:\n{}",
            serving.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // Broken: the old one stays for new connections, and the operator is told why.
    fs::write(folder.path().join("cert.pem"), "broken").expect("written");
    reload(&serving, "the old one stays").await;
    assert!(
        serving.log().contains("cert.pem"),
        "which file:\n{}",
        serving.log()
    );
    assert!(
        is_live(&trusting(&first), &installation).await,
        "the old one is gone"
    );

    // A key that belongs to another certificate is as broken.
    let other = renew(tempfile::tempdir().expect("a folder").path());
    let second = renew(folder.path());
    let key = fs::read(folder.path().join("key.pem")).expect("a key");
    renew(folder.path());
    fs::write(folder.path().join("key.pem"), &key).expect("written");
    reload(&serving, "the old one stays").await;
    assert!(
        is_live(&trusting(&first), &installation).await,
        "the old one is gone"
    );
    assert!(
        !is_live(&trusting(&other), &installation).await,
        "anything is trusted"
    );
    assert!(
        !is_live(&trusting(&second), &installation).await,
        "it was not loaded"
    );

    let third = renew(folder.path());
    reload(&serving, "certificate read again").await;
    assert!(
        is_live(&trusting(&third), &installation).await,
        "new connections see the new one"
    );
    assert!(
        !is_live(&trusting(&first), &installation).await,
        "and never the old one"
    );
    assert!(
        is_live(&open, &installation).await,
        "the open connection goes on"
    );
    let (status, log) = serving.terminate();
    assert!(status.is_some_and(|status| status.success()), "{log}");
    assert!(!log.contains("PRIVATE KEY"), "{log}");
}
