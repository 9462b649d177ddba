//! Sends requests with a fresh proof each, and learns the servers' nonces.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};

use http::HeaderValue;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde::Deserialize;
use url::Url;

use super::proof::Asked;
use super::{DpopKey, Nonces};
use crate::clock;
use crate::error::{Error, FetchError, TokenAnswerError};
use crate::http::Http;
use crate::strict;

/// The error by which a server asks for its nonce (RFC 9449 §8, §9).
const ASKS: &str = "use_dpop_nonce";

/// A sender of requests that belong together: one exchange and, where the server asks for its
/// nonce, one repetition. Without a key it only sends.
pub(crate) struct Proving<'a> {
    pub(crate) http: &'a Http,
    pub(crate) nonces: &'a Nonces,
    pub(crate) key: Option<&'a DpopKey>,
    /// The token that the proof is shown with at a resource.
    pub(crate) access_token: Option<&'a str>,
    sent: AtomicU8,
}

impl<'a> Proving<'a> {
    pub(crate) fn new(http: &'a Http, nonces: &'a Nonces, key: Option<&'a DpopKey>) -> Self {
        Self {
            http,
            nonces,
            key,
            access_token: None,
            sent: AtomicU8::new(0),
        }
    }

    pub(crate) fn showing(mut self, access_token: &'a str) -> Self {
        self.access_token = Some(access_token);
        self
    }

    /// Whether an answer with this error asks to send the request once more. Refuses with
    /// `dpop_nonce_missing` when the server asked without giving a nonce, and with
    /// `dpop_nonce_refused` when it asks a second time: a server that never has enough would
    /// otherwise keep this client busy for ever.
    pub(crate) fn must_repeat(&self, error: Option<&str>, url: &Url) -> Result<bool, Error> {
        if self.key.is_none() || error != Some(ASKS) {
            return Ok(false);
        }
        if self.sent.load(Ordering::Relaxed) > 1 {
            return Err(TokenAnswerError::NonceLoop.into());
        }
        match self.nonces.newest(url, clock::now()) {
            Some(_) => Ok(true),
            None => Err(TokenAnswerError::NonceMissing.into()),
        }
    }

    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| FetchError::Broken)?;
        if let Some(key) = self.key {
            let now = clock::now();
            let asked = Asked {
                method: request.method().as_str(),
                url: &url,
                access_token: self.access_token,
                nonce: self.nonces.newest(&url, now),
            };
            let proof = key.proof(asked, now).map_err(|_| FetchError::Broken)?;
            let proof = HeaderValue::from_str(&proof).map_err(|_| FetchError::Broken)?;
            request.headers_mut().insert("dpop", proof);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let answer = self.http.call(request).await?;
        self.nonces.learn(&url, answer.headers(), clock::now());
        Ok(answer)
    }

    async fn send_for_tokens(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let answer = self.send(request).await?;
        if answer.status() == http::StatusCode::OK && !strict::is_unique(answer.body()) {
            return Err(FetchError::Malformed);
        }
        Ok(answer)
    }

    /// Sends a request whose answer may be anything.
    pub(crate) async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        self.send(request).await
    }
}

/// For the token endpoint, by way of `oauth2`: an answer that names a member twice is refused.
impl<'c> AsyncHttpClient<'c> for Proving<'_> {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send_for_tokens(request))
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The error code of an answer: in its body (RFC 6749 §5.2) or its challenge (RFC 6750 §3).
pub(crate) fn error_of(answer: &HttpResponse) -> Option<String> {
    if answer.status().is_success() {
        return None;
    }
    let challenge = crate::step_up::challenge_error(answer.headers());
    challenge.or_else(|| strict::parse::<Refusal>(answer.body()).map(|refusal| refusal.error))
}
