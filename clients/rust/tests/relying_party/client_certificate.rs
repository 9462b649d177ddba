//! Authentication by TLS certificate, at the endpoint that the provider keeps for it.

use std::sync::Arc;

use axum::http::StatusCode;
use idp_relying_party::ClientAuthentication;
use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::application::{Application, settings};
use crate::provider::Provider;

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let cert = params.self_signed(&signing_key).unwrap();
    CertifiedKey { cert, signing_key }
}

fn acceptor(server: &CertifiedKey<KeyPair>, client: CertificateDer<'static>) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    roots.add(client).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(server.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Serves one request; answers its text and the certificate that the client showed.
async fn serve_once(listener: TcpListener, acceptor: TlsAcceptor) -> (String, Vec<u8>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = acceptor.accept(stream).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains("client_id=app") {
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "ended early: {text}");
        text.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
    }
    let body = r#"{"error":"invalid_grant"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.ok();
    (text, shown)
}

#[tokio::test]
async fn the_certificate_is_shown_at_the_alias_and_no_secret_travels() {
    let provider = Provider::start().await;
    let (server, client) = (certificate("localhost"), certificate("app.example"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let alias = json!({"token_endpoint": format!("https://localhost:{port}/token")});
    provider.set_metadata("mtls_endpoint_aliases", alias);
    let methods = json!(["tls_client_auth", "self_signed_tls_client_auth"]);
    provider.set_metadata("token_endpoint_auth_methods_supported", methods);
    let served = tokio::spawn(serve_once(
        listener,
        acceptor(&server, client.cert.der().clone()),
    ));

    let settings = settings(&provider)
        .authentication(ClientAuthentication::TlsClientAuth)
        .trust(server.cert.pem().as_bytes())
        .unwrap()
        .client_certificate(
            client.cert.pem().as_bytes(),
            client.signing_key.serialize_pem().as_bytes(),
        )
        .unwrap();
    let page = Application::with(settings).sign_in(&provider).await;
    assert_eq!(
        (page.reason(), page.status),
        ("provider_refused", StatusCode::FORBIDDEN)
    );
    let (request, shown) = served.await.unwrap();
    assert_eq!(shown, client.cert.der().to_vec());
    assert!(!request.contains("client_secret"), "{request}");
    assert!(!request.to_ascii_lowercase().contains("authorization:"));
    let plain = provider.shared.token_requests.lock().unwrap().len();
    assert_eq!(plain, 0, "the usual endpoint is left alone");
}
