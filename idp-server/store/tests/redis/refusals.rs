//! What is refused at start, and later.

use std::path::Path;

use idp_core::base::fault::Trouble;
use idp_core::base::secret::SecretText;
use idp_core::store::tickets::{TicketKind, TicketOp, Tickets};
use idp_store::redis::{Address, Arrangement, Credentials, RedisSettings, open};

use crate::servers::{Cluster, Server, Watched, free_port, fresh, until};
use crate::{NOW, key, put};

/// The commands that docs/operators/redis.md grants, for the user `idp`.
const ACL: &str = "user idp on >mat-khau-dai ~idp:* &idp:* -@all +auth +hello \
    +info +ping +eval +evalsha +hget +hmget +hset +pttl +pexpire +del +publish \
    +subscribe +wait\n";

/// What it grants besides in a cluster.
const IN_A_CLUSTER: &str = "+cluster|slots +cluster|info +asking";

async fn refusal(settings: &RedisSettings) -> (bool, String) {
    let fault = open(settings).await.unwrap_err();
    assert_eq!(fault.place, "tickets");
    assert!(!fault.detail.contains("mat-khau"), "{}", fault.detail);
    (fault.transient, fault.detail)
}

#[tokio::test]
async fn eviction_that_drops_live_keys_is_refused() {
    let server = Server::start("maxmemory 100mb\n");
    for policy in [
        "volatile-ttl",
        "allkeys-lru",
        "volatile-lru",
        "allkeys-random",
    ] {
        server.cli(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let (transient, said) = refusal(&server.settings()).await;
        assert!(
            !transient && said.contains(policy) && said.contains("noeviction"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn eviction_that_is_changed_later_is_noticed() {
    let server = Server::start("");
    let tickets = server.open().await;
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let mut number = 0;
    let mut apply = async || {
        number += 1;
        tickets
            .apply(vec![put(key(TicketKind::Code, number))], NOW)
            .await
    };
    let refused = loop {
        match apply().await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(fault) => break fault,
        }
    };
    assert!(!refused.transient && refused.detail.contains("noeviction"));
    assert!(tickets.ready().await.is_err());
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    apply().await.unwrap();
    tickets.ready().await.unwrap();
}

#[tokio::test]
async fn another_arrangement_is_refused() {
    let (watched, cluster) = (Watched::start(), Cluster::start());
    let single = |address| fresh(Arrangement::Single(address));
    for (settings, remedy) in [
        (single(watched.servers[1].address()), "name its master"),
        (single(watched.sentinels[0].address()), "mode to sentinel"),
        (single(cluster.servers[0].address()), "mode to cluster"),
        (
            fresh(Arrangement::Cluster(vec![watched.servers[0].address()])),
            "cluster support disabled",
        ),
        (
            fresh(Arrangement::Sentinel {
                sentinels: watched.sentinels.iter().map(Server::address).collect(),
                master: "other".to_owned(),
                credentials: None,
            }),
            "compare it with theirs",
        ),
    ] {
        let (transient, said) = refusal(&settings).await;
        assert!(!transient && said.contains(remedy), "{said}");
    }
}

#[tokio::test]
async fn nobody_there_passes_again() {
    let address = Address::parse(&format!("redis://127.0.0.1:{}", free_port())).unwrap();
    let (transient, said) = refusal(&fresh(Arrangement::Single(address))).await;
    assert!(transient && said.contains("refused"), "{said}");
}

#[tokio::test]
async fn another_machine_needs_tls_and_a_password() {
    let settings = |text| fresh(Arrangement::Single(Address::parse(text).unwrap()));
    let (transient, said) = refusal(&settings("redis://192.0.2.1:6379")).await;
    assert!(!transient && said.contains("rediss://"), "{said}");
    let (transient, said) = refusal(&settings("rediss://192.0.2.1:6379")).await;
    assert!(!transient && said.contains("password"), "{said}");
}

/// A server that speaks only TLS, with a certificate for 127.0.0.1 of a CA of its own.
fn with_tls() -> (Server, Vec<u8>) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let names = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap().pem();
    let files = tempfile::tempdir().unwrap().keep();
    let write = |name: &str, text: &str| std::fs::write(files.join(name), text).unwrap();
    write("ca", &authority_pem);
    write("cert", &certificate);
    write("key", &key.serialize_pem());
    let (port, files_at) = (free_port(), files.display());
    let lines = format!(
        "port 0\ntls-port {port}\ntls-cert-file {files_at}/cert\ntls-key-file {files_at}/key\n\
         tls-ca-cert-file {files_at}/ca\ntls-auth-clients no\nuser default off\n{ACL}"
    );
    let server = Server::begin("redis-server", port, &lines);
    forget(&files);
    (server, authority_pem.into_bytes())
}

fn forget(folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn tls_and_a_user_of_few_rights_suffice() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (server, authorities) = with_tls();
    let address = Address::parse(&format!("rediss://127.0.0.1:{}", server.port)).unwrap();
    let mut settings = fresh(Arrangement::Single(address));
    settings.authorities = Some(authorities);
    settings.credentials = signing_in("idp", "mat-khau-dai");
    let base = settings.clone();
    let make = async || {
        let Arrangement::Single(address) = base.arrangement.clone() else {
            panic!("one server");
        };
        let prefix = fresh(Arrangement::Single(address)).prefix;
        open(&RedisSettings {
            prefix,
            ..base.clone()
        })
        .await
        .unwrap()
    };
    idp_core::store::contract::ticket_operations_contract(make).await;
    crate::words::are_heard(&open(&settings).await.unwrap()).await;

    let mut other = settings.clone();
    other.credentials = None;
    let (transient, said) = refusal(&other).await;
    assert!(!transient && said.contains("asks for a password"), "{said}");
    other.credentials = signing_in("idp", "mat-khau-sai");
    let (transient, said) = refusal(&other).await;
    assert!(
        !transient && said.contains("refuses the user or the password"),
        "{said}"
    );
    let mut other = settings.clone();
    other.authorities = None;
    let (_, said) = refusal(&other).await;
    assert!(said.contains("certificate"), "{said}");
    let mut other = settings;
    other.prefix = "khac:".to_owned();
    let tickets = open(&other).await.unwrap();
    let refused = tickets
        .apply(vec![put(key(TicketKind::Code, 1))], NOW)
        .await;
    let refused = refused.unwrap_err();
    assert!(
        !refused.transient && refused.detail.contains("not let the user"),
        "{refused}"
    );
}

fn signing_in(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials {
        user: Some(user.to_owned()),
        password: SecretText::new(password.to_owned()),
    })
}

#[tokio::test]
async fn a_user_of_few_rights_suffices_in_a_cluster_and_for_sentinels() {
    let cluster = Cluster::start_with(&format!("{} {IN_A_CLUSTER}\n", ACL.trim_end()));
    let mut settings = fresh(cluster.arrangement());
    settings.credentials = signing_in("idp", "mat-khau-dai");
    let tickets = open(&settings).await.unwrap();
    for number in 0..50 {
        tickets
            .apply(vec![put(key(TicketKind::Code, number))], NOW)
            .await
            .unwrap();
    }
    crate::words::are_heard(&tickets).await;

    let watched = Watched::start();
    let sentinels = |credentials| {
        let Arrangement::Sentinel {
            sentinels, master, ..
        } = watched.arrangement()
        else {
            panic!("Sentinels");
        };
        fresh(Arrangement::Sentinel {
            sentinels,
            master,
            credentials,
        })
    };
    let allowed = sentinels(signing_in("hoi", "mat-khau-hoi"));
    let tickets = open(&allowed).await.unwrap();
    tickets
        .apply(vec![put(key(TicketKind::Code, 1))], NOW)
        .await
        .unwrap();
    let (_, said) = refusal(&sentinels(signing_in("hoi", "mat-khau-khac"))).await;
    assert!(said.contains("refuses the user or the password"), "{said}");
}

#[tokio::test]
async fn a_full_server_says_so_and_recovers() {
    let server = Server::start("maxmemory 3mb\n");
    let tickets = server.open().await;
    let mut number = 0;
    let full = loop {
        number += 1;
        let big = TicketOp::Put {
            key: key(TicketKind::PendingAuthorization, number),
            value: vec![0; 60_000],
            until: crate::LATER,
        };
        match tickets.apply(vec![big], NOW).await {
            Ok(_) => assert!(number < 1000),
            Err(fault) => break fault,
        }
    };
    assert!(
        full.transient && full.detail.contains("maxmemory"),
        "{full}"
    );
    assert_eq!(full.trouble, Trouble::Full);
    // What just took much is given back, so there is some room again: less than there is for all.
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    assert_eq!(tickets.ready().await.unwrap_err().trouble, Trouble::Full);
    server.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    until("room again", || {
        server
            .cli(&["CONFIG", "GET", "maxmemory"])
            .contains("104857600")
    });
    tickets
        .apply(vec![put(key(TicketKind::Code, 0))], NOW)
        .await
        .unwrap();
    tickets.ready().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_by_readiness() {
    let server = Server::start("");
    let tickets = server.open().await;
    tickets.ready().await.unwrap();
    let trouble = async || tickets.ready().await.err().map(|fault| fault.trouble);
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_eq!(trouble().await, Some(Trouble::ReadOnly));
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    assert_eq!(trouble().await, None);
    server.cli(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
    assert_eq!(trouble().await, Some(Trouble::ReadOnly));
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    assert_eq!(trouble().await, None);
}

#[tokio::test]
async fn servers_that_would_forget_marks_are_named() {
    let server = Server::start("");
    let tickets = server.open().await;
    let advice = tickets.advice().await.unwrap();
    assert!(
        advice.len() == 1 && advice[0].contains("appendonly yes"),
        "{advice:?}"
    );
    server.cli(&["CONFIG", "SET", "appendonly", "yes"]);
    assert!(tickets.advice().await.unwrap().is_empty());
    let watched = Watched::start();
    let tickets = open(&fresh(watched.arrangement())).await.unwrap();
    let advice = tickets.advice().await.unwrap();
    assert!(
        advice.len() == 2 && advice[1].contains("min-replicas-to-write"),
        "{advice:?}"
    );
}

/// A Sentinel that names a master of its own, as one that was cut off before a fail-over does, or one
/// that somebody else runs.
#[tokio::test]
async fn one_sentinel_alone_is_not_believed() {
    let (watched, other) = (Watched::start(), Server::start(""));
    let port = free_port();
    let lines = format!(
        "port {port}\nsentinel monitor tinh 127.0.0.1 {} 1\n",
        other.port
    );
    let stale = Server::begin("redis-sentinel", port, &lines);
    let sentinels = |others: Vec<Address>| {
        let all = std::iter::once(stale.address()).chain(others);
        fresh(Arrangement::Sentinel {
            sentinels: all.collect(),
            master: "tinh".to_owned(),
            credentials: None,
        })
    };
    let gone = || Address::parse(&format!("redis://127.0.0.1:{}", free_port())).unwrap();
    let (transient, said) = refusal(&sentinels(vec![gone(), gone()])).await;
    assert!(transient && said.contains("1 of 3"), "{said}");
    let right = |number: usize| watched.sentinels[number].address();
    let (transient, said) = refusal(&sentinels(vec![right(0), gone()])).await;
    assert!(transient && said.contains("2 of 3"), "{said}");
    let tickets = open(&sentinels(vec![right(0), right(1)])).await.unwrap();
    tickets
        .apply(vec![put(key(TicketKind::Code, 1))], NOW)
        .await
        .unwrap();
    assert_eq!(other.cli(&["DBSIZE"]), "0");
    assert_eq!(watched.servers[0].cli(&["DBSIZE"]), "1");
}

/// Whom most Sentinels named stays the master while they are gone: only they could replace it.
#[tokio::test]
async fn sentinels_that_are_gone_stop_nothing() {
    let mut watched = Watched::start();
    let tickets = open(&fresh(watched.arrangement())).await.unwrap();
    for sentinel in &mut watched.sentinels {
        sentinel.signal("KILL");
    }
    tickets.ready().await.unwrap();
    tickets
        .apply(vec![put(key(TicketKind::Code, 1))], NOW)
        .await
        .unwrap();
}
