//! The provider's published keys, cached, and fetched again when a token names an unknown one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};
use openidconnect::{DiscoveryError, JsonWebKey, JsonWebKeySet, JsonWebKeySetUrl};

use crate::clock;
use crate::error::{Error, FetchError};
use crate::http::Http;

/// Age at which the set is fetched again, so that a withdrawn key is forgotten.
const FRESH: Duration = Duration::from_secs(3600);
/// Shortest time between two fetches that a token caused: strangers may send logout tokens with
/// any `kid`, and must not be able to make this application hammer its provider.
const RETRY: Duration = Duration::from_secs(10);

/// The cached key set of one provider.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    cached: RwLock<Option<Cached>>,
    /// Held while fetching; keeps the last failure, for those who waited meanwhile.
    fetching: tokio::sync::Mutex<Option<(Instant, FetchError)>>,
}

#[derive(Clone, Debug)]
struct Cached {
    set: Arc<CoreJsonWebKeySet>,
    fetched: Instant,
    /// When a token last caused a fetch; `None` until one did.
    caused: Option<Instant>,
}

impl Cached {
    fn answers(&self, kid: Option<&str>, now: Instant) -> bool {
        let known = kid.is_none_or(|kid| self.set.keys().iter().any(|key| names(key, kid)));
        let fresh = now.duration_since(self.fetched) < FRESH;
        let exhausted = self.caused.is_some_and(|at| now.duration_since(at) < RETRY);
        (known && fresh) || exhausted
    }
}

pub(crate) fn names(key: &CoreJsonWebKey, kid: &str) -> bool {
    key.key_id().is_some_and(|id| id.as_str() == kid)
}

impl Keys {
    /// The key set, fetched again when it is over an hour old or does not name `kid`. At most one
    /// fetch per ten seconds is caused this way; in between the known keys must do.
    pub(crate) async fn find(
        &self,
        http: &Http,
        uri: &JsonWebKeySetUrl,
        kid: Option<&str>,
    ) -> Result<Arc<CoreJsonWebKeySet>, Error> {
        if let Some(set) = self.answer(kid) {
            return Ok(set);
        }
        let came = clock::monotonic();
        let mut failed = self.fetching.lock().await;
        if let Some(set) = self.answer(kid) {
            return Ok(set);
        }
        if let Some((_, error)) = failed.filter(|(at, _)| *at >= came) {
            return Err(error.into());
        }
        match JsonWebKeySet::fetch_async(uri, http).await {
            Ok(set) => Ok(self.keep(Arc::new(set))),
            Err(error) => {
                let error = fetch_error(&error);
                *failed = Some((clock::monotonic(), error));
                self.keep_stale(error).ok_or_else(|| error.into())
            }
        }
    }

    fn answer(&self, kid: Option<&str>) -> Option<Arc<CoreJsonWebKeySet>> {
        let now = clock::monotonic();
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached
            .as_ref()
            .filter(|c| c.answers(kid, now))
            .map(|c| Arc::clone(&c.set))
    }

    fn keep(&self, set: Arc<CoreJsonWebKeySet>) -> Arc<CoreJsonWebKeySet> {
        let now = clock::monotonic();
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        let caused = cached.as_ref().map(|_| now);
        *cached = Some(Cached {
            set: Arc::clone(&set),
            fetched: now,
            caused,
        });
        set
    }

    fn keep_stale(&self, error: FetchError) -> Option<Arc<CoreJsonWebKeySet>> {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        let cached = cached.as_mut()?;
        tracing::warn!(
            reason = error.reason(),
            "key set not renewed; the previous one stays"
        );
        cached.caused = Some(clock::monotonic());
        Some(Arc::clone(&cached.set))
    }
}

fn fetch_error(error: &DiscoveryError<FetchError>) -> FetchError {
    match error {
        DiscoveryError::Request(error) => *error,
        DiscoveryError::Response(status, _, _) if *status != http::StatusCode::OK => {
            FetchError::Status
        }
        _ => FetchError::Malformed,
    }
}
