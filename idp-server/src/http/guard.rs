//! Headers on every answer, and what is refused before a handler runs.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::site::Shared;
use crate::ui::pages::FormPostPage;

/// The policy of a page (security sentence 6, clickjacking): nothing from elsewhere, nothing
/// inline, no framing, and forms only to this server.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Lets the form of this page lead on to `origin`. Browsers apply `form-action` to the redirects
/// that follow a form, and the answer of a question leads back to the relying party; only an
/// origin that was proved may be named.
pub fn leads_to(mut response: Response, origin: Option<&str>) -> Response {
    let Some(origin) = origin else {
        return response;
    };
    let policy = PAGE_POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' {origin}"),
    );
    if let Ok(policy) = policy.parse() {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Lets the one script of a page that posts an answer run, and its form go to `origin`, which was
/// proved (OAuth 2.0 Form Post Response Mode).
pub fn posts_to(mut response: Response, origin: &str) -> Response {
    let script = FormPostPage::script_source();
    let policy = PAGE_POLICY.replace(
        "form-action 'self'",
        &format!("script-src {script}; form-action {origin}"),
    );
    if let Ok(policy) = policy.parse() {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Whether a page of somebody else's brought the request along as an image, a frame or a script.
/// Browsers say what a request is for (Fetch Metadata, `Sec-Fetch-Dest`); who says nothing is
/// taken for a page of its own.
pub fn is_embedded(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .is_some_and(|purpose| purpose != "document")
}

/// Sets the security headers; a handler's own value stays.
pub async fn headers(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if site.provider.policy.issuer.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(year);
    }
    response
}
