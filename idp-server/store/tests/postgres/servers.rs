//! Servers reached through TLS, and several servers of which one takes writes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use idp_core::base::fault::Trouble;
use idp_core::base::secret::SecretText;
use idp_core::store::changes::{Changed, Changes};
use idp_core::store::records::Records;
use idp_store::postgres::{PostgresOptions, open};

use super::cluster::{Cluster, options};
use super::{events, heard, number};

/// A certificate authority of its own, and what it signed for a server of this name.
fn signed(name: &str) -> (String, String, String) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let names = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap().pem();
    (authority_pem, certificate, key.serialize_pem())
}

/// A server that speaks only TLS and asks for a password, and the file with its authority.
fn with_tls(name: &str) -> (Cluster, PathBuf) {
    let cluster = Cluster::start(&["fsync=off"]);
    let (authority, certificate, key) = signed(name);
    let authority = cluster.file("ca.pem", &authority);
    let rules = cluster.file(
        "pg_hba.conf",
        "hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all all reject\n",
    );
    let set = |name: &str, path: &Path| format!("ALTER SYSTEM SET {name} = '{}'", path.display());
    let (certificate, key) = (
        cluster.file("cert.pem", &certificate),
        cluster.file("key.pem", &key),
    );
    for text in [
        "ALTER USER idp PASSWORD 'mat-khau-dai'".to_owned(),
        set("ssl_cert_file", &certificate),
        set("ssl_key_file", &key),
        set("hba_file", &rules),
        "ALTER SYSTEM SET ssl = on".to_owned(),
    ] {
        cluster.psql(&text);
    }
    cluster.signal("INT");
    cluster.wait();
    cluster.go();
    (cluster, authority)
}

fn through_tls(cluster: &Cluster, authority: &Path, password: &str) -> PostgresOptions {
    let address = format!("{}?sslmode=verify-full", cluster.address("postgres"));
    PostgresOptions {
        password: Some(SecretText::new(password.to_owned())),
        certificate_authority: Some(authority.to_owned()),
        ..options(&address)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_certificate_of_the_provinces_own_is_used() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (cluster, authority) = with_tls("127.0.0.1");
    let right = through_tls(&cluster, &authority, "mat-khau-dai");
    let (records, _) = open(&right).await.unwrap();
    records.commit(events(0..3)).await.unwrap();
    // Its words between nodes come the same way.
    let mut listener = records.changes().listen();
    assert_eq!(heard(&mut listener).await, Changed::Anything);
    records.changes().announce(Changed::Keys).await.unwrap();
    assert_eq!(heard(&mut listener).await, Changed::Keys);

    let refusal = async |options: PostgresOptions| {
        let fault = open(&options).await.unwrap_err();
        assert!(!fault.detail.contains("mat-khau"), "{fault}");
        assert_eq!(fault.trouble, Trouble::Refused, "{fault}");
        fault.detail
    };
    let said = refusal(through_tls(&cluster, &authority, "mat-khau-sai")).await;
    assert!(said.contains("password"), "{said}");
    let unknown = cluster.file("other.pem", &signed("127.0.0.1").0);
    let said = refusal(through_tls(&cluster, &unknown, "mat-khau-dai")).await;
    assert!(said.contains("certificate"), "{said}");
    let plain = PostgresOptions {
        password: right.password.clone(),
        ..options(&format!("{}?sslmode=disable", cluster.address("postgres")))
    };
    refusal(plain).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (cluster, authority) = with_tls("db.tinh.example");
    let wrong = through_tls(&cluster, &authority, "mat-khau-dai");
    let fault = open(&wrong).await.unwrap_err();
    assert!(fault.detail.contains("its name"), "{fault}");
    assert_eq!(fault.trouble, Trouble::Refused);
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cluster = super::cluster::shared();
    let address = format!("{}?sslmode=verify-full", cluster.address("postgres"));
    let fault = open(&options(&address)).await.unwrap_err();
    assert!(!fault.transient && fault.detail.contains("TLS"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_that_takes_writes_is_found_before_and_after_a_fail_over() {
    let primary = Cluster::start(&["fsync=off"]);
    let standby = primary.standby();
    // The standby is named first and is not believed to be the primary.
    let both = format!(
        "postgres://idp@{},{}/postgres",
        standby.host(),
        primary.host()
    );
    let (records, _) = open(&options(&both)).await.unwrap();
    // What is acknowledged is on the standby.
    primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.psql("SELECT pg_reload_conf()");
    tokio::time::sleep(Duration::from_millis(300)).await;
    records.commit(events(0..5)).await.unwrap();
    let alone = open(&options(&standby.address("postgres")))
        .await
        .unwrap_err();
    assert_eq!(
        (alone.transient, alone.trouble),
        (true, Trouble::ReadOnly),
        "{alone}"
    );
    let mut listener = records.changes().listen();
    assert_eq!(heard(&mut listener).await, Changed::Anything);

    primary.signal("KILL");
    primary.wait();
    let lost = records.ping().await.unwrap_err();
    assert!(lost.transient, "{lost}");
    standby.promote();
    let begun = Instant::now();
    while records.ping().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("found {:?} after the promotion", begun.elapsed());
    records.commit(events(5..6)).await.unwrap();
    let all = records.events_after(0, 10).await.unwrap();
    let numbers: Vec<_> = all.iter().map(number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5], "nothing acknowledged was lost");
    assert_eq!(heard(&mut listener).await, Changed::Anything);
    records.changes().announce(Changed::Keys).await.unwrap();
    assert_eq!(heard(&mut listener).await, Changed::Keys);
}
