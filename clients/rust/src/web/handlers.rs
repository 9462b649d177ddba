//! Signing in: the routes, each a short walk from request to response.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use axum::response::{Html, IntoResponse, Response};
use url::form_urlencoded;

use super::RelyingParty;
use crate::address::ReturnTo;
use crate::clock;
use crate::error::{CallbackError, Error, Fault};
use crate::random;
use crate::session::{Session, SessionKey};
use crate::sign_in::SignInRequest;

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
        .finish(&query.unwrap_or_default(), false, &headers)
        .await;
    finished.unwrap_or_else(|error| relying_party.failed(&error))
}

/// `POST /callback` (OAuth 2.0 Form Post Response Mode).
pub(super) async fn callback_form(
    State(relying_party): State<RelyingParty>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = String::from_utf8_lossy(&body);
    let finished = relying_party.finish(&form, true, &headers).await;
    finished.unwrap_or_else(|error| relying_party.failed(&error))
}

/// `GET /client-keys`: the client's public keys, behind its registered `jwks_uri`.
pub(super) async fn client_keys(State(relying_party): State<RelyingParty>) -> Response {
    let mut response = Json(relying_party.client.settings().public_keys()).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/jwk-set+json");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}

impl RelyingParty {
    /// Sends the browser to the provider with `wish`; its former session, if any, ends when the
    /// sign-in succeeds.
    pub(super) async fn begin(
        &self,
        mut wish: SignInRequest,
        headers: &HeaderMap,
    ) -> Result<Response, Error> {
        // Remembered now: an answer by form comes without the session cookie.
        if let Some(former) = self.cookies.session(headers) {
            wish = wish.replacing(SessionKey::of_secret(&former));
        }
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

    async fn finish(
        &self,
        parameters: &str,
        by_form: bool,
        headers: &HeaderMap,
    ) -> Result<Response, Error> {
        if by_form != self.client.settings().response_mode.is_form() {
            return Err(CallbackError::Mode.into());
        }
        let callback = self.client.read_callback(parameters).await?;
        let browser = self
            .cookies
            .browser(headers)
            .ok_or(CallbackError::StateUnknown)?;
        let key = SessionKey::of_pending(&browser, callback.state());
        let pending = self.store.take_pending(&key, clock::now()).await?;
        let pending = pending.ok_or(CallbackError::StateUnknown)?;
        let location = self
            .client
            .settings()
            .address_of(pending.return_to().as_str());
        let former = pending.replaces().cloned();
        let session = self.client.finish(pending, &callback).await?;
        let secret = self.replace_session(session, former, headers).await?;
        redirect(&location, [self.cookies.set_session(&secret)?])
    }

    /// Keeps the session under a new secret; the browser's former ones end. Refuses with
    /// `session_ended` when the provider ended it meanwhile.
    async fn replace_session(
        &self,
        session: Session,
        former: Option<SessionKey>,
        headers: &HeaderMap,
    ) -> Result<String, Error> {
        let by_cookie = self.cookies.session(headers);
        let by_cookie = by_cookie.map(|secret| SessionKey::of_secret(&secret));
        for key in former.into_iter().chain(by_cookie) {
            self.store.take(&key, clock::now()).await?;
        }
        let secret = random::token()?;
        let key = SessionKey::of_secret(&secret);
        if self.store.put(key, session).await? {
            Ok(secret)
        } else {
            Err(Error::SessionEnded)
        }
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
pub(super) fn redirect<const N: usize>(
    location: &str,
    cookies: [HeaderValue; N],
) -> Result<Response, Error> {
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
