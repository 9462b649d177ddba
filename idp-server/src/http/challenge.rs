//! What a protected resource asks for when it refuses (RFC 6750 §3, RFC 9449 §7.1).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use idp_core::base::refusal::{ErrorCode, Reason, Refusal};
use idp_core::flow::Failure;
use idp_core::oauth::dpop;

use super::context::Arrival;
use super::site::Shared;
use super::wire::oauth_error;

/// A failure of a protected resource. Both ways to present a token are offered; what was wrong is
/// said with the one that the request used.
pub fn resource_error(
    site: &Shared,
    arrival: &Arrival,
    authorization: Option<&str>,
    failure: &Failure,
) -> Response {
    let mut response = oauth_error(site, arrival, failure);
    let Failure::Refused(refusal) = failure else {
        return response;
    };
    // RFC 6750 §3.1: without any token the challenge carries no error code.
    let asks_for_token = refusal.reason == Reason::TokenMissing;
    let about_proof = matches!(
        refusal.code(),
        ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce
    );
    if asks_for_token || about_proof {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    let wrong = if asks_for_token {
        String::new()
    } else {
        error_of(refusal)
    };
    let algs = dpop::algorithm_names();
    let challenges = if is_dpop(authorization) {
        let dpop = format!("DPoP realm=\"userinfo\", algs=\"{algs}\"{wrong}");
        [dpop, "Bearer realm=\"userinfo\"".to_owned()]
    } else {
        let bearer = format!("Bearer realm=\"userinfo\"{wrong}");
        [bearer, format!("DPoP realm=\"userinfo\", algs=\"{algs}\"")]
    };
    let headers = response.headers_mut();
    headers.remove(header::WWW_AUTHENTICATE);
    for challenge in challenges {
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            headers.append(header::WWW_AUTHENTICATE, value);
        }
    }
    response
}

fn error_of(refusal: &Refusal) -> String {
    format!(
        ", error=\"{}\", error_description=\"{}\"",
        refusal.code().as_str(),
        refusal.reason.name()
    )
}

fn is_dpop(authorization: Option<&str>) -> bool {
    let scheme = authorization.and_then(|header| header.split(' ').next());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("dpop"))
}
