//! Refreshing: one at a time, and nothing may change but the tokens.

use axum::http::{HeaderMap, StatusCode};
use idp_relying_party::web::SignedIn;
use serde_json::json;

use crate::application::Application;
use crate::provider::Provider;

async fn signed_in(app: &Application) -> SignedIn {
    let cookies: Vec<String> = app.jar().iter().map(|(n, v)| format!("{n}={v}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("cookie", cookies.join("; ").parse().unwrap());
    app.relying_party.find(&headers).await.unwrap().unwrap()
}

async fn expiring(provider: &Provider) -> Application {
    provider.bend_token_answer(|a| a["expires_in"] = json!(5));
    let app = Application::at(provider);
    assert_eq!(app.sign_in(provider).await.status, StatusCode::SEE_OTHER);
    provider.bend_token_answer(|_| {});
    app
}

fn refreshes(provider: &Provider) -> Vec<String> {
    let requests = provider.shared.token_requests.lock().unwrap();
    requests
        .iter()
        .filter_map(|form| form.get("refresh_token").cloned())
        .collect()
}

#[tokio::test]
async fn concurrent_requests_of_a_session_refresh_once() {
    let provider = Provider::start().await;
    let app = expiring(&provider).await;
    let session = signed_in(&app).await;
    let rp = &app.relying_party;
    let (a, b, c) = tokio::join!(
        rp.access_token(&session),
        rp.access_token(&session),
        rp.access_token(&session)
    );
    let tokens = [a, b, c].map(|t| t.unwrap().secret().clone());
    assert_eq!(tokens, ["at-2", "at-2", "at-2"]);
    assert_eq!(refreshes(&provider), ["rt-1"]);
    let later = signed_in(&app).await;
    assert_eq!(
        rp.access_token(&later).await.unwrap().secret(),
        "at-2",
        "kept in the session"
    );
    assert_eq!(refreshes(&provider).len(), 1);
}

#[tokio::test]
async fn a_long_lived_token_is_used_as_it_is() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let token = app
        .relying_party
        .access_token(&signed_in(&app).await)
        .await
        .unwrap();
    assert_eq!(token.secret(), "at-1");
    assert!(refreshes(&provider).is_empty());
}

#[tokio::test]
async fn a_refreshed_id_token_about_somebody_else_is_refused() {
    let provider = Provider::start().await;
    for (name, value) in [
        ("sub", json!("s-2")),
        ("auth_time", json!(1)),
        ("nonce", json!("n")),
    ] {
        let app = expiring(&provider).await;
        let session = signed_in(&app).await;
        provider.bend_id_token(move |_, c| c[name] = value.clone());
        let refused = app.relying_party.access_token(&session).await.unwrap_err();
        assert_eq!(refused.reason(), "id_token_changed_on_refresh", "{name}");
        provider.bend_id_token(|_, _| {});
    }
}

#[tokio::test]
async fn the_provider_may_refuse_and_may_give_no_refresh_token() {
    let provider = Provider::start().await;
    let app = expiring(&provider).await;
    let session = signed_in(&app).await;
    *provider.shared.token_status.lock().unwrap() = StatusCode::BAD_REQUEST;
    let refused = app.relying_party.access_token(&session).await.unwrap_err();
    assert_eq!(refused.reason(), "provider_refused");

    *provider.shared.token_status.lock().unwrap() = StatusCode::OK;
    provider.bend_token_answer(|a| {
        a["expires_in"] = json!(5);
        a.as_object_mut().unwrap().remove("refresh_token");
    });
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let refused = app
        .relying_party
        .access_token(&signed_in(&app).await)
        .await
        .unwrap_err();
    assert_eq!(refused.reason(), "not_refreshable");
}

#[tokio::test]
async fn an_ended_session_is_not_refreshed() {
    let provider = Provider::start().await;
    let app = expiring(&provider).await;
    let session = signed_in(&app).await;
    app.post("/logout", &[], String::new()).await;
    let refused = app.relying_party.access_token(&session).await.unwrap_err();
    assert_eq!(refused.reason(), "session_ended");
    assert!(refreshes(&provider).is_empty());
}
