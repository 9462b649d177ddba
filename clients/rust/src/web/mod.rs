//! Signing people in to an axum 0.8 application.
//!
//! [`RelyingParty::routes`] answers `/login`, `/callback`, `/logout` and the provider's demands;
//! the extractors [`SignedIn`], [`MaybeSignedIn`] and [`SteppedUp`] tell handlers who is there and
//! how strongly that person signed in.

mod cookies;
mod extract;
mod handlers;
mod logout;
mod refresh;
mod step_up;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};

use crate::client::Client;
use crate::clock;
use crate::error::Error;
use crate::random;
use crate::session::{MemoryStore, SessionKey, SessionStore};
use crate::settings::Settings;

use cookies::Cookies;
pub use extract::{MaybeSignedIn, SignedIn};
use refresh::Turns;
pub use step_up::{StepUp, SteppedUp};

/// Largest form taken from the provider or by way of the browser, in bytes.
const BODY_MAX: usize = 32 * 1024;

type ErrorPage = Arc<dyn Fn(&Error) -> Response + Send + Sync>;

/// A [`Client`] with sessions, cookies and routes. Cheap to clone; make it (part of) the axum
/// state.
#[derive(Clone)]
pub struct RelyingParty {
    client: Client,
    store: Arc<dyn SessionStore>,
    cookies: Arc<Cookies>,
    turns: Arc<Turns>,
    error_page: ErrorPage,
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty")
            .field("client", &self.client)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl RelyingParty {
    /// A relying party whose sessions live in this process's memory. Refuses as [`Client::new`].
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Self::with_store(settings, Arc::new(MemoryStore::default()))
    }

    /// A relying party over another session store. Refuses as [`Client::new`].
    pub fn with_store(settings: Settings, store: Arc<dyn SessionStore>) -> Result<Self, Error> {
        let cookies = Arc::new(Cookies::new(&settings));
        let client = Client::new(settings)?;
        let error_page: ErrorPage = Arc::new(handlers::plain_error_page);
        Ok(Self {
            client,
            store,
            cookies,
            turns: Arc::default(),
            error_page,
        })
    }

    /// Replaces the page that people see when signing in fails. The plain one shows a sentence,
    /// the reason and a link to try again.
    #[must_use]
    pub fn with_error_page<F>(mut self, page: F) -> Self
    where
        F: Fn(&Error) -> Response + Send + Sync + 'static,
    {
        self.error_page = Arc::new(page);
        self
    }

    /// The protocol client underneath.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The routes to merge into the application:
    ///
    /// | route | does |
    /// |---|---|
    /// | `GET /login?return_to=/path&ui_locales=vi` | begins a sign-in; both parameters are optional |
    /// | `GET /callback` | finishes it under a new session, returns to the path |
    /// | `POST /logout` | ends the session here, then at the provider; same-site forms only |
    /// | `POST /callback` | the same for answers by form |
    /// | `POST /backchannel-logout` | ends sessions on the provider's demand |
    /// | `GET /frontchannel-logout` | the same through the browser, where the settings accept it |
    /// | `GET /client-keys` | the client's public keys, for its registered `jwks_uri` |
    ///
    /// Register base URL + `/callback` as `redirect_uri`, + `/backchannel-logout` as
    /// `backchannel_logout_uri`, + [`Settings::signed_out_path`] as `post_logout_redirect_uri`.
    pub fn routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
        Self: FromRef<S>,
    {
        let limit = || DefaultBodyLimit::max(BODY_MAX);
        Router::new()
            .route("/login", get(handlers::login))
            .route(
                "/callback",
                get(handlers::callback)
                    .post(handlers::callback_form)
                    .layer(limit()),
            )
            .route("/logout", post(logout::logout))
            .route(
                "/backchannel-logout",
                post(logout::backchannel_logout).layer(limit()),
            )
            .route("/frontchannel-logout", get(logout::frontchannel_logout))
            .route("/client-keys", get(handlers::client_keys))
    }

    /// Who sent this request, if the cookie names a living session; marks the session as used.
    pub async fn find(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Error> {
        let Some(secret) = self.cookies.session(headers) else {
            return Ok(None);
        };
        let key = SessionKey::of_secret(&secret);
        let found = self.store.find(&key, clock::now()).await?;
        Ok(found.map(|session| SignedIn::new(session, key)))
    }

    /// True when this request to the signed-out page comes from the logout that this browser
    /// began here: the query's `state` is the one sent along. Only the wording of the page may
    /// depend on it.
    #[must_use]
    pub fn returned_from_logout(&self, headers: &HeaderMap, query: &str) -> bool {
        let stated = handlers::parameter(query.as_bytes(), "state")
            .ok()
            .flatten();
        match (self.cookies.signing_out(headers), stated) {
            (Some(kept), Some(stated)) => random::digest(&kept) == random::digest(&stated),
            _ => false,
        }
    }
}
