//! Back-channel logout: what ends sessions, and what is refused.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::application::{Application, Page};
use crate::provider::{Provider, now};

async fn deliver(app: &Application, token: &str) -> Page {
    app.other_browser()
        .post("/backchannel-logout", &[], format!("logout_token={token}"))
        .await
}

fn description(page: &Page) -> String {
    let answer: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(
        (page.status, &answer["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_request"))
    );
    answer["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_logout_token_ends_matching_sessions_at_once() {
    type Shape = fn(&mut Value, &mut Value);
    let shapes: [Shape; 4] = [
        |_, _| {},
        |h, c| {
            h["typ"] = json!("JWT");
            c.as_object_mut().unwrap().remove("sub");
        },
        |h, c| {
            h["typ"] = json!("application/logout+jwt");
            c.as_object_mut().unwrap().remove("sid");
        },
        |h, c| {
            h.as_object_mut().unwrap().remove("typ");
            c["aud"] = json!(["app"]);
        },
    ];
    for shape in shapes {
        let provider = Provider::start().await;
        let app = Application::at(&provider);
        app.sign_in(&provider).await;
        let page = deliver(&app, &provider.logout_token(shape)).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert_eq!(app.who().await, "nobody");
    }
}

#[tokio::test]
async fn other_sessions_stay() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    for (name, value) in [("sid", "sid-2"), ("sub", "s-2")] {
        let page = deliver(&app, &provider.logout_token(|_, c| c[name] = json!(value))).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_ne!(app.who().await, "nobody", "{name}");
    }
}

#[tokio::test]
async fn logout_tokens_that_lie_are_refused() {
    type Lie = fn(&mut Value, &mut Value);
    let lies: [(&str, Lie); 17] = [
        ("logout_token_iss", |_, c| {
            c["iss"] = json!("https://other.example");
        }),
        ("logout_token_aud", |_, c| c["aud"] = json!("other")),
        ("logout_token_aud", |_, c| {
            c["aud"] = json!(["app", "other"]);
        }),
        ("logout_token_aud", |_, c| c["aud"] = json!([])),
        ("logout_token_expired", |_, c| c["exp"] = json!(now() - 31)),
        ("logout_token_iat", |_, c| c["iat"] = json!(now() + 60)),
        ("logout_token_nonce", |_, c| c["nonce"] = json!("n")),
        ("logout_token_nonce", |_, c| c["nonce"] = Value::Null),
        ("logout_token_events", |_, c| {
            c["events"] = json!({"other": {}});
        }),
        ("logout_token_events", |_, c| {
            c["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": true});
        }),
        ("logout_token_sub_and_sid_missing", |_, c| {
            c.as_object_mut()
                .unwrap()
                .retain(|name, _| name != "sub" && name != "sid");
        }),
        ("logout_token_malformed", |_, c| {
            c.as_object_mut().unwrap().remove("jti");
        }),
        ("logout_token_malformed", |_, c| c["exp"] = json!(i64::MAX)),
        ("logout_token_alg", |h, _| h["alg"] = json!("none")),
        ("logout_token_alg", |h, _| h["alg"] = json!("HS256")),
        ("logout_token_key_unknown", |h, _| {
            h["kid"] = json!("nobody's");
        }),
        ("logout_token_type", |h, _| h["typ"] = json!("at+jwt")),
    ];
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    for (reason, lie) in lies {
        let page = deliver(&app, &provider.logout_token(lie)).await;
        assert_eq!(description(&page), reason);
    }
    assert_ne!(
        app.who().await,
        "nobody",
        "nothing of this ended the session"
    );
    assert_eq!(
        provider.jwks_requests(),
        2,
        "an unknown kid is looked up once"
    );
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    let provider = Provider::start().await;
    let forger = Provider::start().await;
    let app = Application::at(&provider);
    let issuer = provider.issuer.clone();
    let token = forger.logout_token(move |_, c| c["iss"] = json!(issuer));
    assert_eq!(
        description(&deliver(&app, &token).await),
        "logout_token_signature"
    );
}

#[tokio::test]
async fn a_replayed_token_is_refused() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    let token = provider.logout_token(|_, _| {});
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    // A sign-in of the same second counts as overtaken.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    app.sign_in(&provider).await;
    assert_eq!(
        description(&deliver(&app, &token).await),
        "logout_token_replayed"
    );
    assert_ne!(app.who().await, "nobody");
}

#[tokio::test]
async fn requests_without_one_token_are_refused() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    let send = |body: String| app.post("/backchannel-logout", &[], body);
    for body in ["", "token=x", "logout_token=a&logout_token=b"] {
        assert_eq!(
            description(&send(body.to_owned()).await),
            "logout_token_missing"
        );
    }
    let long = format!("logout_token={}", "x".repeat(20_000));
    assert_eq!(description(&send(long).await), "logout_token_too_long");
    let flood = format!("logout_token={}", "x".repeat(40_000));
    assert_eq!(send(flood).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        description(&send("logout_token=a.b.c".to_owned()).await),
        "logout_token_malformed"
    );
}
