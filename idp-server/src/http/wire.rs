//! Between axum and the core: bodies in, replies out, one table from code to status.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idp_core::base::fault::Fault;
use idp_core::base::refusal::{ErrorCode, Reason, Refusal};
use idp_core::flow::Failure;
use idp_core::oauth::params::{MAX_BYTES, Parameters};
use serde_json::{Value, json};

use super::context::{Arrival, Caller, text};
use super::cookies::{self, Name};
use super::site::Shared;
use crate::ui::pages::{BackLink, ErrorKind, ErrorPage, FormTarget, Page};
use crate::ui::{Locale, View};

/// The parameters of a request: of the query for GET, of a form body for POST. Read raw, so that
/// no extractor error ever reaches an OAuth client.
pub struct Form(pub Result<Parameters, Refusal>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        if request.method() != axum::http::Method::POST {
            let query = request.uri().query().unwrap_or("").to_owned();
            return Ok(Self(Parameters::parse(query.as_bytes())));
        }
        Ok(Self(read_form(request).await))
    }
}

/// A POST body that may be absent (userinfo with the token in the header).
pub struct OptionalForm(pub Result<Parameters, Refusal>);

impl<S: Send + Sync> FromRequest<S> for OptionalForm {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let form = is_form(&request);
        if request.method() != axum::http::Method::POST || !form {
            return Ok(Self(Ok(Parameters::default())));
        }
        Ok(Self(read_form(request).await))
    }
}

fn is_form(request: &Request) -> bool {
    let content_type = text(request.headers(), &header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn read_form(request: Request) -> Result<Parameters, Refusal> {
    if !is_form(&request) {
        return Err(Reason::BodyNotForm.into());
    }
    let body: Bytes = axum::body::to_bytes(request.into_body(), MAX_BYTES + 1)
        .await
        .map_err(|_| Refusal::new(Reason::BodyTooLarge))?;
    Parameters::parse(&body)
}

/// The fields of a form of ours: they came with the token that only this browser's pages hold.
///
/// # Errors
/// What was wrong with the body, or [`Reason::CrossSiteForm`].
pub fn own_form<'a>(
    caller: &Caller,
    body: &'a Result<Parameters, Refusal>,
) -> Result<&'a Parameters, Refusal> {
    let body = body.as_ref().map_err(|refusal| *refusal)?;
    caller.visitor.browser.check_form(body.find("csrf"))?;
    Ok(body)
}

/// Where a form of ours goes, in the page's language, and its token.
pub fn form_target(site: &Shared, caller: &Caller, to: &str) -> FormTarget {
    FormTarget {
        action: format!("{}{}", path(site, to), caller.language_query),
        csrf: caller.visitor.browser.form_token(),
    }
}

/// The longest query that a POST is turned into.
const LONGEST_QUERY: usize = 16 * 1024;

/// A JSON answer that no cache keeps.
pub fn json_answer(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A JWT (RFC 7519 §10.3.1) that no cache keeps.
pub fn jwt_answer(jwt: String) -> Response {
    let mut response = Response::new(Body::from(jwt));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwt"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A failure as an OAuth error (RFC 6749 §5.2).
pub fn oauth_error(site: &Shared, arrival: &Arrival, failure: &Failure) -> Response {
    let refusal = match failure {
        Failure::Refused(refusal) => {
            site.note_refusal(refusal.reason, arrival);
            *refusal
        }
        Failure::Fault(fault) => return oauth_fault(site, arrival, fault),
    };
    let value = json!({
        "error": refusal.code().as_str(),
        "error_description": refusal.reason.name(),
    });
    let mut response = json_answer(status(refusal.code()), &value);
    if refusal.code() == ErrorCode::InvalidClient {
        let basic = HeaderValue::from_static("Basic realm=\"token\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, basic);
    }
    retry_after(&mut response, &refusal);
    response
}

fn oauth_fault(site: &Shared, arrival: &Arrival, fault: &Fault) -> Response {
    site.note_fault(fault, arrival);
    let code = fault_code(fault);
    let value = json!({"error": code.as_str(), "error_description": arrival.request_id});
    let mut response = json_answer(status(code), &value);
    if fault.transient {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn fault_code(fault: &Fault) -> ErrorCode {
    if fault.transient {
        ErrorCode::TemporarilyUnavailable
    } else {
        ErrorCode::ServerError
    }
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

fn retry_after(response: &mut Response, refusal: &Refusal) {
    if let Some(seconds) = refusal.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
}

/// A page, with the browser's cookies where they are new.
pub fn page(site: &Shared, caller: &Caller, page: &impl Page) -> Response {
    page_with_status(site, caller, StatusCode::OK, page)
}

/// A page with another status than 200.
pub fn page_with_status(
    site: &Shared,
    caller: &Caller,
    status: StatusCode,
    page: &impl Page,
) -> Response {
    let html = site.pages.render(page, &caller.view);
    let mut response = (status, axum::response::Html(html.into_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let issuer = &site.provider.policy.issuer;
    if caller.is_new {
        let secret = caller.visitor.browser.secret();
        headers
            .extend(cookies::set(Name::Browser, secret, issuer).map(|c| (header::SET_COOKIE, c)));
    }
    if caller.chose_language {
        let tag = idp_core::base::secret::SecretText::new(caller.view.locale.tag().to_owned());
        let cookie = cookies::set(Name::Language, &tag, issuer);
        headers.extend(cookie.map(|c| (header::SET_COOKIE, c)));
    }
    response
}

/// A redirect of a browser, with its cookie where that is new. 303: a POST becomes a GET.
pub fn redirect(site: &Shared, caller: &Caller, to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        let fault = Fault::lasting("http", "an address cannot be written in a header");
        return fault_page(site, &caller.arrival, &fault);
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if caller.is_new {
        let secret = caller.visitor.browser.secret();
        let issuer = &site.provider.policy.issuer;
        headers
            .extend(cookies::set(Name::Browser, secret, issuer).map(|c| (header::SET_COOKIE, c)));
    }
    response
}

/// A cross-site POST brings no cookies along (`SameSite=Lax`), so a browser that has none is sent
/// to the same address with GET, where it brings them. `None` when there are cookies, when it is a
/// GET already, or when the parameters do not fit an address.
pub fn as_get(
    site: &Shared,
    caller: &Caller,
    to: &str,
    body: &Result<Parameters, Refusal>,
) -> Option<Response> {
    let query = body.as_ref().ok()?.to_query();
    let bare = caller.is_post && !caller.has_cookies && query.len() <= LONGEST_QUERY;
    bare.then(|| redirect(site, caller, &format!("{}?{query}", path(site, to))))
}

/// A failure as a page: a fixed phrase per kind, the request's id for the operator.
pub fn failure_page(site: &Shared, caller: &Caller, failure: &Failure) -> Response {
    failure_page_leading(site, caller, failure, None)
}

/// The same, with the way back to an application.
pub fn failure_page_leading(
    site: &Shared,
    caller: &Caller,
    failure: &Failure,
    application: Option<BackLink>,
) -> Response {
    let refusal = match failure {
        Failure::Fault(fault) => return fault_page_in(site, caller, fault),
        Failure::Refused(refusal) => refusal,
    };
    site.note_refusal(refusal.reason, &caller.arrival);
    let (kind, status) = kind_of(refusal.reason);
    let mut error = error_page(site, &caller.arrival, kind, refusal.retry_after);
    error.reason = Some(refusal.reason.name());
    error.application = application;
    let mut response = page_with_status(site, caller, status, &error);
    retry_after(&mut response, refusal);
    response
}

fn kind_of(reason: Reason) -> (ErrorKind, StatusCode) {
    match reason {
        Reason::ClientUnknown => (ErrorKind::UnknownClient, StatusCode::BAD_REQUEST),
        Reason::RedirectUriMissing
        | Reason::RedirectUriMismatch
        | Reason::LogoutRedirectMismatch => (ErrorKind::BadRedirectUri, StatusCode::BAD_REQUEST),
        Reason::PageExpired | Reason::PageAnswered | Reason::SessionOver => {
            (ErrorKind::ExpiredPage, StatusCode::BAD_REQUEST)
        }
        Reason::PushedRequestUnknown
        | Reason::PushedRequestExpired
        | Reason::PushedRequestAnswered => (ErrorKind::SpentRequest, StatusCode::BAD_REQUEST),
        Reason::CrossSiteForm | Reason::BrowserNotTheBeginner | Reason::AuthorizationEmbedded => {
            (ErrorKind::CrossSiteRequest, StatusCode::FORBIDDEN)
        }
        Reason::SignInThrottled => (ErrorKind::TooManyRequests, StatusCode::TOO_MANY_REQUESTS),
        Reason::TooManyUnfinished => (ErrorKind::TooManySignIns, StatusCode::TOO_MANY_REQUESTS),
        Reason::SignInBusy => (ErrorKind::ServerBusy, StatusCode::SERVICE_UNAVAILABLE),
        Reason::NotFoundHere => (ErrorKind::NotFound, StatusCode::NOT_FOUND),
        _ => (ErrorKind::MalformedRequest, StatusCode::BAD_REQUEST),
    }
}

fn fault_page_in(site: &Shared, caller: &Caller, fault: &Fault) -> Response {
    site.note_fault(fault, &caller.arrival);
    let kind = if fault.transient {
        ErrorKind::ServerBusy
    } else {
        ErrorKind::Internal
    };
    let error = error_page(site, &caller.arrival, kind, None);
    page_with_status(site, caller, status(fault_code(fault)), &error)
}

/// A fault before the caller's cookies and language were read.
pub fn fault_page(site: &Shared, arrival: &Arrival, fault: &Fault) -> Response {
    site.note_fault(fault, arrival);
    let error = error_page(site, arrival, ErrorKind::Internal, None);
    let html = site.pages.render(&error, &View::from(Locale::Vi));
    (
        status(fault_code(fault)),
        axum::response::Html(html.into_string()),
    )
        .into_response()
}

fn error_page(
    site: &Shared,
    arrival: &Arrival,
    kind: ErrorKind,
    retry_after: Option<u32>,
) -> ErrorPage {
    ErrorPage {
        kind,
        reason: None,
        request_id: Some(arrival.request_id.clone()),
        at: chrono::DateTime::from_timestamp_millis(site.clock.now().millis()),
        retry_after,
        application: None,
        home_path: Some(path(site, "/")),
    }
}

/// The path of a page of ours with a query.
pub fn path_with(site: &Shared, to: &str, query: &[(&str, &str)]) -> String {
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query);
    format!("{}?{}", path(site, to), written.finish())
}

/// The path of a page of ours with one parameter, in the language that the query of this request
/// chose.
pub fn path_in_language(
    site: &Shared,
    caller: &Caller,
    to: &str,
    (name, value): (&str, &str),
) -> String {
    let language = caller.language_query.replacen('?', "&", 1);
    format!("{}{language}", path_with(site, to, &[(name, value)]))
}

/// The path of a page of ours, below the issuer's own path.
pub fn path(site: &Shared, path: &str) -> String {
    format!("{}{path}", site.provider.policy.issuer.path())
}
