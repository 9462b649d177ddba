//! Every lie of the provider is refused by its own reason, and nobody is signed in.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::application::{Application, settings};
use crate::provider::{Provider, now};

async fn reason_of(lie: impl Fn(&mut Value, &mut Value) + Send + 'static) -> String {
    let provider = Provider::start().await;
    provider.bend_id_token(lie);
    let app = Application::at(&provider);
    let page = app.sign_in(&provider).await;
    assert_eq!(app.who().await, "nobody");
    page.reason().to_owned()
}

#[tokio::test]
async fn id_tokens_that_lie_are_refused() {
    type Lie = fn(&mut Value, &mut Value);
    let lies: [(&str, Lie); 17] = [
        ("id_token_iss", |_, c| {
            c["iss"] = json!("https://other.example");
        }),
        ("id_token_iss", |_, c| {
            c["iss"] = json!(format!("{}/", c["iss"].as_str().unwrap()));
        }),
        ("id_token_aud", |_, c| c["aud"] = json!("other")),
        ("id_token_aud", |_, c| c["aud"] = json!(["app", "other"])),
        ("id_token_azp", |_, c| c["azp"] = json!("other")),
        ("id_token_nonce", |_, c| c["nonce"] = json!("guess")),
        ("id_token_nonce", |_, c| {
            c.as_object_mut().unwrap().remove("nonce");
        }),
        ("id_token_expired", |_, c| c["exp"] = json!(now() - 31)),
        ("id_token_iat", |_, c| c["iat"] = json!(now() + 60)),
        ("id_token_unsigned", |h, _| h["alg"] = json!("none")),
        ("id_token_alg", |h, _| h["alg"] = json!("HS256")),
        ("id_token_key_unknown", |h, _| h["alg"] = json!("RS256")),
        ("id_token_type", |h, _| h["typ"] = json!("logout+jwt")),
        ("id_token_type", |h, _| h["crit"] = json!(["exp"])),
        ("id_token_malformed", |h, _| h["alg"] = json!("made-up")),
        ("id_token_malformed", |_, c| {
            c.as_object_mut().unwrap().remove("sub");
        }),
        ("id_token_at_hash", |_, c| {
            c["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        }),
    ];
    for (reason, lie) in lies {
        assert_eq!(reason_of(lie).await, reason);
    }
}

#[tokio::test]
async fn the_clock_may_differ_a_little() {
    let provider = Provider::start().await;
    provider.bend_id_token(|_, c| {
        c["exp"] = json!(now() - 10);
        c["iat"] = json!(now() + 10);
    });
    let page = Application::at(&provider).sign_in(&provider).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

#[tokio::test]
async fn a_tampered_or_foreign_signature_is_refused() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    provider.bend_token_answer(|answer| {
        let token = answer["id_token"].as_str().unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        signature[40] ^= 1;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        answer["id_token"] = json!(format!("{input}.{signature}"));
    });
    assert_eq!(app.sign_in(&provider).await.reason(), "id_token_signature");
    provider.bend_token_answer(|_| {});
    app.sign_in(&provider).await;
    // The same kid over another key: a forger's token, as the cached key set sees it.
    provider.rotate("k1");
    assert_eq!(app.sign_in(&provider).await.reason(), "id_token_signature");
}

#[tokio::test]
async fn token_answers_that_lie_are_refused() {
    type Lie = fn(&mut Value);
    let lies: [(&str, Lie); 4] = [
        ("id_token_missing", |a| {
            a.as_object_mut().unwrap().remove("id_token");
        }),
        ("id_token_malformed", |a| a["id_token"] = json!("a.b.c")),
        ("token_type_unexpected", |a| {
            a["token_type"] = json!("DPoP");
        }),
        ("provider_answer_malformed", |a| {
            a.as_object_mut().unwrap().remove("access_token");
        }),
    ];
    for (reason, lie) in lies {
        let provider = Provider::start().await;
        provider.bend_token_answer(lie);
        assert_eq!(
            Application::at(&provider).sign_in(&provider).await.reason(),
            reason
        );
    }
}

#[tokio::test]
async fn strength_and_age_are_enforced_when_asked_for() {
    let provider = Provider::start().await;
    let strict = || settings(&provider).require_acr(["urn:vn:nd69-2024:loa:3"]);
    assert_eq!(
        Application::with(strict())
            .sign_in(&provider)
            .await
            .reason(),
        "id_token_acr"
    );
    let begun = Application::with(strict()).get("/login").await;
    assert!(
        begun
            .location
            .contains("acr_values=urn%3Avn%3And69-2024%3Aloa%3A3")
    );
    let fresh = || Application::with(settings(&provider).max_age(Duration::from_secs(60)));
    assert!(fresh().get("/login").await.location.contains("max_age=60"));
    assert_eq!(
        fresh().sign_in(&provider).await.status,
        StatusCode::SEE_OTHER
    );
    provider.bend_id_token(|_, c| c["auth_time"] = json!(now() - 100));
    assert_eq!(
        fresh().sign_in(&provider).await.reason(),
        "id_token_auth_time_too_old"
    );
    provider.bend_id_token(|_, c| {
        c.as_object_mut().unwrap().remove("auth_time");
    });
    assert_eq!(
        fresh().sign_in(&provider).await.reason(),
        "id_token_auth_time_missing"
    );
}

#[tokio::test]
async fn callbacks_that_lie_are_refused() {
    type Lie = fn(&str) -> String;
    let lies: [(&str, Lie); 8] = [
        ("callback_state_unknown", |q| q.replace("state=", "state=x")),
        ("callback_state_missing", |q| q.replace("state=", "stat=")),
        ("callback_iss_missing", |q| q.replace("iss=", "is=")),
        ("callback_iss_differs", |q| {
            q.replace("iss=http", "iss=https")
        }),
        ("callback_code_missing", |q| q.replace("code=", "cod=")),
        ("callback_parameter_duplicated", |q| {
            format!("{q}&code=again")
        }),
        ("callback_too_long", |q| {
            format!("{q}&pad={}", "x".repeat(17_000))
        }),
        ("provider_refused", |q| {
            format!("{}&error=access_denied", q.replace("code=", "cod="))
        }),
    ];
    for (reason, lie) in lies {
        let provider = Provider::start().await;
        let app = Application::at(&provider);
        let callback = app.until_callback(&provider).await;
        let page = app.get(&lie(&callback)).await;
        assert_eq!(page.reason(), reason);
        assert!(
            provider.shared.token_requests.lock().unwrap().is_empty(),
            "no code was sent"
        );
        assert_eq!(app.who().await, "nobody");
    }
}

#[tokio::test]
async fn iss_may_be_absent_only_where_it_was_not_promised() {
    let provider = Provider::start().await;
    provider.set_metadata(
        "authorization_response_iss_parameter_supported",
        Value::Null,
    );
    let app = Application::at(&provider);
    let callback = app.until_callback(&provider).await.replace("&iss=", "&is=");
    assert_eq!(app.get(&callback).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_refused_code_is_the_providers_refusal() {
    let provider = Provider::start().await;
    *provider.shared.token_status.lock().unwrap() = StatusCode::BAD_REQUEST;
    let page = Application::at(&provider).sign_in(&provider).await;
    assert_eq!(
        (page.reason(), page.status),
        ("provider_refused", StatusCode::FORBIDDEN)
    );
}

#[tokio::test]
async fn userinfo_about_somebody_else_is_refused() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    *provider.shared.userinfo.lock().unwrap() = json!({"sub": "s-1", "name": "Người Khác"});
    assert_eq!(app.sign_in(&provider).await.reason(), "userinfo_sub");
    *provider.shared.userinfo.lock().unwrap() = json!({"name": "no sub"});
    assert_eq!(app.sign_in(&provider).await.reason(), "userinfo_malformed");
    provider.bend_token_answer(|a| a["access_token"] = json!("unknown"));
    assert_eq!(app.sign_in(&provider).await.reason(), "userinfo_refused");
}
