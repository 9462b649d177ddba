//! Logout by the provider: races, and through the browser.

use axum::http::StatusCode;
use idp_relying_party::test_kit::{LyingProvider, SID};
use idp_relying_party::{Client, SignInRequest};

use crate::application::{Application, BASE};

async fn provider() -> LyingProvider {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    LyingProvider::start().await.unwrap()
}

async fn sign_in(app: &Application, provider: &LyingProvider) {
    let begun = app.get("/login").await;
    let followed = provider.follow(&begun.location).unwrap();
    let page = app.get(&format!("/callback?{}", followed.parameters)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

#[tokio::test]
async fn a_demand_ends_the_sign_in_that_it_overtakes_and_no_later_one() {
    use idp_relying_party::session::{MemoryStore, SessionKey, SessionStore};
    let provider = provider().await;
    let client = Client::new(provider.settings(BASE).unwrap()).unwrap();
    let session = || async {
        let begun = client.begin(SignInRequest::default()).await.unwrap();
        let followed = provider.follow(begun.url.as_str()).unwrap();
        let callback = client.read_callback(&followed.parameters).await.unwrap();
        client.finish(begun.pending, &callback).await.unwrap()
    };
    let early = session().await;
    let notice = client
        .verify_logout_token(&provider.logout_token())
        .await
        .unwrap();
    let person = notice.clone().about_the_person();
    let store = MemoryStore::default();
    let key = |name: &str| SessionKey::of_secret(name);
    assert_eq!(store.end(&person).await.unwrap(), 0);
    assert!(
        !store.put(key("early"), early).await.unwrap(),
        "issued before the demand"
    );
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let late = session().await;
    assert!(store.put(key("late"), late.clone()).await.unwrap());
    assert_eq!(
        store.end(&notice).await.unwrap(),
        1,
        "its sid ends any session from it"
    );
    assert!(
        store.put(key("again"), late).await.unwrap(),
        "issued after it"
    );
}

#[tokio::test]
async fn the_provider_ends_sessions_through_the_browser_where_that_is_accepted() {
    let provider = provider().await;
    let app = Application::with(provider.settings(BASE).unwrap().frontchannel_logout(true));
    sign_in(&app, &provider).await;
    let issuer = provider.issuer();
    let elsewhere = app.other_browser();
    for (query, reason) in [
        (format!("iss={issuer}"), "frontchannel_sid_missing"),
        (
            format!("iss={issuer}&sid=a&sid={SID}"),
            "frontchannel_sid_missing",
        ),
        (format!("sid={SID}"), "frontchannel_iss"),
        (
            format!("iss=https://other.example&sid={SID}"),
            "frontchannel_iss",
        ),
    ] {
        let page = elsewhere
            .get(&format!("/frontchannel-logout?{query}"))
            .await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (StatusCode::BAD_REQUEST, reason)
        );
    }
    assert_ne!(app.who().await, "nobody");
    let page = elsewhere
        .get(&format!("/frontchannel-logout?iss={issuer}&sid=guess"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_ne!(app.who().await, "nobody");
    let page = elsewhere
        .get(&format!("/frontchannel-logout?iss={issuer}&sid={SID}"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(app.who().await, "nobody");
    sign_in(&app, &provider).await;
    assert_ne!(
        app.who().await,
        "nobody",
        "an unsigned demand is not remembered"
    );

    let closed = Application::with(provider.settings(BASE).unwrap());
    let page = closed
        .get(&format!("/frontchannel-logout?iss={issuer}&sid={SID}"))
        .await;
    assert_eq!(page.body, "frontchannel_disabled");
}
