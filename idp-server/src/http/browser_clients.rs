//! What script in a browser needs to use the endpoints of clients from its own origin: CORS without
//! cookies, and the next DPoP nonce.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::site::Shared;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Lets pages of any origin ask, and read the answer (Fetch §3.2). What counts at these endpoints
/// travels in the body and in headers that a page must hold itself; cookies are neither sent under
/// `*` nor looked at, so that a page learns nothing that it did not bring.
pub async fn cors(request: Request, next: Next) -> Response {
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if preflight {
        set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
        let allowed = "authorization, content-type, dpop";
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        set(header::ACCESS_CONTROL_MAX_AGE, "3600");
    } else {
        let exposed = "dpop-nonce, www-authenticate, retry-after";
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// Tells who sent a DPoP proof the nonce of the next one, where proofs must hold one
/// (RFC 9449 §8.2).
pub async fn next_nonce(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let proves = request.headers().contains_key(DPOP);
    let mut response = next.run(request).await;
    if !proves {
        return response;
    }
    // Without a nonce the next request is refused with one; a fault here fails nobody.
    if let Ok(Some(nonce)) = site.provider.dpop_nonce(site.clock.now()).await
        && let Ok(value) = HeaderValue::from_str(&nonce)
    {
        response.headers_mut().insert(DPOP_NONCE, value);
    }
    response
}

/// Every DPoP header of a request, one that is no text included: it is no proof.
pub fn proofs(headers: &HeaderMap) -> Vec<String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.get_all(DPOP).iter().map(text).collect()
}
