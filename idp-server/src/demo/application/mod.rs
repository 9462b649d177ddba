//! The two invented applications of the demonstration: relying parties like any other.
//!
//! They know the provider only by the wire, through the crate `idp-relying-party`, and differ from
//! each other in name, colour and icon alone.

mod markup;
mod page;
mod texts;
mod theme;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Request, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use idp_relying_party::web::{MaybeSignedIn, RelyingParty, SignedIn};
use idp_relying_party::{ClientAuthentication, Settings};
use url::Url;

use page::Frame;
use texts::Language;
pub use theme::Theme;

/// Cookie of the chosen language; cookies know no ports, so both applications share the choice.
const LANGUAGE_COOKIE: &str = "demo-lang";

/// One of the demonstration's applications. Printing does not show the secret.
#[derive(Clone)]
pub struct Application {
    /// Name shown everywhere; a proper name, the same in every language.
    pub name: String,
    /// The provider's issuer identifier. A bare `/` as its path counts as no path, since the type
    /// cannot hold `http://localhost:8080` without it.
    pub issuer: Url,
    /// Where browsers reach this application.
    pub base_url: Url,
    /// Client identifier registered at the provider.
    pub client_id: String,
    /// Secret for `client_secret_basic`.
    pub client_secret: String,
    /// Colour and icon.
    pub theme: Theme,
    /// The other application, linked from this one.
    pub other: Option<OtherApplication>,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("name", &self.name)
            .field("base_url", &self.base_url.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A link to the application that needs no second sign-in.
#[derive(Clone, Debug)]
pub struct OtherApplication {
    /// Name shown on the link.
    pub name: String,
    /// Its front page.
    pub url: Url,
}

/// Why an application of the demonstration could not run.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The addresses or credentials are unusable.
    #[error(transparent)]
    Settings(#[from] idp_relying_party::Error),
    /// The socket failed.
    #[error("the application's socket failed: {0}")]
    Socket(#[from] std::io::Error),
}

#[derive(Clone)]
struct Served {
    application: Arc<Application>,
    relying_party: RelyingParty,
}

impl FromRef<Served> for RelyingParty {
    fn from_ref(served: &Served) -> Self {
        served.relying_party.clone()
    }
}

/// Serves `application` on `listener` until `shutdown` completes; requests under way are finished.
///
/// The provider need not answer yet: it is discovered when the first person signs in. Refuses with
/// the relying party's settings reasons, or when the socket fails.
pub async fn serve(
    application: Application,
    listener: tokio::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ApplicationError> {
    let routes = routes(application)?;
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown)
        .await?;
    Ok(())
}

fn routes(application: Application) -> Result<Router, ApplicationError> {
    let application = Arc::new(application);
    let shown = Arc::clone(&application);
    let relying_party = RelyingParty::new(settings(&application)?)?
        .with_error_page(move |error| page::refused(&shown, error));
    let policy = policy(&application);
    Ok(Router::new()
        .route("/", get(home))
        .route("/signed-out", get(signed_out))
        .route("/app.css", get(style))
        .route("/icon.svg", get(icon))
        .merge(relying_party.routes())
        .layer(middleware::from_fn(
            move |request: Request<axum::body::Body>, next: Next| {
                let policy = policy.clone();
                async move { guarded(next.run(request).await, policy) }
            },
        ))
        .with_state(Served {
            application,
            relying_party,
        }))
}

fn settings(application: &Application) -> Result<Settings, idp_relying_party::Error> {
    let issuer = application.issuer.as_str();
    let issuer = if application.issuer.path() == "/" {
        issuer.trim_end_matches('/')
    } else {
        issuer
    };
    Settings::new(
        issuer,
        &application.client_id,
        application.base_url.as_str(),
    )?
    .authentication(ClientAuthentication::secret_basic(
        &application.client_secret,
    ))
    .scopes(["profile", "email", "roles", "unit"])
    .signed_out_path("/signed-out")
}

/// Browsers apply `form-action` to redirects too: signing out is a form here whose answer leads to
/// the provider.
fn policy(application: &Application) -> String {
    let issuer = application.issuer.origin().ascii_serialization();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {issuer}; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

fn guarded(mut response: Response, policy: String) -> Response {
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let referrer = HeaderValue::from_static("same-origin");
    headers.entry(REFERRER_POLICY).or_insert(referrer);
    response
}

async fn home(
    State(served): State<Served>,
    MaybeSignedIn(signed_in): MaybeSignedIn,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::chosen(query.as_deref(), &headers);
    shown(&served, signed_in.as_ref(), ("/", language), page::welcome)
}

async fn signed_out(
    State(served): State<Served>,
    MaybeSignedIn(signed_in): MaybeSignedIn,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::chosen(query.as_deref(), &headers);
    // Somebody who signed in again meanwhile and comes back to this address is not signed out.
    let place = ("/signed-out", language);
    shown(&served, signed_in.as_ref(), place, page::signed_out)
}

/// The page of whoever is signed in, or else another one.
fn shown(
    served: &Served,
    signed_in: Option<&SignedIn>,
    (path, language): (&'static str, Language),
    otherwise: fn(&Frame<'_>) -> String,
) -> Response {
    let frame = Frame {
        application: &served.application,
        language,
        path,
    };
    let page = signed_in.map_or_else(
        || otherwise(&frame),
        |session| page::signed_in(&frame, session),
    );
    fresh(page, language)
}

/// A page about somebody's session is nobody else's, and not for later either.
fn fresh(page: String, language: Language) -> Response {
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(SET_COOKIE, HeaderValue::from_static(language.cookie()));
    response
}

async fn style(State(served): State<Served>) -> Response {
    asset(
        "text/css; charset=utf-8",
        theme::style(served.application.theme),
    )
}

async fn icon(State(served): State<Served>) -> Response {
    asset(
        "image/svg+xml",
        theme::icon(served.application.theme).to_owned(),
    )
}

fn asset(kind: &'static str, body: String) -> Response {
    let headers: [(HeaderName, &'static str); 2] =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300")];
    (StatusCode::OK, headers, body).into_response()
}

/// The language cookie's value, if there is one.
fn language_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == LANGUAGE_COOKIE).then_some(value))
}
