//! What FAPI 2.0 asks of a client: pushed requests, bound tokens, signed answers; and answers by
//! form.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use idp_relying_party::test_kit::LyingProvider;
use idp_relying_party::{
    Client, DecryptionKey, Dpop, DpopKey, PushedRequests, ResponseMode, Settings, SignInRequest,
};
use serde_json::{Value, json};
use url::Url;

use crate::application::{Application, BASE};

async fn provider() -> LyingProvider {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    LyingProvider::start().await.unwrap()
}

fn pkcs8() -> Vec<u8> {
    rcgen::KeyPair::generate().unwrap().serialize_der()
}

async fn session(client: &Client, provider: &LyingProvider) -> idp_relying_party::session::Session {
    let begun = client.begin(SignInRequest::default()).await.unwrap();
    let followed = provider.follow(begun.url.as_str()).unwrap();
    let callback = client.read_callback(&followed.parameters).await.unwrap();
    client.finish(begun.pending, &callback).await.unwrap()
}

#[tokio::test]
async fn a_pushed_request_leaves_nothing_in_the_browser() {
    let provider = provider().await;
    let settings = || provider.settings(BASE).unwrap();
    let pushing = settings()
        .pushed_requests(PushedRequests::WhenOffered)
        .dpop(Dpop::PerSession)
        .response_mode(ResponseMode::QueryJwt);
    let client = Client::new(pushing).unwrap();
    let begun = client.begin(SignInRequest::default()).await.unwrap();
    let names: Vec<String> = begun
        .url
        .query_pairs()
        .map(|(n, _)| n.into_owned())
        .collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    session(&client, &provider).await;
    assert_eq!(provider.requests("/par"), 2);

    let plain = Client::new(settings()).unwrap();
    let begun = plain.begin(SignInRequest::default()).await.unwrap();
    assert!(
        begun
            .url
            .query_pairs()
            .any(|(name, _)| name == "code_challenge")
    );
    assert_eq!(
        provider.requests("/par"),
        2,
        "only where the provider requires it"
    );
}

#[tokio::test]
async fn tokens_are_bound_to_a_key_of_their_session_or_of_the_client() {
    let provider = provider().await;
    provider.demand_nonces();
    let bound = |dpop| Client::new(provider.settings(BASE).unwrap().dpop(dpop)).unwrap();
    let client = bound(Dpop::PerSession);
    let (one, two) = (
        session(&client, &provider).await,
        session(&client, &provider).await,
    );
    let thumbprint = |s: &idp_relying_party::session::Session| {
        s.tokens.dpop.as_ref().unwrap().thumbprint().to_owned()
    };
    assert_ne!(thumbprint(&one), thumbprint(&two));
    assert_eq!(
        provider.requests("/token"),
        3,
        "the nonce is asked for once"
    );
    let renewed = client.refresh(&one).await.unwrap();
    assert_eq!(renewed.dpop.unwrap().thumbprint(), thumbprint(&one));

    let key = DpopKey::generate().unwrap();
    let client = bound(Dpop::PerClient(key.clone()));
    assert_eq!(
        thumbprint(&session(&client, &provider).await),
        key.thumbprint()
    );
}

#[tokio::test]
async fn answers_by_form_finish_a_sign_in_in_its_own_browser() {
    for mode in [ResponseMode::FormPost, ResponseMode::FormPostJwt] {
        let provider = provider().await;
        let app = Application::with(provider.settings(BASE).unwrap().response_mode(mode));
        let begun = app.get("/login?return_to=/private").await;
        let cookie = &begun.cookies[0];
        assert!(cookie.contains("; SameSite=None; Secure; "), "{cookie}");
        let followed = provider.follow(&begun.location).unwrap();
        assert!(followed.by_form);
        let elsewhere = app.other_browser();
        let page = elsewhere
            .post("/callback", &[], followed.parameters.clone())
            .await;
        assert_eq!(page.reason(), "callback_state_unknown");
        let by_query = app.get(&format!("/callback?{}", followed.parameters)).await;
        assert_eq!(by_query.reason(), "callback_mode_differs");
        let page = app.post("/callback", &[], followed.parameters).await;
        assert_eq!(page.location, format!("{BASE}/private"), "{}", page.body);
        assert_eq!(app.who().await, "Nguyễn Thị Thử");
    }
}

#[tokio::test]
async fn a_plain_answer_does_not_pass_for_a_signed_one() {
    let provider = provider().await;
    let signed = provider
        .settings(BASE)
        .unwrap()
        .response_mode(ResponseMode::QueryJwt);
    let app = Application::with(signed);
    let begun = app.get("/login").await;
    let state = Url::parse(&begun.location).unwrap();
    let state = state
        .query_pairs()
        .find(|(n, _)| n == "state")
        .unwrap()
        .1
        .into_owned();
    let issuer = provider.issuer();
    let plain = format!("/callback?code=c&state={state}&iss={issuer}");
    assert_eq!(app.get(&plain).await.reason(), "jarm_response_missing");
    let followed = provider.follow(&begun.location).unwrap();
    let beside = format!("/callback?{}&state={state}", followed.parameters);
    assert_eq!(app.get(&beside).await.reason(), "jarm_parameters_beside");
    let page = app.get(&format!("/callback?{}", followed.parameters)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

#[tokio::test]
async fn userinfo_and_id_tokens_may_be_signed_and_encrypted() {
    let provider = provider().await;
    provider.sign_userinfo(true);
    let key = DecryptionKey::ecdh_es(&pkcs8(), Some("mine")).unwrap();
    provider.encrypt_to(key.public_jwk());
    let settings = || provider.settings(BASE).unwrap().require_signed_userinfo();
    let app = Application::with(settings().decryption_keys([key]).require_encryption());
    let begun = app.get("/login").await;
    let followed = provider.follow(&begun.location).unwrap();
    let page = app.get(&format!("/callback?{}", followed.parameters)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(app.who().await, "Nguyễn Thị Thử");
    let page = app.post("/logout", &[], String::new()).await;
    let hint = Url::parse(&page.location).unwrap();
    let hint = hint
        .query_pairs()
        .find(|(n, _)| n == "id_token_hint")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(
        hint.split('.').count(),
        3,
        "the hint is the signed token inside"
    );
    let keys: Value = serde_json::from_str(&app.get("/client-keys").await.body).unwrap();
    assert_eq!(keys["keys"][0]["kid"], "mine");
    assert!(keys["keys"][0].get("d").is_none());

    let app = Application::with(settings());
    let begun = app.get("/login").await;
    let followed = provider.follow(&begun.location).unwrap();
    let page = app.get(&format!("/callback?{}", followed.parameters)).await;
    assert_eq!(page.reason(), "jwe_key_unknown", "no key to open it");

    provider.sign_userinfo(false);
    let key = DecryptionKey::ecdh_es(&pkcs8(), Some("mine")).unwrap();
    provider.encrypt_to(key.public_jwk());
    let plain = provider.settings(BASE).unwrap().decryption_keys([key]);
    let app = Application::with(plain.require_encryption());
    let begun = app.get("/login").await;
    let followed = provider.follow(&begun.location).unwrap();
    let page = app.get(&format!("/callback?{}", followed.parameters)).await;
    assert_eq!(page.reason(), "userinfo_not_encrypted");
}

type Seen = State<std::sync::Arc<std::sync::Mutex<Vec<HeaderMap>>>>;

async fn resource(State(seen): Seen, headers: HeaderMap) -> (StatusCode, HeaderMap, Json<Value>) {
    let mut seen = seen.lock().unwrap();
    seen.push(headers);
    let mut answer = HeaderMap::new();
    if seen.len() == 1 {
        answer.insert("dpop-nonce", "n-1".parse().unwrap());
        let challenge = r#"DPoP error="use_dpop_nonce", algs="ES256""#;
        answer.insert("www-authenticate", challenge.parse().unwrap());
        return (StatusCode::UNAUTHORIZED, answer, Json(json!({})));
    }
    (StatusCode::OK, answer, Json(json!({"reports": []})))
}

#[tokio::test]
async fn a_resource_is_called_with_a_proof_and_once_more_with_its_nonce() {
    let provider = provider().await;
    let seen = std::sync::Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "http://{}/reports?year=2026",
        listener.local_addr().unwrap()
    );
    let routes = Router::new()
        .route("/reports", get(resource))
        .with_state(std::sync::Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });

    let client = Client::new(provider.settings(BASE).unwrap().dpop(Dpop::PerSession)).unwrap();
    let session = session(&client, &provider).await;
    let get = |address: &str| http::Request::get(address).body(Vec::new()).unwrap();
    let answer = client.call(&session.tokens, get(&address)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let refused = client
        .call(&session.tokens, get("http://api.example/"))
        .await;
    assert_eq!(refused.unwrap_err().reason(), "resource_insecure");

    let seen = seen.lock().unwrap();
    let claims = |headers: &HeaderMap| -> Value {
        use base64::Engine;
        let proof = headers["dpop"].to_str().unwrap();
        let part = proof.split('.').nth(1).unwrap();
        let json = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode(part)
            .unwrap();
        serde_json::from_slice(&json).unwrap()
    };
    let (first, second) = (claims(&seen[0]), claims(&seen[1]));
    assert_eq!((seen.len(), &second["nonce"]), (2, &json!("n-1")));
    assert!(first.get("nonce").is_none() && first["jti"] != second["jti"]);
    assert!(
        second["htu"].as_str().unwrap().ends_with("/reports"),
        "no query"
    );
    assert!(second["ath"].is_string());
    assert!(
        seen[1]["authorization"]
            .to_str()
            .unwrap()
            .starts_with("DPoP at-")
    );
}

#[tokio::test]
async fn abilities_that_the_provider_does_not_list_are_missed_before_anybody_waits() {
    let provider = crate::provider::Provider::start().await;
    let settings = || crate::application::settings(&provider);
    let reason = |settings: Settings| async {
        let client = Client::new(settings.timeout(Duration::from_secs(2))).unwrap();
        client
            .begin(SignInRequest::default())
            .await
            .unwrap_err()
            .reason()
    };
    let pushed = settings().pushed_requests(PushedRequests::Always);
    assert_eq!(reason(pushed).await, "metadata_pushed_requests_unsupported");
    provider.set_metadata("require_pushed_authorization_requests", json!(true));
    assert_eq!(
        reason(settings()).await,
        "metadata_pushed_requests_unsupported"
    );
    provider.set_metadata("response_modes_supported", json!(["query"]));
    let signed = settings().response_mode(ResponseMode::QueryJwt);
    assert_eq!(reason(signed).await, "metadata_response_mode_unsupported");
    provider.set_metadata("dpop_signing_alg_values_supported", json!(["RS256"]));
    let bound = settings().dpop(Dpop::PerSession);
    assert_eq!(reason(bound).await, "metadata_dpop_unsupported");
}
