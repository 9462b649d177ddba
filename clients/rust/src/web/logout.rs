//! Signing out: the routes, each a short walk from request to response.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use url::Url;

use super::RelyingParty;
use super::handlers::{parameter, redirect};
use crate::clock;
use crate::error::{CallbackError, Error, LogoutTokenError};
use crate::session::SessionKey;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `POST /logout`.
pub(super) async fn logout(
    State(relying_party): State<RelyingParty>,
    headers: HeaderMap,
) -> Response {
    let ended = relying_party.sign_out(&headers).await;
    ended.unwrap_or_else(|error| relying_party.failed(&error))
}

/// `POST /backchannel-logout` (Back-Channel Logout 1.0 §2.5, §2.8).
pub(super) async fn backchannel_logout(
    State(relying_party): State<RelyingParty>,
    body: Bytes,
) -> Response {
    let mut response = match relying_party.end_on_demand(&body).await {
        Ok(ended) => {
            tracing::info!(ended, "back-channel logout");
            StatusCode::OK.into_response()
        }
        Err(error) => {
            tracing::warn!(reason = error.reason(), "back-channel logout refused");
            let text = json!({"error": "invalid_request", "error_description": error.reason()});
            (StatusCode::BAD_REQUEST, Json(text)).into_response()
        }
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `GET /frontchannel-logout` (Front-Channel Logout 1.0 §2): a frame on the provider's page, which
/// no other site may show.
pub(super) async fn frontchannel_logout(
    State(relying_party): State<RelyingParty>,
    RawQuery(query): RawQuery,
) -> Response {
    let ended = relying_party
        .end_by_browser(&query.unwrap_or_default())
        .await;
    let mut response = match ended {
        Ok(ended) => {
            tracing::info!(ended, "front-channel logout");
            StatusCode::OK.into_response()
        }
        Err(error) => {
            tracing::warn!(reason = error.reason(), "front-channel logout refused");
            (error.status(), error.reason()).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(policy) = relying_party.frame_policy() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl RelyingParty {
    /// Ends the session here first: whatever becomes of the provider, this application is left.
    async fn sign_out(&self, headers: &HeaderMap) -> Result<Response, Error> {
        self.check_same_site(headers)?;
        let session = match self.cookies.session(headers) {
            Some(secret) => {
                self.store
                    .take(&SessionKey::of_secret(&secret), clock::now())
                    .await?
            }
            None => None,
        };
        let gone = self.cookies.end_session()?;
        let settings = self.client.settings();
        let here = settings.address_of(settings.signed_out_path.as_str());
        if session.is_none() {
            return redirect(&here, [gone]);
        }
        match self.client.logout_redirect(session.as_ref()).await {
            Ok(Some(logout)) => {
                let state = self.cookies.set_signing_out(&logout.state)?;
                redirect(logout.url.as_str(), [gone, state])
            }
            Ok(None) => redirect(&here, [gone]),
            Err(error) => {
                tracing::warn!(
                    reason = error.reason(),
                    "signed out here, not at the provider"
                );
                redirect(&here, [gone])
            }
        }
    }

    /// A form of another site must not sign people out. Browsers state the site of origin; where
    /// neither header comes along, the session cookie's SameSite attribute has already decided.
    fn check_same_site(&self, headers: &HeaderMap) -> Result<(), Error> {
        let same = if let Some(site) = headers.get(FETCH_SITE) {
            site == "same-origin" || site == "none"
        } else if let Some(origin) = headers.get(ORIGIN) {
            let own = self
                .client
                .settings()
                .base_url
                .origin()
                .ascii_serialization();
            origin.as_bytes() == own.as_bytes()
        } else {
            true
        };
        if same {
            Ok(())
        } else {
            Err(CallbackError::CrossSite.into())
        }
    }

    async fn end_on_demand(&self, body: &[u8]) -> Result<usize, Error> {
        let token = parameter(body, "logout_token").map_err(|()| LogoutTokenError::Missing)?;
        let token = token.ok_or(LogoutTokenError::Missing)?;
        let notice = self.client.verify_logout_token(&token).await?;
        let ended = self.store.end(&notice).await;
        if ended.is_err() {
            self.client.forget_logout(&notice);
        }
        Ok(ended?)
    }

    /// Ends sessions by `sid` alone: a frame of another site comes without the session cookie.
    async fn end_by_browser(&self, query: &str) -> Result<usize, Error> {
        let notice = self.client.read_frontchannel_logout(query)?;
        Ok(self.store.end(&notice).await?)
    }

    fn frame_policy(&self) -> Option<HeaderValue> {
        let issuer = Url::parse(&self.client.settings().issuer).ok()?;
        let origin = issuer.origin().ascii_serialization();
        let policy = format!("default-src 'none'; frame-ancestors {origin}");
        HeaderValue::from_str(&policy).ok()
    }
}
