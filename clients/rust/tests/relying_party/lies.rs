//! Every lie of the test kit is refused, each by its own reason, and nobody is signed in.

use axum::http::HeaderMap;
use idp_relying_party::resource::{Introspection, Presented, ResourceServer};
use idp_relying_party::test_kit::{AUDIENCE, Lie, LyingProvider, Place};
use idp_relying_party::{Client, Error, SignInRequest};
use serde_json::Value;

use crate::application::{Application, BASE};

async fn provider() -> LyingProvider {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    LyingProvider::start().await.unwrap()
}

/// Walks a browser through a sign-in; the reason on the page where it ended.
async fn sign_in(provider: &LyingProvider) -> Result<(), String> {
    let app = Application::with(provider.settings(BASE).unwrap());
    let begun = app.get("/login").await;
    if begun.location.is_empty() {
        return Err(begun.reason().to_owned());
    }
    let followed = provider.follow(&begun.location).expect("our address");
    let page = if followed.by_form {
        app.post("/callback", &[], followed.parameters).await
    } else {
        app.get(&format!("/callback?{}", followed.parameters)).await
    };
    if page.location.is_empty() {
        assert_eq!(app.who().await, "nobody");
        return Err(page.reason().to_owned());
    }
    assert_eq!(
        app.who().await.is_empty(),
        provider.requests("/userinfo") == 0
    );
    Ok(())
}

async fn deliver_logout(provider: &LyingProvider) -> Result<(), String> {
    let app = Application::with(provider.settings(BASE).unwrap());
    let body = format!("logout_token={}", provider.logout_token());
    let page = app.post("/backchannel-logout", &[], body).await;
    if page.status.is_success() {
        return Ok(());
    }
    let answer: Value = serde_json::from_str(&page.body).unwrap();
    Err(answer["error_description"].as_str().unwrap().to_owned())
}

async fn call_api(provider: &LyingProvider, place: Place) -> Result<(), String> {
    let server = ResourceServer::new(provider.settings(AUDIENCE).unwrap(), AUDIENCE).unwrap();
    let (server, token) = match place {
        Place::AccessToken => {
            let token = provider.access_token(AUDIENCE, "reports.read", None);
            (server, token)
        }
        Place::Introspection => (
            server.introspection(Introspection::Opaque),
            "opaque".to_owned(),
        ),
        _ => (
            server
                .introspection(Introspection::Always)
                .require_signed_introspection(),
            "opaque".to_owned(),
        ),
    };
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let presented = Presented {
        method: "GET",
        path: "/reports",
        headers: &headers,
        certificate: None,
    };
    let authorized = server
        .requiring(["reports.read"])
        .authorize(&presented)
        .await;
    authorized
        .map(|caller| assert_eq!(caller.client_id, "app"))
        .map_err(|error| error.reason().to_owned())
}

async fn outcome(provider: &LyingProvider, place: Place) -> Result<(), String> {
    match place {
        Place::LogoutToken => deliver_logout(provider).await,
        Place::AccessToken | Place::Introspection | Place::SignedIntrospection => {
            call_api(provider, place).await
        }
        _ => sign_in(provider).await,
    }
}

#[tokio::test]
async fn every_lie_is_refused_by_its_own_reason() {
    let mut wrong = Vec::new();
    for lie in Lie::ALL {
        let provider = provider().await;
        provider.tell(*lie);
        let outcome = outcome(&provider, lie.place()).await;
        if outcome != Err(lie.reason().to_owned()) {
            wrong.push(format!("{lie:?}: {outcome:?} instead of {}", lie.reason()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(Lie::ALL.len() > 100, "{} lies", Lie::ALL.len());
}

#[tokio::test]
async fn the_truth_is_believed_wherever_a_lie_is_not() {
    for lie in Lie::ALL {
        let provider = provider().await;
        // The settings fit the lie's place; nothing but the lie itself may be what is refused.
        provider.tell(*lie);
        let settings = provider.settings(BASE).unwrap();
        provider.tell_the_truth();
        if matches!(
            lie.place(),
            Place::LogoutToken
                | Place::AccessToken
                | Place::Introspection
                | Place::SignedIntrospection
        ) {
            assert_eq!(outcome(&provider, lie.place()).await, Ok(()), "{lie:?}");
            continue;
        }
        let client = Client::new(settings).unwrap();
        let begun = client.begin(SignInRequest::default()).await.unwrap();
        let followed = provider.follow(begun.url.as_str()).unwrap();
        let callback = client.read_callback(&followed.parameters).await.unwrap();
        let session = client.finish(begun.pending, &callback).await;
        assert_eq!(session.unwrap().person.sub, "s-1093", "{lie:?}");
    }
}

#[tokio::test]
async fn a_state_of_another_sign_in_is_refused_without_a_framework_too() {
    let provider = provider().await;
    let client = Client::new(provider.settings(BASE).unwrap()).unwrap();
    let one = client.begin(SignInRequest::default()).await.unwrap();
    let two = client.begin(SignInRequest::default()).await.unwrap();
    let followed = provider.follow(two.url.as_str()).unwrap();
    let callback = client.read_callback(&followed.parameters).await.unwrap();
    let refused: Error = client.finish(one.pending, &callback).await.unwrap_err();
    assert_eq!(refused.reason(), "callback_state_differs");
    assert_eq!(provider.requests("/token"), 0, "no code was sent");
}
