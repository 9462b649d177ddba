//! The provider's metadata: fetched, checked once, kept for an hour.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::header::ACCEPT;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, AuthUrl, EndSessionUrl, IssuerUrl,
    JsonWebKeySetUrl, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address;
use crate::clock;
use crate::error::{Error, FetchError, MetadataError, SettingsError};
use crate::http::Http;
use crate::settings::Settings;

/// Age at which metadata is fetched again; until that succeeds the old one stays in use.
const FRESH: Duration = Duration::from_secs(3600);
/// Shortest time between two attempts while stale metadata is at hand.
const RETRY: Duration = Duration::from_secs(30);

/// Metadata members beyond OpenID Connect Discovery 1.0 that this crate reads.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FurtherMetadata {
    /// RFC 9207 §3: the provider sends `iss` with every authorization response.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// RFC 8414 §2: PKCE methods.
    #[serde(default)]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1.
    #[serde(default)]
    pub end_session_endpoint: Option<EndSessionUrl>,
    /// OpenID Connect Back-Channel Logout 1.0 §2.1.
    #[serde(default)]
    pub backchannel_logout_supported: bool,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

/// The provider's metadata as it was published.
pub type ProviderMetadata = openidconnect::ProviderMetadata<
    FurtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A discovered provider whose issuer and endpoints passed every check.
#[derive(Clone, Debug)]
pub struct Provider {
    metadata: ProviderMetadata,
    token_endpoint: TokenUrl,
}

impl Provider {
    /// Checks published metadata against the settings.
    ///
    /// Refuses with `metadata_issuer_differs` (Discovery 1.0 §4.3, character by character),
    /// `metadata_endpoint_insecure`, `metadata_token_endpoint_missing`,
    /// `metadata_pkce_unsupported` when methods are listed without S256 (a provider that lists
    /// nothing ignores PKCE harmlessly) and `metadata_client_authentication_unsupported`.
    pub(crate) fn verify(metadata: ProviderMetadata, settings: &Settings) -> Result<Self, Error> {
        if metadata.issuer().as_str() != settings.issuer {
            return Err(MetadataError::IssuerDiffers.into());
        }
        let token_endpoint = metadata
            .token_endpoint()
            .cloned()
            .ok_or(MetadataError::TokenEndpointMissing)?;
        let further = metadata.additional_metadata();
        let endpoints: [Option<&Url>; 5] = [
            Some(metadata.authorization_endpoint().url()),
            Some(token_endpoint.url()),
            Some(metadata.jwks_uri().url()),
            metadata.userinfo_endpoint().map(|u| u.url()),
            further.end_session_endpoint.as_ref().map(|u| u.url()),
        ];
        if !endpoints.into_iter().flatten().all(address::is_acceptable) {
            return Err(MetadataError::EndpointInsecure.into());
        }
        if let Some(methods) = &further.code_challenge_methods_supported
            && !methods.iter().any(|m| m == "S256")
        {
            return Err(MetadataError::Pkce.into());
        }
        let method = settings.authentication.method();
        if let Some(listed) = metadata.token_endpoint_auth_methods_supported()
            && method != "none"
            && !listed.iter().any(|m| m.as_ref() == method)
        {
            return Err(MetadataError::AuthenticationMethod.into());
        }
        Ok(Self {
            metadata,
            token_endpoint,
        })
    }

    /// Everything the provider published, keys apart.
    #[must_use]
    pub fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    /// True when the provider promises `iss` on every callback (RFC 9207).
    #[must_use]
    pub fn promises_issuer(&self) -> bool {
        self.metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported
    }

    pub(crate) fn issuer(&self) -> &IssuerUrl {
        self.metadata.issuer()
    }

    pub(crate) fn authorization_endpoint(&self) -> &AuthUrl {
        self.metadata.authorization_endpoint()
    }

    pub(crate) fn token_endpoint(&self) -> &TokenUrl {
        &self.token_endpoint
    }

    pub(crate) fn userinfo_endpoint(&self) -> Option<&UserInfoUrl> {
        self.metadata.userinfo_endpoint()
    }

    pub(crate) fn jwks_uri(&self) -> &JsonWebKeySetUrl {
        self.metadata.jwks_uri()
    }

    pub(crate) fn end_session_endpoint(&self) -> Option<&EndSessionUrl> {
        self.metadata
            .additional_metadata()
            .end_session_endpoint
            .as_ref()
    }
}

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
    let metadata: ProviderMetadata =
        serde_json::from_slice(answer.body()).map_err(|_| FetchError::Malformed)?;
    Provider::verify(metadata, settings)
}
