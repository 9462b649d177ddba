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
use super::connection::{Protocol, serve};
use super::server::{Served, Transport, serve_admin, serve_tcp};
use super::stop::{Stopper, stop_pair};
use super::tls::{ClientCertificates, Tls};
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
        certificates: None,
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
async fn an_answer_before_the_body_was_read_is_the_last_of_its_connection() {
    let (_stopper, address, _task) = running(Transport::default()).await;
    let unread = "POST /who HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n";
    let answer = ask(address, unread).await;
    assert!(answer.contains("connection: close"), "{answer}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        let read = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";
        stream.write_all(read.as_bytes()).await.unwrap();
        let mut answer = [0; 1024];
        let octets = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..octets]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
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

/// Doors that end every connection after this long, and let it go on a little after that.
async fn short_lived(age: Duration) -> (Stopper, SocketAddr) {
    let (stopper, mut served) = served();
    served.limits.connection_age = age;
    served.limits.header_timeout = Duration::from_secs(60);
    served.drain = Duration::from_millis(300);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_tcp(listener, Transport::default(), served));
    (stopper, address)
}

/// Reads until the server ends the connection.
async fn until_ended(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut received = Vec::new();
    let reading = stream.read_to_end(&mut received);
    let ended = tokio::time::timeout(Duration::from_secs(3), reading).await;
    // A reset is an end, too.
    let _ = ended.expect("the connection is ended");
    received
}

#[tokio::test]
async fn an_idle_connection_is_ended_at_its_age() {
    let (_stopper, address) = short_lived(Duration::from_millis(400)).await;
    let begun = tokio::time::Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let keep = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(keep.as_bytes()).await.unwrap();
    let answer = String::from_utf8(until_ended(&mut stream).await).unwrap();
    assert!(answer.ends_with("\r\n127.0.0.1"), "{answer}");
    assert!(begun.elapsed() >= Duration::from_millis(400), "not before");
}

#[tokio::test]
async fn a_talking_connection_is_ended_at_its_age_after_the_request_in_progress() {
    let (_stopper, address) = short_lived(Duration::from_millis(500)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let begun = tokio::time::Instant::now();
    let keep = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut answers = 0;
    let mut buffer = [0; 1024];
    loop {
        // The first of these requests begins before the end, and is answered; none follows.
        let sent = stream.write_all(keep.as_bytes()).await;
        match stream.read(&mut buffer).await {
            Ok(count) if sent.is_ok() && count > 0 => answers += 1,
            _ => break,
        }
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "it goes on for ever"
        );
    }
    // 300 ms each: one within the age and one begun in it; on a machine that pauses only one.
    assert!((1..=2).contains(&answers), "{answers}");
}

#[tokio::test]
async fn a_head_that_comes_drop_by_drop_is_ended_at_the_connections_age() {
    let (_stopper, address) = short_lived(Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /who HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(3), dripping).await;
    ended.expect("the connection is ended");
}

#[tokio::test]
async fn a_silent_http_2_connection_is_told_to_go_at_its_age() {
    // Of HTTP/2 no head is awaited, and its pings keep silence alive: only the age ends it.
    let (_stopper, stop) = stop_pair();
    let limits = Limits {
        connection_age: Duration::from_millis(200),
        ..Limits::default()
    };
    let (mut stream, other) = tokio::io::duplex(64 * 1024);
    let drain = Duration::from_millis(300);
    let what = (router(), limits);
    let mark = |_: &mut http::Request<axum::body::Body>| {};
    tokio::spawn(serve(other, Protocol::Http2, what, (stop, drain), mark));
    // RFC 9113 §3.4: the preface, and empty SETTINGS.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.unwrap();
    let received = until_ended(&mut stream).await;
    assert!(
        frames(&received).contains(&7),
        "no GOAWAY (RFC 9113 §6.8): {received:?}"
    );
}

/// The types of HTTP/2 frames in these octets (RFC 9113 §4.1).
fn frames(mut octets: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let Some([a, b, c, kind, ..]) = octets.first_chunk::<9>() {
        let length = u32::from_be_bytes([0, *a, *b, *c]);
        types.push(*kind);
        octets = octets.get(9 + length as usize..).unwrap_or_default();
    }
    types
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
async fn a_stop_serves_who_had_connected_and_refuses_who_comes_later() {
    let (stopper, mut served) = served();
    served.limits.header_timeout = Duration::from_secs(10);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ended = tokio::spawn(serve_tcp(listener, Transport::default(), served));
    let mut early = TcpStream::connect(address).await.unwrap();
    stopper.stop();
    tokio::time::sleep(Duration::from_millis(80)).await;
    // While it lasts nobody is left waiting in a queue: balancers ask another node at once.
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!ended.is_finished());
    let slow = request("/slow", "");
    early.write_all(slow.as_bytes()).await.unwrap();
    let answer = until_ended(&mut early).await;
    assert!(answer.ends_with(b"done"));
    tokio::time::timeout(Duration::from_secs(3), ended)
        .await
        .unwrap()
        .unwrap();
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
    let tls = Arc::new(
        Tls::load(
            certificate.clone(),
            key.clone(),
            ClientCertificates::NotAsked,
        )
        .unwrap(),
    );
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
    assert!(Tls::load(certificate, key, ClientCertificates::NotAsked).is_err());
}
