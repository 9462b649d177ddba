//! The protocol without a web framework: begin, finish, refresh, sign out, be signed out.

mod begin;
mod finish;
mod logout;
mod tokens;

use std::sync::Arc;

use openidconnect::core::CoreJsonWebKeySet;

use crate::clock;
use crate::discovery::Discovery;
use crate::dpop::{Dpop, DpopKey, Nonces};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::http::Http;
use crate::keys::Keys;
use crate::logout_token::Replays;
use crate::provider::Provider;
use crate::settings::Settings;
use crate::token_endpoint::TokenEndpoint;

pub use logout::LogoutRedirect;

/// An OpenID Connect client: everything that happens between the application and its provider.
///
/// Cheap to clone; clones share metadata, keys, connections, nonces and the memory of logout
/// tokens. The provider is discovered at the first call that needs it, and again every hour.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    http: Http,
    discovery: Discovery,
    keys: Keys,
    replays: Replays,
    nonces: Nonces,
}

impl Client {
    /// A client with these settings. Nothing is fetched yet.
    ///
    /// Refuses with `tls_provider_missing` unless the program installed a rustls crypto provider,
    /// `http_client_refused`, and where settings contradict each other:
    /// `client_certificate_missing`, `decryption_key_missing`, `form_post_insecure`.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let http = Http::new(&settings.connection)?;
        Ok(Self(Arc::new(Inner {
            settings,
            http,
            discovery: Discovery::default(),
            keys: Keys::default(),
            replays: Replays::default(),
            nonces: Nonces::default(),
        })))
    }

    /// The settings this client was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The provider, discovered now or within the last hour. Refuses as discovery does: the
    /// reasons of [`FetchError`](crate::error::FetchError) and
    /// [`MetadataError`](crate::error::MetadataError).
    pub async fn provider(&self) -> Result<Arc<Provider>, Error> {
        self.0
            .discovery
            .provider(&self.0.http, &self.0.settings)
            .await
    }

    /// The provider's published keys, fetched again for an unknown `kid`, at most every ten
    /// seconds.
    pub(crate) async fn keys(
        &self,
        provider: &Provider,
        kid: Option<&str>,
    ) -> Result<Arc<CoreJsonWebKeySet>, Error> {
        self.0
            .keys
            .find(&self.0.http, provider.jwks_uri(), kid)
            .await
    }

    pub(crate) fn exchange<'a>(&'a self, dpop: Option<&'a DpopKey>) -> Exchange<'a> {
        Exchange {
            settings: self.settings(),
            http: &self.0.http,
            nonces: &self.0.nonces,
            dpop,
            now: clock::now(),
        }
    }

    fn token_endpoint<'a>(
        &'a self,
        provider: &'a Provider,
        dpop: Option<&'a DpopKey>,
    ) -> TokenEndpoint<'a> {
        TokenEndpoint {
            provider,
            exchange: self.exchange(dpop),
        }
    }

    /// The key that all sessions share, where they do.
    fn shared_proof_key(&self) -> Option<&DpopKey> {
        match &self.settings().dpop {
            Dpop::PerClient(key) => Some(key),
            Dpop::Off | Dpop::PerSession => None,
        }
    }
}
