//! The router itself: who is let in, what a problem looks like, that every operation is served.

use axum::body::{Body, to_bytes};
use axum::http::{Method as HttpMethod, Request, StatusCode};
use idp_admin_api::operations::{Method, OPERATIONS};
use idp_admin_api::{Problem, paths};
use tower::ServiceExt;

use idp_core::base::entropy::Entropy;
use idp_core::base::issuer::{Issuer, IssuerKey};
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::model::configuration::SharedConfiguration;
use idp_core::policy::Policy;

use super::problem::{Refused, nothing_here, render};
use super::wire::{parse_time, time};
use crate::outside::master_key::MasterKey;
use crate::ui::{Branding, BrandingInput};
use crate::wiring::{Installation, Parts, assemble};

async fn problem(refused: Refused) -> (StatusCode, Problem) {
    let router = axum::Router::new()
        .route("/", axum::routing::get(async move || refused.clone()))
        .layer(axum::middleware::from_fn(render));
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body = to_bytes(response.into_body(), 65_536).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_refusal_names_rule_field_and_remedy() {
    let (status, problem) = problem(Reason::MailMalformed.into()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem.kind, "urn:idp:problem:mail_malformed");
    assert_eq!(problem.field.as_deref(), Some("mail"));
    assert!(!problem.remedy.is_empty() && !problem.title.is_empty());
}

#[tokio::test]
async fn a_fault_tells_nothing_but_that_it_was_one() {
    let fault = idp_core::base::fault::Fault::transient("store", "disk is full at /secret");
    let (status, problem) = problem(fault.into()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (problem.reason.as_str(), problem.retry_after),
        ("fault", Some(1))
    );
    assert!(!format!("{problem:?}").contains("secret"));
}

/// A fresh installation in `folder`.
async fn installation(folder: &std::path::Path) -> Installation {
    let issuer = Issuer::parse("https://sso.tinh.example").unwrap();
    let master = MasterKey::generate(&mut Entropy::from_seed(&[7; 32]));
    let branding = BrandingInput {
        province_name_vi: "Tỉnh Minh Hà".into(),
        province_name_en: "Minh Ha Province".into(),
        primary_colour: "#0b5394".into(),
        ..BrandingInput::default()
    };
    let parts = Parts {
        policy: Policy::new(IssuerKey::main(), issuer),
        shared: SharedConfiguration::default(),
        place: crate::wiring::Place::Folder {
            path: folder.to_owned(),
            create: true,
        },
        tickets: None,
        master: &master,
        device: None,
        branding: Branding::parse(branding).unwrap(),
        logo: None,
        certificates: crate::config::CertificateSettings::default(),
        fetch: crate::outside::fetch::FetchRules::default(),
        hashing: crate::outside::passwords::HashingBounds::default(),
        clock: crate::outside::clock::Clock::standing(Timestamp::from_millis(1)),
    };
    assemble(parts).await.unwrap()
}

/// Over the socket of the machine's own user, with a named administrator or none.
#[tokio::test]
async fn reading_needs_the_socket_and_changing_needs_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let router = crate::serving::own_admin_router(&installation(folder.path()).await, 0);
    let ask = async |method: HttpMethod, name: Option<&str>| {
        let mut request = Request::builder().method(method).uri(paths::UNITS);
        if let Some(name) = name {
            request = request.header("idp-acting-as", name);
        }
        let request = request
            .body(Body::from(r#"{"code":"H42","name":{"vi":"Tỉnh"}}"#))
            .unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(ask(HttpMethod::GET, None).await, StatusCode::OK);
    assert_eq!(
        ask(HttpMethod::GET, Some("nobody")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(ask(HttpMethod::POST, None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        ask(HttpMethod::POST, Some("nobody")).await,
        StatusCode::UNAUTHORIZED
    );
}

/// What no listing made and no name holds is refused at the door, whatever the store would make of it.
#[tokio::test]
async fn control_characters_in_a_query_are_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let router = crate::serving::own_admin_router(&installation(folder.path()).await, 0);
    let cursor = Reason::PageCursorMalformed;
    for (path, parameter, reason) in [
        (paths::USERS, "after", cursor),
        (paths::CLIENTS, "after", cursor),
        (paths::SESSIONS, "after", cursor),
        (paths::OUTBOX, "after", cursor),
        (paths::CHANGE_SETS, "after", cursor),
        (paths::UNITS, "after", cursor),
        (paths::USERS, "q", Reason::SearchTextMalformed),
    ] {
        let uri = format!("{path}?{parameter}=a%00b");
        let request = Request::get(&uri).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{uri}");
        let body = to_bytes(response.into_body(), 65_536).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.reason, reason.name(), "{uri}");
    }
    for path in [
        paths::USER,
        paths::CLIENT,
        paths::ROLE,
        paths::UNIT,
        paths::KEY,
        paths::SESSION,
    ] {
        let uri = paths::fill(path, &["a%00b"]).replace("%2500", "%00");
        let request = Request::get(&uri).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{uri}");
    }
}

/// Each path and method of the description reaches a handler: without the checked peer it is
/// refused as unauthenticated, never as unknown.
#[tokio::test]
async fn every_operation_is_served_and_none_without_the_checked_peer() {
    let folder = tempfile::tempdir().unwrap();
    let router = crate::serving::admin_router(&installation(folder.path()).await);
    for operation in OPERATIONS {
        let method = match operation.method {
            Method::Get => HttpMethod::GET,
            Method::Post => HttpMethod::POST,
            Method::Patch => HttpMethod::PATCH,
            Method::Delete => HttpMethod::DELETE,
        };
        let path = paths::fill(operation.path, &["a", "b"]);
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{}",
            operation.name
        );
    }
    let request = Request::get("/admin/v1/nothing")
        .body(Body::empty())
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), nothing_here_status().await);
}

async fn nothing_here_status() -> StatusCode {
    problem(nothing_here().await).await.0
}

#[test]
fn dates_begin_in_vietnam_and_times_are_shown_in_utc() {
    for (text, shown) in [
        ("2026-01-05", "2026-01-04T17:00:00Z"),
        ("2026-01-05T01:00:00Z", "2026-01-05T01:00:00Z"),
        ("2026-01-05T08:00:00+07:00", "2026-01-05T01:00:00Z"),
    ] {
        assert_eq!(parse_time(text).map(time).as_deref(), Ok(shown), "{text}");
    }
    for text in ["", "05/01/2026", "2026-02-30", "2026-01-05T01:00:00"] {
        assert_eq!(parse_time(text), Err(Reason::DateMalformed), "{text}");
    }
}
