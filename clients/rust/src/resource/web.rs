//! The axum layer of a resource server.

use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Caller, Presented, Required};
use crate::error::Error;

/// The TLS client's certificate in DER. Whatever terminates TLS puts it into the request's
/// extensions; a header that callers could send themselves is no such thing.
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub Vec<u8>);

/// Lets requests through whose token is what `required` says, and answers the others with the
/// right challenge. Use it with [`axum::middleware::from_fn_with_state`] and
/// [`ResourceServer::requiring`](super::ResourceServer::requiring); handlers behind it take a
/// [`Caller`].
pub async fn guard(State(required): State<Required>, mut request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let authorized = authorize(&required, &parts).await;
    request = Request::from_parts(parts, body);
    match authorized {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => refused(&required, &error),
    }
}

async fn authorize(required: &Required, parts: &Parts) -> Result<Caller, Error> {
    let uri = parts.extensions.get::<OriginalUri>();
    let path = uri.map_or(parts.uri.path(), |original| original.0.path());
    let certificate = parts.extensions.get::<ClientCertificate>();
    let presented = Presented {
        method: parts.method.as_str(),
        path,
        headers: &parts.headers,
        certificate: certificate.map(|c| c.0.as_slice()),
    };
    required.authorize(&presented).await
}

fn refused(required: &Required, error: &Error) -> Response {
    let (status, challenges) = required.challenge(error);
    tracing::info!(reason = error.reason(), "access refused");
    let mut response = (status, error.reason()).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let fields = challenges
        .iter()
        .filter_map(|c| HeaderValue::from_str(c).ok());
    for field in fields {
        headers.append(WWW_AUTHENTICATE, field);
    }
    let nonce = required.server().nonce();
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
        headers.insert(HeaderName::from_static("dpop-nonce"), nonce);
    }
    response
}

/// The caller that [`guard`] let through. A route without the guard answers 500: a handler that
/// asks who calls must never run unasked.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| {
            tracing::error!("a handler takes a Caller on a route without the guard");
            StatusCode::INTERNAL_SERVER_ERROR
        })
    }
}
