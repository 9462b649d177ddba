//! Fetching the provider's metadata, and keeping it for an hour.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::header::ACCEPT;
use openidconnect::AsyncHttpClient;

use crate::clock;
use crate::error::{Error, FetchError, SettingsError};
use crate::http::Http;
use crate::provider::{Provider, ProviderMetadata};
use crate::settings::Settings;
use crate::strict;

/// Age at which metadata is fetched again; until that succeeds the old one stays in use.
const FRESH: Duration = Duration::from_secs(3600);
/// Shortest time between two attempts while stale metadata is at hand.
const RETRY: Duration = Duration::from_secs(30);

/// Holds the provider once discovered. Discovery happens at the first need, so an application may
/// start before its provider; concurrent callers share one request and its failure.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    found: RwLock<Option<Found>>,
    /// Held while fetching; keeps the last failure, for those who waited meanwhile.
    fetching: tokio::sync::Mutex<Option<(Instant, Error)>>,
}

#[derive(Clone, Debug)]
struct Found {
    provider: Arc<Provider>,
    attempted: Instant,
    stale_after: Instant,
}

impl Discovery {
    /// The provider, discovered now or within the last hour.
    pub(crate) async fn provider(
        &self,
        http: &Http,
        settings: &Settings,
    ) -> Result<Arc<Provider>, Error> {
        if let Some(provider) = self.usable() {
            return Ok(provider);
        }
        let came = clock::monotonic();
        let mut failed = self.fetching.lock().await;
        if let Some(provider) = self.usable() {
            return Ok(provider);
        }
        if let Some((_, error)) = failed.as_ref().filter(|(at, _)| *at >= came) {
            return Err(error.clone());
        }
        match discover(http, settings).await {
            Ok(provider) => Ok(self.keep(Arc::new(provider))),
            Err(error) => {
                *failed = Some((clock::monotonic(), error.clone()));
                self.keep_stale(&error).ok_or(error)
            }
        }
    }

    fn usable(&self) -> Option<Arc<Provider>> {
        let now = clock::monotonic();
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        found
            .as_ref()
            .filter(|f| now < f.stale_after || now.duration_since(f.attempted) < RETRY)
            .map(|f| Arc::clone(&f.provider))
    }

    fn keep(&self, provider: Arc<Provider>) -> Arc<Provider> {
        let now = clock::monotonic();
        let found = Found {
            provider: Arc::clone(&provider),
            attempted: now,
            stale_after: now + FRESH,
        };
        *self.found.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
        provider
    }

    fn keep_stale(&self, error: &Error) -> Option<Arc<Provider>> {
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        let found = found.as_mut()?;
        tracing::warn!(
            reason = error.reason(),
            "metadata not renewed; the previous one stays"
        );
        found.attempted = clock::monotonic();
        Some(Arc::clone(&found.provider))
    }
}

async fn discover(http: &Http, settings: &Settings) -> Result<Provider, Error> {
    // Discovery 1.0 §4.1: the well-known path is appended to the issuer, path included.
    let issuer = settings.issuer.trim_end_matches('/');
    let request = http::Request::get(format!("{issuer}/.well-known/openid-configuration"))
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| SettingsError::IssuerUnparsable)?;
    let answer = http.call(request).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(FetchError::Status.into());
    }
    let metadata: ProviderMetadata = strict::parse(answer.body()).ok_or(FetchError::Malformed)?;
    Provider::verify(metadata, settings)
}
