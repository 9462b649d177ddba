//! RP-initiated logout.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::Value;
use url::Url;

use crate::application::{Application, BASE};
use crate::provider::Provider;

#[tokio::test]
async fn signing_out_ends_the_session_here_and_asks_the_provider() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let stolen = app.jar();
    let page = app
        .post(
            "/logout",
            &[("sec-fetch-site", "same-origin")],
            String::new(),
        )
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let url = Url::parse(&page.location).unwrap();
    assert_eq!(url.path(), "/logout");
    let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["client_id"], "app");
    assert_eq!(
        asked["post_logout_redirect_uri"],
        format!("{BASE}/signed-out")
    );
    assert_eq!(asked["id_token_hint"].split('.').count(), 3);

    assert_eq!(app.who().await, "nobody");
    let thief = app.other_browser();
    stolen
        .iter()
        .for_each(|(name, value)| thief.set_cookie(name, value));
    assert_eq!(thief.who().await, "nobody", "the session itself is gone");

    let returned = |query: &str| {
        let mut headers = axum::http::HeaderMap::new();
        let cookies: Vec<String> = app.jar().iter().map(|(n, v)| format!("{n}={v}")).collect();
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        app.relying_party.returned_from_logout(&headers, query)
    };
    assert!(returned(&format!("state={}", asked["state"])));
    assert!(!returned("state=guess"));
    assert!(!returned(""));
}

#[tokio::test]
async fn another_site_cannot_sign_people_out() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        assert_eq!(
            app.post("/logout", &[header], String::new()).await.reason(),
            "request_cross_site"
        );
    }
    assert_eq!(
        app.get("/logout").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_ne!(app.who().await, "nobody");
    app.post("/logout", &[("origin", BASE)], String::new())
        .await;
    assert_eq!(app.who().await, "nobody");
}

#[tokio::test]
async fn without_an_end_session_endpoint_or_a_session_the_application_signs_out_alone() {
    let provider = Provider::start().await;
    provider.set_metadata("end_session_endpoint", Value::Null);
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let page = app.post("/logout", &[], String::new()).await;
    assert_eq!(page.location, format!("{BASE}/signed-out"));
    assert_eq!(app.who().await, "nobody");
    let again = app.post("/logout", &[], String::new()).await;
    assert_eq!(again.location, format!("{BASE}/signed-out"));
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let cookies: Vec<String> = app.jar().iter().map(|(n, v)| format!("{n}={v}")).collect();
    let mut headers = axum::http::HeaderMap::new();
    headers.insert("cookie", cookies.join("; ").parse().unwrap());
    let session = app.relying_party.find(&headers).await.unwrap().unwrap();
    let client = app.relying_party.client();
    let leaving = client
        .logout_redirect(Some(&session))
        .await
        .unwrap()
        .unwrap();
    let begun = client
        .begin(idp_relying_party::SignInRequest::default())
        .await
        .unwrap();
    let shown = format!("{session:?} {leaving:?} {begun:?} {:?}", app.relying_party);
    for secret in [
        "at-1",
        "rt-1",
        session.tokens.id_token.as_str(),
        &leaving.state,
        begun.pending.state(),
        crate::provider::SECRET,
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
