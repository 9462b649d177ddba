//! `/register` (RFC 7591) and the addresses of registrations (RFC 7592).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idp_core::base::refusal::ErrorCode;
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::oauth::register::{RegistrationAnswer, wire_code};
use serde_json::{Value, json};

use super::context::{Arrival, text};
use super::site::Shared;
use super::wire::{json_answer, oauth_error};

/// The bearer token of a request; anything else in the header counts as none.
fn bearer(headers: &HeaderMap) -> Option<SecretText> {
    let header = text(headers, &header::AUTHORIZATION)?;
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| SecretText::new(token.trim().to_owned()))
}

/// `POST /register`.
pub async fn create(
    State(site): State<Shared>,
    arrival: Arrival,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let made = async {
        let mut context = site.context(&arrival)?;
        let token = bearer(&headers);
        site.provider
            .register(token.as_ref(), &body, &mut context)
            .await
    };
    answered(&site, &arrival, (StatusCode::CREATED, made.await))
}

/// `GET /register/{client}`.
pub async fn read(
    State(site): State<Shared>,
    arrival: Arrival,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Response {
    let token = bearer(&headers);
    let found = site.provider.registration(&client, token.as_ref()).await;
    answered(&site, &arrival, (StatusCode::OK, found))
}

/// `PUT /register/{client}`.
pub async fn replace(
    State(site): State<Shared>,
    arrival: Arrival,
    Path(client): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let replaced = async {
        let mut context = site.context(&arrival)?;
        let token = bearer(&headers);
        site.provider
            .replace_registration(&client, (token.as_ref(), &body), &mut context)
            .await
    };
    answered(&site, &arrival, (StatusCode::OK, replaced.await))
}

/// `DELETE /register/{client}`.
pub async fn remove(
    State(site): State<Shared>,
    arrival: Arrival,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Response {
    let removed = async {
        let mut context = site.context(&arrival)?;
        let token = bearer(&headers);
        site.provider
            .remove_registration(&client, token.as_ref(), &mut context)
            .await
    };
    match removed.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(failure) => refused(&site, &arrival, &failure),
    }
}

fn answered(
    site: &Shared,
    arrival: &Arrival,
    (status, answer): (StatusCode, Result<RegistrationAnswer, Failure>),
) -> Response {
    match answer {
        Ok(members) => json_answer(status, &Value::Object(members)),
        Err(failure) => refused(site, arrival, &failure),
    }
}

/// A refusal in the words of RFC 7591 §3.2.2; a wrong token in those of RFC 6750 §3.1.
fn refused(site: &Shared, arrival: &Arrival, failure: &Failure) -> Response {
    let Failure::Refused(refusal) = failure else {
        return oauth_error(site, arrival, failure);
    };
    let mut response = oauth_error(site, arrival, failure);
    let code = wire_code(refusal.reason);
    if code != refusal.code() {
        let told = json!({
            "error": code.as_str(),
            "error_description": refusal.reason.name(),
        });
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        return json_answer(status, &told);
    }
    if code == ErrorCode::InvalidToken {
        let challenge = HeaderValue::from_static("Bearer realm=\"register\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
