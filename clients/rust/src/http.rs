//! The crate's only HTTP client: short timeouts, bounded answers, no redirects.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::error::{Error, FetchError, SettingsError};

/// Largest answer read from a provider, in bytes. Metadata, key sets and token responses of real
/// providers stay far below.
const ANSWER_MAX: usize = 512 * 1024;
/// Time to open a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a whole exchange unless the settings say otherwise.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How connections are made.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) timeout: Duration,
    pub(crate) trust_anchors: Vec<reqwest::Certificate>,
    /// The certificate shown to servers that ask for one (RFC 8705).
    pub(crate) identity: Option<reqwest::Identity>,
    /// The provider is on this machine.
    pub(crate) local: bool,
}

/// Sends requests to the provider.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
}

impl Http {
    /// Builds the client. Refuses with `tls_provider_missing` when the process has no rustls
    /// crypto provider, since the TLS library would otherwise end the process.
    #[allow(
        clippy::disallowed_methods,
        reason = "a relying party runs inside somebody else's program; this file builds its one HTTP client"
    )]
    pub(crate) fn new(connection: &Connection) -> Result<Self, Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(SettingsError::TlsProviderMissing.into());
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT.min(connection.timeout))
            .timeout(connection.timeout)
            .user_agent(concat!("idp-relying-party/", env!("CARGO_PKG_VERSION")));
        if connection.local {
            // A proxy configured for the outside cannot reach this machine's own provider.
            builder = builder.no_proxy();
        }
        if !connection.trust_anchors.is_empty() {
            builder = builder.tls_certs_merge(connection.trust_anchors.clone());
        }
        if let Some(identity) = &connection.identity {
            builder = builder.identity(identity.clone());
        }
        let client = builder
            .build()
            .map_err(|_| SettingsError::HttpClientRefused)?;
        Ok(Self { client })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(|_| FetchError::Broken)?;
        let mut answer = self
            .client
            .execute(request)
            .await
            .map_err(|e| classify(&e))?;
        if answer.status().is_redirection() {
            return Err(FetchError::Redirected);
        }
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(chunk) = answer.chunk().await.map_err(|e| classify(&e))? {
            if response.body().len() + chunk.len() > ANSWER_MAX {
                return Err(FetchError::TooLarge);
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn classify(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::TimedOut
    } else if error.is_connect() {
        FetchError::Unreachable
    } else {
        FetchError::Broken
    }
}
