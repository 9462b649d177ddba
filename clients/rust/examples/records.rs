//! A records application: everybody signed in reads, and who releases a record signs in again,
//! strongly. Set `ISSUER`, `CLIENT_ID`, `CLIENT_SECRET` and `BASE_URL` (`http://localhost:` and a
//! port); `ACR` names the strong level, `REPORTS` an API such as the example `reports_api`.
use std::env::var;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, routing::get};
use idp_relying_party::web::{MaybeSignedIn, RelyingParty, SignedIn, StepUp, SteppedUp};
use idp_relying_party::{
    Challenge, ClientAuthentication, Demand, Dpop, PushedRequests, ReturnTo, Settings,
};

/// Releasing a record needs the strong level, reached within the last five minutes.
struct Releasing;

impl StepUp for Releasing {
    fn demand() -> Demand {
        let level = var("ACR").unwrap_or_else(|_| "urn:vn:nd69-2024:loa:3".to_owned());
        Demand::acr([level]).max_age(Duration::from_secs(300))
    }
}

fn page(text: &str) -> Html<String> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!(
        "<!doctype html><meta charset=utf-8><p>{text}</p>\
         <p><a href=/records>Hồ sơ</a> <a href=/release>Phê duyệt</a> <a href=/reports>Báo cáo</a></p>\
         <form method=post action=/logout><button>Đăng xuất</button></form>"
    ))
}

async fn front(
    MaybeSignedIn(person): MaybeSignedIn,
    State(relying_party): State<RelyingParty>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let left = relying_party.returned_from_logout(&headers, &query.unwrap_or_default());
    match person {
        Some(person) => page(&format!("Xin chào {}!", person.person.sub)),
        None if left => page("Bạn đã đăng xuất."),
        None => page("Chưa đăng nhập."),
    }
}

async fn records(person: SignedIn) -> Html<String> {
    page(&format!("Hồ sơ của {}", person.person.sub))
}

async fn release(official: SteppedUp<Releasing>) -> Html<String> {
    let level = official.authentication.acr.as_deref().unwrap_or("?");
    page(&format!("{} phê duyệt ở mức {level}", official.person.sub))
}

/// Asks an API on the person's behalf; where that demands a stronger sign-in, so does this page.
async fn reports(
    person: SignedIn,
    State(relying_party): State<RelyingParty>,
    headers: HeaderMap,
) -> Response {
    let address = var("REPORTS").unwrap_or_else(|_| "http://localhost:8091/reports".to_owned());
    let request = Request::get(address).body(Vec::new()).unwrap_or_default();
    match relying_party.call(&person, request).await {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            match Challenge::parse(answer.headers()) {
                Some(challenge) => {
                    let (demand, back) = (challenge.demand().clone(), ReturnTo::from("/reports"));
                    relying_party.step_up(&person, demand, back, &headers).await
                }
                None => page("API từ chối").into_response(),
            }
        }
        Ok(answer) => page(&String::from_utf8_lossy(answer.body())).into_response(),
        Err(error) => page(error.reason()).into_response(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let base_url = var("BASE_URL")?;
    let settings = Settings::new(&var("ISSUER")?, &var("CLIENT_ID")?, &base_url)?
        .authentication(ClientAuthentication::secret_basic(&var("CLIENT_SECRET")?))
        .pushed_requests(PushedRequests::WhenOffered)
        .dpop(Dpop::PerSession)
        .frontchannel_logout(true)
        .scopes(["profile", "reports.read"]);
    let relying_party = RelyingParty::new(settings)?;
    let app = Router::new()
        .route("/", get(front))
        .route("/records", get(records))
        .route("/release", get(release))
        .route("/reports", get(reports))
        .merge(relying_party.routes())
        .with_state(relying_party);
    let port = base_url.rsplit(':').next().unwrap_or_default();
    let listener = tokio::net::TcpListener::bind(format!("localhost:{port}")).await?;
    Ok(axum::serve(listener, app).await?)
}
