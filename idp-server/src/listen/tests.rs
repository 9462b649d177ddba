//! The accept loops over real sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Extension;
use axum::routing::get;
use axum::{Router, body::Bytes};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::admin_socket::{AdminPeer, AdminSocket};
use super::client_address::{ClientAddress, DeclaredProxies};
use super::server::{Served, Transport, serve_admin, serve_tcp};
use super::stop::{Stopper, stop_pair};
use super::tls::Tls;
use super::{Limits, Pace};

fn router() -> Router {
    Router::new()
        .route(
            "/who",
            get(|Extension(who): Extension<ClientAddress>| async move { who.0.to_string() }),
        )
        .route(
            "/admin",
            get(|Extension(who): Extension<AdminPeer>| async move { who.uid.to_string() }),
        )
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                "done"
            }),
        )
        .route(
            "/body",
            axum::routing::post(|body: Bytes| async move { body.len().to_string() }),
        )
}

fn served() -> (Stopper, Served) {
    let (stopper, stop) = stop_pair();
    let limits = Limits {
        header_timeout: Duration::from_millis(200),
        request_timeout: Some(Duration::from_millis(500)),
        connections: 2,
        ..Limits::default()
    };
    let drain = Duration::from_secs(5);
    (
        stopper,
        Served {
            router: router(),
            limits,
            stop,
            drain,
        },
    )
}

/// A running server, its address, and its end.
async fn running(transport: Transport) -> (Stopper, SocketAddr, tokio::task::JoinHandle<()>) {
    let (stopper, served) = served();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (
        stopper,
        address,
        tokio::spawn(serve_tcp(listener, transport, served)),
    )
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn requests_carry_the_clients_address_and_only_proxies_change_it() {
    let forged = request("/who", "X-Forwarded-For: 9.9.9.9\r\n");
    let (_stopper, address, _) = running(Transport::default()).await;
    assert!(ask(address, &forged).await.ends_with("\r\n127.0.0.1"));
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    let proxies = DeclaredProxies {
        networks,
        ..DeclaredProxies::default()
    };
    let behind = Transport {
        tls: None,
        proxies: Arc::new(proxies),
    };
    let (_stopper, address, _) = running(behind).await;
    assert!(ask(address, &forged).await.ends_with("\r\n9.9.9.9"));
}

#[tokio::test]
async fn slow_and_oversized_heads_are_cut_off() {
    let (_stopper, address, _) = running(Transport::default()).await;
    let silent = tokio::time::timeout(Duration::from_secs(3), ask(address, ""));
    assert_eq!(silent.await.expect("a silent connection is ended"), "");
    let half = tokio::time::timeout(Duration::from_secs(3), ask(address, "GET / HTT"));
    half.await.expect("half a head is ended");
    let long = request("/who", &format!("X: {}\r\n", "a".repeat(64 * 1024)));
    assert!(!ask(address, &long).await.contains("200 OK"));
}

#[tokio::test]
async fn a_body_that_never_comes_ends_in_408() {
    let (_stopper, address, _) = running(Transport::default()).await;
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab";
    assert!(ask(address, head).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_body_that_trickles_ends_in_408_and_one_that_flows_does_not() {
    let (_stopper, mut served) = served();
    served.limits.request_timeout = Some(Duration::from_secs(30));
    served.limits.pace = Some(Pace {
        total: Duration::from_millis(400),
        rate: 1,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_tcp(listener, Transport::default(), served));
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\n";
    for (pause, status) in [(Duration::from_millis(150), "408"), (Duration::ZERO, "200")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..6 {
            // The server may be gone already: that is what the answer tells.
            let _ = stream.write_all(b"x").await;
            tokio::time::sleep(pause).await;
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, format!("HTTP/1.1 {status}").as_bytes());
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_and_are_served_later() {
    let (_stopper, address, _) = running(Transport::default()).await;
    let _first = TcpStream::connect(address).await.unwrap();
    let _second = TcpStream::connect(address).await.unwrap();
    // Both slots are held by silent connections, which are ended after the header timeout.
    let third = request("/who", "");
    let served = tokio::time::timeout(Duration::from_secs(3), ask(address, &third));
    assert!(served.await.unwrap().contains("200 OK"));
}

#[tokio::test]
async fn a_stop_lets_requests_in_progress_finish_and_takes_no_new_ones() {
    let (stopper, address, ended) = running(Transport::default()).await;
    let slow = tokio::spawn(async move { ask(address, &request("/slow", "")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    stopper.stop();
    assert!(slow.await.unwrap().ends_with("done"));
    tokio::time::timeout(Duration::from_secs(3), ended)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_admin_socket_names_the_peer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let socket = AdminSocket::bind(&path).await.unwrap();
    let (_stopper, served) = served();
    tokio::spawn(serve_admin(socket, served));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream
        .write_all(request("/admin", "").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let own = crate::outside::master_key::own_uid().unwrap();
    assert!(answer.ends_with(&format!("\r\n{own}")), "{answer}");
}

/// Writes a fresh self-signed certificate for `localhost` and its key.
fn write_certificate(folder: &std::path::Path) -> (PathBuf, PathBuf, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key, made.cert.der().clone())
}

/// Asks over TLS with ALPN, trusting exactly one certificate.
async fn ask_tls(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(request("/who", "").as_bytes()).await?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn certificates_are_replaced_while_running_and_broken_ones_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key, first) = write_certificate(folder.path());
    let tls = Arc::new(Tls::load(certificate.clone(), key.clone()).unwrap());
    let transport = Transport {
        tls: Some(tls.clone()),
        ..Transport::default()
    };
    let (_stopper, address, _) = running(transport).await;
    assert!(
        ask_tls(address, &first)
            .await
            .unwrap()
            .ends_with("127.0.0.1")
    );

    std::fs::write(&certificate, "broken").unwrap();
    assert!(tls.reload().is_err());
    assert!(ask_tls(address, &first).await.is_ok(), "the old one stays");

    let (.., second) = write_certificate(folder.path());
    tls.reload().unwrap();
    assert!(ask_tls(address, &second).await.is_ok());
    assert!(ask_tls(address, &first).await.is_err());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (certificate, ..) = write_certificate(one.path());
    let (_, key, _) = write_certificate(other.path());
    assert!(Tls::load(certificate, key).is_err());
}
