//! Signing in: the happy path, bindings, client authentication, keys.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use idp_relying_party::{AssertionKey, ClientAuthentication};
use serde_json::{Value, json};

use crate::application::{Application, BASE, settings};
use crate::provider::{Provider, SECRET, basic};

#[tokio::test]
async fn a_visitor_is_sent_to_the_provider_and_back_to_the_page_asked_for() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    let page = app.get("/private?tab=2&x=%20").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let begun = app.get(&page.location).await;
    assert!(
        begun.location.contains("scope=openid+profile+unit"),
        "{}",
        begun.location
    );
    let back = app
        .get(&format!("/callback?{}", provider.follow(&begun.location)))
        .await;
    assert_eq!(back.location, format!("{BASE}/private?tab=2&x=%20"));
    assert!(
        back.cookies[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{:?}",
        back.cookies
    );

    let person: Value = serde_json::from_str(&app.get("/private").await.body).unwrap();
    assert_eq!(person["name"], "Nguyễn Thị Thử", "from userinfo");
    assert_eq!(person["roles"], json!(["van-thu"]));
    assert_eq!(
        person["unit"]["path"][0]["name"], "Tỉnh Mẫu",
        "from the ID token"
    );
    assert_eq!(app.who().await, "Nguyễn Thị Thử");
    assert_eq!(
        provider.shared.authorization_headers.lock().unwrap()[0],
        Some(basic())
    );
}

#[tokio::test]
async fn a_form_without_session_is_not_redirected() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    assert_eq!(
        app.post("/private", &[], String::new()).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(app.who().await, "nobody");
}

#[tokio::test]
async fn the_session_secret_is_new_after_every_sign_in_and_the_former_one_is_dead() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    let first = app.jar();
    app.sign_in(&provider).await;
    let name = first
        .keys()
        .find(|name| name.ends_with("-session"))
        .unwrap();
    assert_ne!(first[name], app.jar()[name]);
    let thief = app.other_browser();
    thief.set_cookie(name, &first[name]);
    assert_eq!(thief.who().await, "nobody");
}

#[tokio::test]
async fn a_sign_in_finishes_once_and_only_in_its_own_browser() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    let victim = app.other_browser();
    let callback = app.until_callback(&provider).await;
    assert_eq!(
        victim.get(&callback).await.reason(),
        "callback_state_unknown"
    );
    victim.get("/login").await;
    assert_eq!(
        victim.get(&callback).await.reason(),
        "callback_state_unknown"
    );
    assert_eq!(app.get(&callback).await.status, StatusCode::SEE_OTHER);
    assert_eq!(app.get(&callback).await.reason(), "callback_state_unknown");
}

#[tokio::test]
async fn two_tabs_may_sign_in_at_once() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    let one = app.until_callback(&provider).await;
    let two = app.until_callback(&provider).await;
    assert_eq!(app.get(&one).await.status, StatusCode::SEE_OTHER);
    assert_eq!(app.get(&two).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn return_addresses_of_other_sites_become_the_front_page() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    for foreign in ["https://evil.example", "//evil.example", "/%5Cevil.example"] {
        let begun = app.get(&format!("/login?return_to={foreign}")).await;
        let back = app
            .get(&format!("/callback?{}", provider.follow(&begun.location)))
            .await;
        assert_eq!(back.location, format!("{BASE}/"), "{foreign}");
    }
}

#[tokio::test]
async fn secrets_travel_by_form_when_so_registered() {
    let provider = Provider::start().await;
    let by_form = settings(&provider).authentication(ClientAuthentication::secret_post(SECRET));
    Application::with(by_form).sign_in(&provider).await;
    let form = provider.shared.token_requests.lock().unwrap()[0].clone();
    assert_eq!(form["client_secret"], SECRET);
    assert_eq!(
        provider.shared.authorization_headers.lock().unwrap()[0],
        None
    );
}

#[tokio::test]
async fn a_public_client_sends_its_name_alone() {
    let provider = Provider::start().await;
    let public = settings(&provider).authentication(ClientAuthentication::None);
    Application::with(public).sign_in(&provider).await;
    let form = provider.shared.token_requests.lock().unwrap()[0].clone();
    assert_eq!(form["client_id"], "app");
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn an_assertion_is_addressed_to_the_issuer_and_signed() {
    let provider = Provider::start().await;
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let key = AssertionKey::ed25519(pkcs8.as_ref(), Some("c1")).unwrap();
    let asserting = settings(&provider).authentication(ClientAuthentication::PrivateKeyJwt(key));
    let done = Application::with(asserting).sign_in(&provider).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);

    let form = provider.shared.token_requests.lock().unwrap()[0].clone();
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let (input, signature) = form["client_assertion"].rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, pair.public_key().as_ref())
        .verify(input.as_bytes(), &signature)
        .unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(input.split_once('.').unwrap().1)
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], provider.issuer);
}

#[tokio::test]
async fn a_rotated_key_is_fetched_once_and_unknown_keys_do_not_hammer_the_provider() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    app.sign_in(&provider).await;
    assert_eq!(provider.jwks_requests(), 1);
    provider.rotate("k2");
    assert_eq!(app.sign_in(&provider).await.status, StatusCode::SEE_OTHER);
    assert_eq!(provider.jwks_requests(), 2);
    provider.bend_id_token(|header, _| header["kid"] = json!("nobody's"));
    for _ in 0..5 {
        assert_eq!(
            app.sign_in(&provider).await.reason(),
            "id_token_key_unknown"
        );
    }
    assert_eq!(provider.jwks_requests(), 2, "rate-limited");
}

#[tokio::test]
async fn the_language_wish_travels_along_when_it_is_one() {
    let provider = Provider::start().await;
    let app = Application::at(&provider);
    assert!(
        app.get("/login?ui_locales=en-GB+vi")
            .await
            .location
            .contains("ui_locales=en-GB+vi")
    );
    for strange in ["%26x%3D1", "", &"a".repeat(65)] {
        let page = app.get(&format!("/login?ui_locales={strange}")).await;
        assert!(!page.location.contains("ui_locales"), "{strange}");
    }
}
