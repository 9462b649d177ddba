//! Extractors that tell a handler who is there.

use std::convert::Infallible;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded;

use super::RelyingParty;
use crate::session::{Session, SessionKey};

/// The signed-in person's session; read it like a [`Session`].
///
/// Without one, a page request (GET or HEAD) is sent to `/login` and comes back afterwards; any
/// other request is answered 401, since its body could not be repeated.
#[derive(Clone, Debug)]
pub struct SignedIn {
    session: Session,
    key: SessionKey,
}

impl SignedIn {
    pub(crate) fn new(session: Session, key: SessionKey) -> Self {
        Self { session, key }
    }

    pub(crate) fn key(&self) -> &SessionKey {
        &self.key
    }
}

impl Deref for SignedIn {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    RelyingParty: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let relying_party = RelyingParty::from_ref(state);
        match relying_party.find(&parts.headers).await {
            Ok(Some(signed_in)) => Ok(signed_in),
            Ok(None) if matches!(parts.method, Method::GET | Method::HEAD) => {
                Err(Redirect::to(&login_address(&relying_party, parts)).into_response())
            }
            Ok(None) => Err(StatusCode::UNAUTHORIZED.into_response()),
            Err(error) => Err(relying_party.failed(&error)),
        }
    }
}

/// The address that the browser asked for, below the base URL.
pub(super) fn asked_for(parts: &Parts) -> &str {
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    uri.path_and_query().map_or("/", |p| p.as_str())
}

fn login_address(relying_party: &RelyingParty, parts: &Parts) -> String {
    let path = asked_for(parts);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", path)
        .finish();
    format!(
        "{}?{query}",
        relying_party.client.settings().address_of("/login")
    )
}

/// The signed-in person's session, or nothing. Never redirects; a store that fails counts as
/// nothing, and is logged.
#[derive(Clone, Debug)]
pub struct MaybeSignedIn(pub Option<SignedIn>);

impl<S> FromRequestParts<S> for MaybeSignedIn
where
    S: Send + Sync,
    RelyingParty: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let found = RelyingParty::from_ref(state).find(&parts.headers).await;
        Ok(Self(found.unwrap_or_else(|error| {
            tracing::error!(reason = error.reason(), "session not looked up");
            None
        })))
    }
}
