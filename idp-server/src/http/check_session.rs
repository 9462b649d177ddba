//! `/check-session`: the page behind `check_session_iframe` (OpenID Connect Session Management 1.0
//! §3.2), the only one of ours that another page may hold in a frame.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use idp_core::flow::Failure;
use idp_core::oidc::session_state::web_origin;

use super::context::{Arrival, text};
use super::guard::framed_by;
use super::site::Shared;
use super::wire::oauth_error;
use crate::ui::check_session;

/// `GET /check-session`. The framing page is known by its `Referer`; without one that names the
/// origin of a registered client the page comes with the headers of all others and stays dark.
pub async fn show(State(site): State<Shared>, arrival: Arrival, headers: HeaderMap) -> Response {
    let origin = text(&headers, &header::REFERER).and_then(|referer| web_origin(&referer));
    let may_frame = match &origin {
        Some(origin) => site.provider.may_frame(origin, site.clock.now()).await,
        None => Ok(false),
    };
    let may_frame = match may_frame {
        Ok(may_frame) => may_frame,
        Err(fault) => return oauth_error(&site, &arrival, &Failure::Fault(fault)),
    };
    let mut response = Html(check_session::document()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match origin.filter(|_| may_frame) {
        Some(origin) => framed_by(response, &origin, &check_session::script_source()),
        None => response,
    }
}
