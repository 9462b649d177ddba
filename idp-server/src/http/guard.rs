//! Headers on every answer, and what is refused before a handler runs.

use std::collections::BTreeSet;

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

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

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

/// Lets the one script of a page run and speak to signing agents of the person's own machine, and its
/// form lead on to `origin`, which was proved.
pub fn signs_with(
    mut response: Response,
    origin: Option<&str>,
    (script, agents): (&str, &[&str]),
) -> Response {
    let form = format!("form-action 'self' {}", origin.unwrap_or_default());
    let connect = match agents {
        [] => String::new(),
        agents => format!("; connect-src {}", agents.join(" ")),
    };
    let more = format!("{}; script-src {script}{connect}", form.trim_end());
    if let Ok(policy) = PAGE_POLICY.replace("form-action 'self'", &more).parse() {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Lets this page hold frames from these origins and from nowhere else; only origins of registered
/// addresses may be named. A frame that is redirected to another origin stays empty.
pub fn frames_from(mut response: Response, origins: &BTreeSet<&str>) -> Response {
    if origins.is_empty() {
        return response;
    }
    let origins: Vec<&str> = origins.iter().copied().collect();
    let policy = format!("{PAGE_POLICY}; frame-src {}", origins.join(" "));
    if let Ok(policy) = policy.parse() {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Set on a response that may stand in a frame, so that no older header forbids it.
#[derive(Clone, Copy)]
struct Framed;

/// Lets a page of one origin hold this one in a frame, and its one script run.
pub fn framed_by(mut response: Response, origin: &str, script: &str) -> Response {
    let policy = format!(
        "default-src 'none'; script-src {script}; form-action 'none'; \
         frame-ancestors {origin}; base-uri 'none'"
    );
    let Ok(policy) = policy.parse() else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    // A framing page that isolates itself (COEP) takes only what says that it may be taken.
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response.extensions_mut().insert(Framed);
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
        (RESOURCE_POLICY, "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
    ];
    let framed = response.extensions().get::<Framed>().is_some();
    let headers = response.headers_mut();
    // Growing once instead of three times; every answer gets all of these.
    headers.reserve(fixed.len() + 3);
    for (name, value) in fixed {
        if framed && name == header::X_FRAME_OPTIONS {
            continue;
        }
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
