//! What discovery refuses, and that it waits for the provider.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;
use idp_relying_party::Settings;
use serde_json::{Value, json};

use crate::application::{Application, BASE, settings};
use crate::provider::Provider;

#[tokio::test]
async fn unacceptable_metadata_is_refused() {
    let lies: [(&str, &str, Value); 9] = [
        (
            "metadata_issuer_differs",
            "issuer",
            json!("https://other.example"),
        ),
        (
            "metadata_endpoint_insecure",
            "token_endpoint",
            json!("http://id.example/token"),
        ),
        (
            "metadata_endpoint_insecure",
            "jwks_uri",
            json!("http://169.254.169.254/keys"),
        ),
        (
            "metadata_endpoint_insecure",
            "end_session_endpoint",
            json!("ftp://localhost/"),
        ),
        (
            "metadata_token_endpoint_missing",
            "token_endpoint",
            Value::Null,
        ),
        (
            "metadata_pkce_unsupported",
            "code_challenge_methods_supported",
            json!(["plain"]),
        ),
        (
            "metadata_client_authentication_unsupported",
            "token_endpoint_auth_methods_supported",
            json!(["private_key_jwt"]),
        ),
        (
            "provider_answer_malformed",
            "authorization_endpoint",
            Value::Null,
        ),
        ("provider_answer_malformed", "jwks_uri", json!("not a URL")),
    ];
    for (reason, name, value) in lies {
        let provider = Provider::start().await;
        provider.set_metadata(name, value);
        let page = Application::at(&provider).get("/login").await;
        assert_eq!(page.reason(), reason, "{name}");
        assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    }
}

#[tokio::test]
async fn a_trailing_slash_makes_another_issuer() {
    let provider = Provider::start().await;
    let slashed = format!("{}/", provider.issuer);
    let app = Application::with(Settings::new(&slashed, "app", BASE).unwrap());
    assert_eq!(app.get("/login").await.reason(), "metadata_issuer_differs");
}

#[tokio::test]
async fn a_provider_that_comes_up_later_is_found() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    drop(silent);
    let app = Application::with(Settings::new(&address, "app", BASE).unwrap());
    assert_eq!(app.get("/login").await.reason(), "provider_unreachable");

    let provider = Provider::start().await;
    provider.set_metadata("issuer", json!("https://not-yet.example"));
    let app = Application::at(&provider);
    assert_eq!(app.get("/login").await.reason(), "metadata_issuer_differs");
    provider.set_metadata("issuer", json!(provider.issuer));
    assert_eq!(app.sign_in(&provider).await.status, StatusCode::SEE_OTHER);
    app.sign_in(&provider).await;
    assert_eq!(
        provider.shared.discovery_requests.load(Ordering::SeqCst),
        2,
        "then kept"
    );
}

#[tokio::test]
async fn redirects_floods_and_silence_are_refused() {
    for (reason, path) in [
        ("provider_redirected", "moved"),
        ("provider_answer_too_large", "huge"),
        ("provider_status", "nothing-here"),
    ] {
        let provider = Provider::start().await;
        provider.set_metadata("jwks_uri", json!(format!("{}/{path}", provider.issuer)));
        assert_eq!(
            Application::at(&provider).sign_in(&provider).await.reason(),
            reason
        );
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let hasty = Settings::new(&address, "app", BASE)
        .unwrap()
        .timeout(Duration::from_millis(200));
    assert_eq!(
        Application::with(hasty).get("/login").await.reason(),
        "provider_timed_out"
    );
}

#[tokio::test]
async fn concurrent_visitors_share_one_discovery() {
    let provider = Provider::start().await;
    let app = Application::with(settings(&provider));
    let client = app.relying_party.client();
    let found = tokio::join!(client.provider(), client.provider(), client.provider());
    assert!(found.0.is_ok() && found.1.is_ok() && found.2.is_ok());
    assert_eq!(provider.shared.discovery_requests.load(Ordering::SeqCst), 1);

    provider.set_metadata("issuer", json!("https://other.example"));
    let app = Application::with(settings(&provider));
    let client = app.relying_party.client();
    let found = tokio::join!(client.provider(), client.provider(), client.provider());
    assert!(found.0.is_err() && found.1.is_err() && found.2.is_err());
    let asked = provider.shared.discovery_requests.load(Ordering::SeqCst);
    assert_eq!(asked, 2, "a failure is shared too");
}
