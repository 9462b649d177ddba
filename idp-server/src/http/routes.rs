//! The URL map.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use idp_core::base::refusal::Reason;
use idp_core::base::secret::Digest;
use idp_core::flow::Failure;
use tower_http::catch_panic::CatchPanicLayer;

use super::browser_clients::{cors, next_nonce};
use super::context::{Caller, arrive};
use super::site::Shared;
use super::{
    access, account, certificate, certificates, check_session, device, guard, health, oauth,
    questions, register, sign_in, sign_out, well_known, wire,
};

/// Every route of the public server, below the issuer's path.
pub fn router(site: &Shared) -> Router {
    let all = pages().merge(protocol(site)).fallback(missing);
    let nested = match site.provider.policy.issuer.path() {
        "" => all,
        // RFC 8414 §3.1 puts the document of an issuer with a path below the host's root.
        path => {
            let document = format!("/.well-known/oauth-authorization-server{path}");
            let root = Router::new().route(&document, get(well_known::metadata));
            root.nest(path, all).fallback(missing)
        }
    };
    nested
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(site.clone(), guard::headers))
        .layer(middleware::from_fn_with_state(site.clone(), arrive))
        .with_state(site.clone())
}

/// The routes of the listener at which clients show certificates (RFC 8705 §5): what clients call by
/// themselves, and nothing for people.
pub fn for_certificates(site: &Shared) -> Router {
    let all = for_clients(site);
    let nested = match mutual_path(site) {
        "" => all,
        path => Router::new().nest(path, all),
    };
    nested
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(site.clone(), guard::headers))
        .layer(middleware::from_fn_with_state(site.clone(), arrive))
        .with_state(site.clone())
}

/// The path of the address at which clients show certificates.
fn mutual_path(site: &Shared) -> &str {
    let mutual = site.provider.policy.mutual_tls.as_ref();
    mutual.map_or("", |mutual| mutual.url.path())
}

/// What people see.
fn pages() -> Router<Shared> {
    let password = || get(account::ask_password).post(account::set_password);
    Router::new()
        .route("/", get(account::home))
        .route("/sign-in", get(sign_in::ask).post(sign_in::submit))
        .route(
            sign_in::CERTIFICATE,
            get(certificate::ask).post(certificate::submit),
        )
        .route(
            "/choose-position",
            get(questions::ask_position).post(questions::choose_position),
        )
        .route(
            "/consent",
            get(questions::ask_consent).post(questions::answer_consent),
        )
        .route("/device", get(device::ask).post(device::submit))
        .route("/device/answer", post(device::answer))
        .route("/device/qr", get(device::picture))
        .route("/activate", password())
        .route("/password/change", password())
        .route("/password/forgotten", get(account::forgotten))
        .route("/account/access", get(access::show))
        .route("/account/withdraw", post(access::withdraw))
        .route("/account/end-session", post(access::end_session))
        .route("/sign-out", get(sign_out::begin).post(sign_out::begin))
        .route("/sign-out/confirm", post(sign_out::confirm))
        .route("/signed-out", get(sign_out::signed_out))
        .route("/assets/{name}", get(asset))
        .route("/branding/logo", get(logo))
        .route("/client-logo/{digest}", get(client_logo))
}

/// What applications use.
fn protocol(site: &Shared) -> Router<Shared> {
    for_clients(site).merge(for_browsers())
}

/// What applications call by themselves.
fn for_clients(site: &Shared) -> Router<Shared> {
    let nonces = middleware::from_fn_with_state(site.clone(), next_nonce);
    Router::new()
        .merge(for_pages().layer(middleware::from_fn(cors)))
        .merge(for_servers())
        .layer(nonces)
}

/// Endpoints that pages of other origins may ask as well.
fn for_pages() -> Router<Shared> {
    Router::new()
        .route("/par", post(oauth::par))
        .route("/token", post(oauth::token))
        .route("/userinfo", get(oauth::userinfo).post(oauth::userinfo))
        .route("/revoke", post(oauth::revoke))
        .route("/device_authorization", post(device::authorize))
}

/// Endpoints of clients that keep a secret, and of those that register themselves.
fn for_servers() -> Router<Shared> {
    Router::new()
        .route("/introspect", post(oauth::introspect))
        .route("/api/certificates", get(certificates::list))
        .route("/api/certificates/verify", post(certificates::verify))
        .route("/register", post(register::create))
        .route(
            "/register/{client}",
            get(register::read)
                .put(register::replace)
                .delete(register::remove),
        )
}

/// Where browsers are sent, and public documents.
fn for_browsers() -> Router<Shared> {
    Router::new()
        .route("/authorize", get(oauth::authorize).post(oauth::authorize))
        .route("/authorize/resume", get(oauth::resume))
        .route("/jwks", get(well_known::jwks))
        .route("/check-session", get(check_session::show))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::metadata),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(well_known::metadata),
        )
}

async fn asset(State(site): State<Shared>, Path(name): Path<String>) -> Response {
    let Some(file) = site.pages.static_file(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = file.bytes.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type),
    );
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, forever);
    if let Ok(etag) = file.etag.parse() {
        headers.insert(header::ETAG, etag);
    }
    response
}

async fn logo(State(site): State<Shared>) -> Response {
    let Some(logo) = &site.logo else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, logo.content_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        // An SVG opened by itself must not run anything in our origin.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    (headers, logo.bytes.clone()).into_response()
}

/// A picture of an application. It never changes under its address; opened by itself it can do
/// nothing, whatever a browser takes it for.
async fn client_logo(State(site): State<Shared>, Path(digest): Path<String>) -> Response {
    let found = match Digest::from_base64url(&digest) {
        Some(digest) => site.provider.client_logo(digest).await,
        None => Ok(None),
    };
    let Ok(Some(logo)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, logo.media_type()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
    ];
    (headers, logo.into_bytes()).into_response()
}

async fn missing(State(site): State<Shared>, caller: Caller) -> Response {
    wire::failure_page(&site, &caller, &Failure::from(Reason::NotFoundHere))
}
