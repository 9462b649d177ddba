//! Stronger and more recent sign-ins on demand.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use idp_relying_party::web::{RelyingParty, StepUp, SteppedUp};
use idp_relying_party::{Demand, ReturnTo};
use serde_json::json;

use crate::application::{Application, settings};
use crate::provider::{Provider, SUB};

const STRONG: &str = "urn:vn:nd69-2024:loa:3";

struct Signing;

impl StepUp for Signing {
    fn demand() -> Demand {
        Demand::acr([STRONG]).max_age(Duration::from_secs(300))
    }
}

async fn sign(official: SteppedUp<Signing>) -> String {
    official.person.sub.clone()
}

fn routes() -> Router<RelyingParty> {
    Router::new().route("/sign", get(sign).post(sign))
}

#[tokio::test]
async fn a_page_that_demands_more_sends_the_person_back_for_it() {
    let provider = Provider::start().await;
    let app = Application::of(settings(&provider), routes());
    app.sign_in(&provider).await;
    let before = app.other_browser_like();
    assert_eq!(
        app.post("/sign", &[], String::new()).await.status,
        StatusCode::UNAUTHORIZED
    );

    let sent = app.get("/sign?document=7").await;
    assert!(
        sent.location
            .contains("acr_values=urn%3Avn%3And69-2024%3Aloa%3A3"),
        "{}",
        sent.location
    );
    assert!(sent.location.contains("max_age=300"));
    let weak = app
        .get(&format!("/callback?{}", provider.follow(&sent.location)))
        .await;
    assert_eq!(
        weak.reason(),
        "id_token_acr",
        "the provider did not do what was asked"
    );

    provider.bend_id_token(|_, c| c["acr"] = json!(STRONG));
    let sent = app.get("/sign?document=7").await;
    let back = app
        .get(&format!("/callback?{}", provider.follow(&sent.location)))
        .await;
    assert!(
        back.location.ends_with("/sign?document=7"),
        "{}",
        back.location
    );
    assert_eq!(app.get("/sign?document=7").await.body, SUB);
    assert_eq!(app.post("/sign", &[], String::new()).await.body, SUB);
    assert_eq!(before.who().await, "nobody", "the weaker session ended");
}

#[tokio::test]
async fn nobody_else_takes_over_a_step_up() {
    let provider = Provider::start().await;
    let app = Application::of(settings(&provider), routes());
    app.sign_in(&provider).await;
    provider.bend_id_token(|_, c| {
        c["acr"] = json!(STRONG);
        c["sub"] = json!("s-2");
    });
    let sent = app.get("/sign").await;
    let back = app
        .get(&format!("/callback?{}", provider.follow(&sent.location)))
        .await;
    assert_eq!(back.reason(), "id_token_other_person");
    assert_ne!(app.who().await, "nobody", "the first session is untouched");
}

#[tokio::test]
async fn a_sign_in_that_grew_old_is_renewed_and_settings_are_never_undercut() {
    let provider = Provider::start().await;
    let app = Application::of(settings(&provider).require_acr([STRONG]), routes());
    provider.bend_id_token(|_, c| {
        c["acr"] = json!(STRONG);
        c["auth_time"] = json!(crate::provider::now() - 400);
    });
    assert_eq!(app.sign_in(&provider).await.status, StatusCode::SEE_OTHER);
    let sent = app.get("/sign").await;
    assert!(
        sent.location.contains("max_age=300"),
        "too old for this page"
    );
    let old = app
        .get(&format!("/callback?{}", provider.follow(&sent.location)))
        .await;
    assert_eq!(old.reason(), "id_token_auth_time_too_old");

    provider.bend_id_token(|_, c| c["acr"] = json!("urn:weak"));
    let client = app.relying_party.client();
    let wish = idp_relying_party::SignInRequest::returning_to(ReturnTo::default())
        .demanding(Demand::acr(["urn:weak"]));
    let begun = client.begin(wish).await.unwrap();
    let query = provider.follow(begun.url.as_str());
    let callback = idp_relying_party::Callback::parse(&query).unwrap();
    let refused = client.finish(begun.pending, &callback).await.unwrap_err();
    assert_eq!(refused.reason(), "id_token_acr");
}
