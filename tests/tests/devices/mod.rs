//! Signing keys in a PKCS#11 device, as operators live with it.

use std::process::Output;
use std::time::{Duration, Instant};

use idp_tests::device::{Device, PIN};
use idp_tests::installation::Serving;
use idp_tests::{Agent, Answer, Application, Installation, RelyingParty, jwt};
use serde_json::Value;

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn set(installation: &mut Installation, variable: &str, value: &str) {
    installation
        .environment
        .push((variable.to_owned(), value.to_owned()));
}

/// Rotates at once; the new key as the command shows it.
fn rotate(installation: &Installation, further: &[&str]) -> Value {
    let arguments = [&["key", "rotate", "--at-once"], further].concat();
    let output = installation.administer(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    answer["added"].clone()
}

/// What the node says of itself.
async fn ready(installation: &Installation) -> (u16, Value) {
    let url = installation.issuer.join("/health/ready").expect("a URL");
    match Agent::new().try_fetch(&url).await {
        Some(answer) => (answer.status, answer.json()),
        None => (0, Value::Null),
    }
}

/// Waits until the node says this of its device.
async fn until(installation: &Installation, device: &str) {
    let begun = Instant::now();
    loop {
        let (status, body) = ready(installation).await;
        if body["device"] == device {
            assert_eq!(status == 200, device == "ok", "{body}");
            return;
        }
        let waited = begun.elapsed() < Duration::from_secs(20);
        assert!(waited, "{status} and not {device}: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Starts the server without waiting until it is ready, which it may never be.
async fn start(installation: &Installation, device: &str) -> Serving {
    let serving = installation.spawn(installation.command(&["serve"]));
    until(installation, device).await;
    serving
}

async fn token(installation: &Installation, service: &Application) -> Answer {
    let party = RelyingParty::at(&installation.issuer, service.clone()).await;
    let parameters = [("grant_type", "client_credentials")];
    party.ask("token_endpoint", &parameters).await
}

/// Asks for a token, and verifies it with the published keys by somebody else's library.
async fn verified_token(installation: &Installation, service: &Application) -> Value {
    let answer = token(installation, service).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let token = body["access_token"].as_str().expect("a token");
    let party = RelyingParty::at(&installation.issuer, service.clone()).await;
    let issuer = party.metadata["issuer"].as_str().expect("an issuer");
    jwt::verified(token, &party.keys().await, issuer, None);
    jwt::header(token)
}

#[tokio::test]
async fn keys_made_in_the_device_sign_what_others_verify() {
    let device = Device::start();
    let mut installation = Installation::init();
    device.give_to(&mut installation);
    let service = installation.service("Trục liên thông");
    for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
        let made = rotate(
            &installation,
            &["--algorithm", algorithm, "--place", "device"],
        );
        assert_eq!(made["place"], "device");
        set(
            &mut installation,
            "IDP__ISSUER__DEFAULT_ALGORITHM",
            algorithm,
        );
        let serving = start(&installation, "ok").await;
        let header = verified_token(&installation, &service).await;
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&algorithm.into(), &made["kid"])
        );
        let (status, log) = serving.terminate();
        assert!(status.is_some_and(|status| status.success()), "{log}");
        assert!(!log.contains(PIN), "the PIN stays out of the log");
    }
    // The next one is made where the present one is, and audit blocks are signed there too.
    let next = rotate(&installation, &["--algorithm", "ES256"]);
    assert_eq!(next["place"], "device");
    let audit = rotate(&installation, &["--purpose", "audit", "--place", "device"]);
    let serving = start(&installation, "ok").await;
    let kept = installation.administer(&["key", "rotate", "--purpose", "refresh"]);
    assert!(kept.status.success(), "{}", said(&kept));
    serving.terminate();
    let verified = installation.administer(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    let shown = installation.administer(&["key", "show", audit["kid"].as_str().expect("a kid")]);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(
        (&shown["place"], &shown["state"]),
        (&"device".into(), &"active".into())
    );
    let refresh = ["key", "rotate", "--purpose", "refresh", "--place", "device"];
    let refused = said(&installation.administer(&refresh));
    assert!(refused.contains("key_place_unfit"), "{refused}");
}

#[tokio::test]
async fn a_successor_by_schedule_is_made_in_the_device_too() {
    let device = Device::start();
    let mut installation = Installation::init();
    device.give_to(&mut installation);
    let old = rotate(&installation, &["--place", "device"]);
    installation
        .age_keys(Duration::from_secs(90 * 86_400))
        .await;
    let serving = start(&installation, "ok").await;
    let begun = Instant::now();
    let next = loop {
        let listed = installation.administer(&["key", "list"]);
        let page: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        let keys = page["entries"].as_array().expect("keys").clone();
        let next = |key: &&Value| key["place"] == "device" && key["kid"] != old["kid"];
        if let Some(next) = keys.iter().find(next) {
            break next.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "{page}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    assert_eq!(
        (&next["algorithm"], &next["state"]),
        (&"ES256".into(), &"announced".into())
    );
    serving.terminate();
    installation.age_keys(Duration::from_secs(3601)).await;
    let serving = start(&installation, "ok").await;
    let service = installation.service("Trục liên thông");
    let header = verified_token(&installation, &service).await;
    assert_eq!(header["kid"], next["kid"]);
    serving.terminate();
}

#[tokio::test]
async fn a_wrong_pin_is_tried_once_and_by_nobody_but_a_person_again() {
    let device = Device::start();
    let mut installation = Installation::init();
    device.give_to(&mut installation);
    device.write_pin("00000000");
    let refused = installation.serve().await.err().expect("a refusal");
    assert!(refused.contains("the PIN is not accepted"), "{refused}");
    assert_eq!(device.logins(), 1);
    // A service manager starts it again and again, even with the right PIN by now.
    device.write_pin(PIN);
    for _ in 0..3 {
        let refused = installation.serve().await.err().expect("a refusal");
        assert!(refused.contains("idp doctor"), "{refused}");
    }
    assert_eq!(device.logins(), 1, "no further try");
    let looked = installation.idp(&["doctor", "--output", "json"]);
    let report: Value = serde_json::from_slice(&looked.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["check"] == "device");
    assert_eq!(finding.expect("a finding")["state"], "ok", "{report}");
    let serving = installation.serve().await.expect("the right PIN");
    serving.terminate();
}

#[tokio::test]
async fn a_device_that_is_half_configured_or_no_module_is_refused() {
    let mut installation = Installation::init();
    set(&mut installation, "IDP__KEYS__PKCS11_TOKEN", "idp");
    let checked = said(&installation.idp(&["config", "check"]));
    for missing in [
        "keys.pkcs11_module",
        "pkcs11_pin_file or pkcs11_pin_credential",
    ] {
        assert!(checked.contains(missing), "{checked}");
    }
    let missing = installation.administer(&["key", "rotate", "--place", "device"]);
    assert!(!missing.status.success(), "{}", said(&missing));
    installation.environment.clear();
    let none = said(&installation.administer(&["key", "rotate", "--place", "device"]));
    assert!(none.contains("key_device_missing"), "{none}");
    let device = Device::start();
    device.give_to(&mut installation);
    let module = "/usr/lib/no-such-module.so";
    set(&mut installation, "IDP__KEYS__PKCS11_MODULE", module);
    let refused = installation.serve().await.err().expect("a refusal");
    assert!(refused.contains(module), "{refused}");
}

/// ES256 keys are in the device, RS256 ones in the store, which sign access tokens here.
#[tokio::test]
async fn a_frozen_device_holds_up_no_key_of_the_store() {
    let device = Device::start();
    let mut installation = Installation::init();
    device.give_to(&mut installation);
    set(&mut installation, "IDP__ISSUER__DEFAULT_ALGORITHM", "RS256");
    rotate(
        &installation,
        &["--algorithm", "ES256", "--place", "device"],
    );
    let service = installation.service("Trục liên thông");
    let serving = start(&installation, "ok").await;
    device.mood("freeze");
    until(&installation, "slow").await;
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(
            verified_token(&installation, &service).await["alg"],
            "RS256"
        );
    }
    let each = begun.elapsed() / 10;
    assert!(each < Duration::from_secs(1), "{each:?}");
    device.mood("");
    until(&installation, "ok").await;
    serving.terminate();
}

#[tokio::test]
async fn what_happens_to_a_device_is_told_and_recovered_from() {
    let device = Device::start();
    let mut installation = Installation::init();
    device.give_to(&mut installation);
    let made = rotate(&installation, &["--place", "device"]);
    let service = installation.service("Trục liên thông");
    let serving = start(&installation, "ok").await;

    // A session that ends under its user costs nobody anything.
    device.mood("lost");
    verified_token(&installation, &service).await;

    for (mood, word) in [("freeze", "slow"), ("gone", "absent")] {
        device.mood(mood);
        let begun = Instant::now();
        let refused = token(&installation, &service).await;
        assert_eq!(refused.status, 503, "{mood}: {}", refused.body);
        assert!(begun.elapsed() < Duration::from_secs(4), "{mood}");
        until(&installation, word).await;
        let party = RelyingParty::at(&installation.issuer, service.clone()).await;
        let published = party.keys().await;
        let kids = published["keys"].as_array().expect("keys");
        assert!(
            kids.iter().any(|key| key["kid"] == made["kid"]),
            "published without it"
        );
        device.mood("");
        until(&installation, "ok").await;
        verified_token(&installation, &service).await;
    }

    device.lose_keys();
    until(&installation, "key_unusable").await;
    assert_eq!(token(&installation, &service).await.status, 500);
    rotate(&installation, &["--place", "store"]);
    until(&installation, "ok").await;
    verified_token(&installation, &service).await;
    serving.terminate();
}

#[tokio::test]
async fn a_node_without_the_device_publishes_its_keys_and_is_not_ready() {
    let device = Device::start();
    let mut installation = Installation::init();
    let plain = installation.environment.clone();
    device.give_to(&mut installation);
    let made = rotate(&installation, &["--place", "device"]);
    let service = installation.service("Trục liên thông");
    installation.environment = plain;
    let serving = start(&installation, "not_configured").await;
    let party = RelyingParty::at(&installation.issuer, service.clone()).await;
    let published = party.keys().await;
    let kids = published["keys"].as_array().expect("keys");
    assert!(
        kids.iter().any(|key| key["kid"] == made["kid"]),
        "{published}"
    );
    assert_eq!(token(&installation, &service).await.status, 500);
    serving.terminate();
}
