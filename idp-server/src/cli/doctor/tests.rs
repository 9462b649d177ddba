//! The doctor on real folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use idp_core::base::issuer::IssuerKey;
use idp_core::base::time::Timestamp;
use idp_core::model::Version;
use idp_core::model::key::{Key, KeyPurpose};
use idp_core::store::Records;
use idp_store::sqlite::{OpenOptions, open};

use super::store::lifetimes;
use super::{Finding, State, examine};
use crate::cli::args::InitArgs;
use crate::cli::init::initialise;
use crate::config::Settings;
use crate::demo::MARK;
use crate::outside::clock::Clock;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

/// A fresh installation at [`NOW`].
async fn installed(folder: &Path) -> Settings {
    let args = InitArgs {
        dir: folder.to_owned(),
        issuer: "https://sso.tinh.example".parse().unwrap(),
        province_name: "Tỉnh Bình Minh".to_owned(),
        admin: "quantri".to_owned(),
        admin_name: "Nguyễn Văn Quản".to_owned(),
    };
    let made = initialise(&args, Clock::standing(NOW)).await.unwrap();
    Settings::load(&made.configuration, []).unwrap()
}

/// The checks that failed, at a time.
async fn failures(settings: &Settings, at: Timestamp) -> Vec<Finding> {
    let mut findings = examine(settings, &Clock::standing(at)).await;
    findings.retain(|finding| finding.state == State::Fail);
    for finding in &findings {
        assert!(!finding.remedy.is_empty(), "{finding:?}");
    }
    findings
}

#[tokio::test]
async fn a_fresh_installation_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let settings = installed(folder.path()).await;
    let findings = examine(&settings, &Clock::standing(NOW)).await;
    let checks: Vec<_> = findings.iter().map(|f| (f.check, f.state)).collect();
    assert_eq!(
        checks,
        [
            ("configuration", State::Ok),
            ("permissions", State::Ok),
            ("master_key", State::Ok),
            ("server", State::Warn),
            ("store", State::Ok),
            ("keys", State::Ok),
            ("clock", State::Ok),
            ("audit", State::Ok),
        ]
    );
}

#[tokio::test]
async fn each_trouble_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = installed(folder.path()).await;
    let found = failures(&settings, NOW - DAY).await;
    // Keys that are not active yet are the other face of the same trouble.
    assert!(
        found
            .iter()
            .any(|f| f.check == "clock" && f.detail.contains("86400 s")),
        "{found:?}"
    );

    let data = settings.store.folder.clone();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let found = failures(&settings, NOW).await;
    assert!(
        found
            .iter()
            .any(|f| f.check == "permissions" && f.remedy.contains("chmod")),
        "{found:?}"
    );
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();

    let (records, _tickets) = open(&data, OpenOptions::default()).await.unwrap();
    records.set_setting(MARK, "true").await.unwrap();
    records
        .set_setting("issuer", "https://other.example")
        .await
        .unwrap();
    records.close().await;
    let found = failures(&settings, NOW).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].detail.contains("demonstration"), "{found:?}");
    assert!(
        found[1].detail.contains("https://other.example"),
        "{found:?}"
    );

    let key = folder.path().join("secrets/master.key");
    fs::write(&key, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    let found = failures(&settings, NOW).await;
    assert!(found.iter().any(|f| f.check == "keys"), "{found:?}");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    settings.dangers.push("outgoing.danger_allow_loopback");
    let found = failures(&settings, NOW).await;
    assert!(found.iter().any(|f| f.check == "master_key"), "{found:?}");
    assert!(
        found.iter().any(|f| f.check == "configuration"),
        "{found:?}"
    );
}

#[tokio::test]
async fn certificates_are_examined_for_name_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = installed(folder.path()).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["sso.tinh.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2027, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 3, 1);
    let made = params.self_signed(&key).unwrap();
    let (certificate, private) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    fs::write(&certificate, made.pem()).unwrap();
    fs::write(&private, key.serialize_pem()).unwrap();
    settings.listen.tls = Some(crate::config::TlsFiles {
        certificate,
        key: private,
    });
    // NOW is the 15th of January 2027.
    let tls = async |at: Timestamp| {
        let findings = examine(&settings, &Clock::standing(at)).await;
        findings
            .into_iter()
            .find(|f| f.check == "tls")
            .unwrap()
            .state
    };
    assert_eq!(tls(NOW).await, State::Ok);
    assert_eq!(tls(NOW + DAY * 30).await, State::Warn);
    assert_eq!(tls(NOW + DAY * 60).await, State::Fail);
    assert_eq!(tls(NOW - DAY * 30).await, State::Fail);
    let mut elsewhere = settings.clone();
    elsewhere.issuer.url = idp_core::base::issuer::Issuer::parse("https://other.example").unwrap();
    let found = failures(&elsewhere, NOW).await;
    assert!(
        found
            .iter()
            .any(|f| f.detail.contains("not for other.example")),
        "{found:?}"
    );
}

#[tokio::test]
async fn the_files_of_clients_certificates_are_examined_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = installed(folder.path()).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["sso.tinh.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2027, 1, 1);
    params.not_after = rcgen::date_time_ymd(2028, 1, 1);
    let made = params.self_signed(&key).unwrap();
    let (certificate, private) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    fs::write(&certificate, made.pem()).unwrap();
    fs::write(&private, key.serialize_pem()).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o644)).unwrap();
    let files = crate::config::TlsFiles {
        certificate: certificate.clone(),
        key: private,
    };
    settings.mutual_tls = Some(crate::config::MutualTlsSettings {
        url: idp_core::base::issuer::Issuer::parse("https://mtls.tinh.example").unwrap(),
        listener: Some(([127, 0, 0, 1], 9443).into()).map(|address| (address, files)),
        header: None,
        trusted_authorities: Some(certificate),
    });
    let found = failures(&settings, NOW).await;
    let told = |check, part: &str| {
        let fits = |f: &Finding| f.check == check && f.detail.contains(part);
        assert!(found.iter().any(fits), "{check} {part}: {found:?}");
    };
    told("mutual_tls", "not for mtls.tinh.example");
    told("permissions", "k.pem");
    told("client_authorities", "no authority");
}

#[test]
fn keys_that_end_or_grow_old_are_named() {
    let key = |kid: &str, from: Timestamp, until: Option<Timestamp>| Key {
        kid: kid.to_owned(),
        version: Version(1),
        issuer: IssuerKey::main(),
        purpose: KeyPurpose::Token,
        algorithm: "ES256".to_owned(),
        created_at: from,
        active_from: from,
        active_until: until,
        published_until: None,
        public_jwk: None,
        sealed: String::new(),
    };
    let ending = key("ending", NOW - DAY, Some(NOW + DAY));
    let next = key("next", NOW + DAY, None);
    let old = key("old", NOW - DAY * 400, None);
    let states = |keys: &[Key]| -> Vec<State> {
        lifetimes(keys, NOW)
            .into_iter()
            .map(|finding| finding.state)
            .collect()
    };
    assert_eq!(states(std::slice::from_ref(&ending)), [State::Fail]);
    assert_eq!(states(&[ending, next]), []);
    assert_eq!(states(&[old]), [State::Warn]);
}

#[tokio::test]
async fn places_that_take_no_heads_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = installed(folder.path()).await;
    let (heads, log) = (folder.path().join("heads"), folder.path().join("log"));
    settings.audit.heads_file = Some(heads.clone());
    settings.audit.syslog = Some(log.clone());
    let failing = async |settings: &Settings| {
        let mut found = failures(settings, NOW).await;
        found.retain(|f| f.check == "audit_heads");
        found
    };
    let found = failing(&settings).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].detail.contains("/log: "), "{found:?}");
    assert!(!heads.exists(), "looking makes no file");
    let _collector = std::os::unix::net::UnixDatagram::bind(&log).unwrap();
    fs::write(&heads, "").unwrap();
    assert!(failing(&settings).await.is_empty());
    settings.audit.heads_file = Some(folder.path().join("not-mounted/heads"));
    let found = failing(&settings).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].detail.contains("not-mounted"), "{found:?}");
}
