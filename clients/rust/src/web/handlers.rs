//! The four routes, each a short walk from request to response.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE,
};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use url::form_urlencoded;

use super::RelyingParty;
use crate::address::ReturnTo;
use crate::clock;
use crate::error::{CallbackError, Error, Fault, LogoutTokenError};
use crate::random;
use crate::session::{Session, SessionKey};
use crate::sign_in::{Callback, SignInRequest};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `GET /login`.
pub(super) async fn login(
    State(relying_party): State<RelyingParty>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let stated = |name| parameter(query.as_bytes(), name).ok().flatten();
    let return_to = stated("return_to").map(ReturnTo::from).unwrap_or_default();
    let mut wish = SignInRequest::returning_to(return_to);
    if let Some(locales) = stated("ui_locales") {
        wish = wish.ui_locales(&locales);
    }
    let begun = relying_party.begin(wish, &headers).await;
    begun.unwrap_or_else(|error| relying_party.failed(&error))
}

/// `GET /callback`.
pub(super) async fn callback(
    State(relying_party): State<RelyingParty>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let finished = relying_party
        .finish(&query.unwrap_or_default(), &headers)
        .await;
    finished.unwrap_or_else(|error| relying_party.failed(&error))
}

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

impl RelyingParty {
    async fn begin(&self, wish: SignInRequest, headers: &HeaderMap) -> Result<Response, Error> {
        let begun = self.client.begin(wish).await?;
        // Tabs of one browser share the secret, so that each may finish its own sign-in.
        let browser = match self.cookies.browser(headers) {
            Some(browser) => browser,
            None => random::token()?,
        };
        let key = SessionKey::of_pending(&browser, begun.pending.state());
        self.store.put_pending(key, begun.pending).await?;
        redirect(begun.url.as_str(), [self.cookies.set_browser(&browser)?])
    }

    async fn finish(&self, query: &str, headers: &HeaderMap) -> Result<Response, Error> {
        let callback = Callback::parse(query)?;
        let browser = self
            .cookies
            .browser(headers)
            .ok_or(CallbackError::StateUnknown)?;
        let key = SessionKey::of_pending(&browser, callback.state());
        let pending = self.store.take_pending(&key, clock::now()).await?;
        let pending = pending.ok_or(CallbackError::StateUnknown)?;
        let return_to = pending.return_to().clone();
        let session = self.client.finish(pending, &callback).await?;
        let secret = self.replace_session(session, headers).await?;
        let location = self.client.settings().address_of(return_to.as_str());
        redirect(&location, [self.cookies.set_session(&secret)?])
    }

    /// Keeps the session under a new secret; the browser's former one ends.
    async fn replace_session(
        &self,
        session: Session,
        headers: &HeaderMap,
    ) -> Result<String, Error> {
        if let Some(former) = self.cookies.session(headers) {
            self.store
                .take(&SessionKey::of_secret(&former), clock::now())
                .await?;
        }
        let secret = random::token()?;
        self.store
            .put(SessionKey::of_secret(&secret), session)
            .await?;
        Ok(secret)
    }

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

    /// Logs the reason and shows the error page.
    pub(super) fn failed(&self, error: &Error) -> Response {
        tracing::warn!(reason = error.reason(), %error, "signing in or out failed");
        let mut response = (self.error_page)(error);
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A redirect that no cache keeps and that tells the next site nothing of this one's address.
fn redirect<const N: usize>(location: &str, cookies: [HeaderValue; N]) -> Result<Response, Error> {
    let location = HeaderValue::from_str(location).map_err(|_| Fault::Request)?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The one form parameter of this name; an error when it occurs twice.
pub(super) fn parameter(form: &[u8], name: &str) -> Result<Option<String>, ()> {
    let mut values = form_urlencoded::parse(form).filter(|(found, _)| found == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        Err(())
    } else {
        Ok(value)
    }
}

/// The page of last resort: fixed words and the reason, which holds no stranger's text.
pub(super) fn plain_error_page(error: &Error) -> Response {
    let reason = error.reason();
    let page = format!(
        "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Đăng nhập không thành công</title>\
         <h1 id=\"error-message\">Đăng nhập không thành công</h1>\
         <p lang=\"en\">Signing in did not succeed.</p><p><code>{reason}</code></p>\
         <p><a href=\"login\">Thử lại · Try again</a></p></html>"
    );
    let mut response = (error.status(), Html(page)).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}
