//! The provider's metadata, checked once against the settings.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, EndSessionUrl, IssuerUrl, JsonWebKeySetUrl, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address;
use crate::dpop::Dpop;
use crate::error::{Error, MetadataError};
use crate::settings::{PushedRequests, Settings};

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
    /// RFC 9126 §5: where requests are pushed to.
    #[serde(default)]
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// RFC 9126 §5: the provider takes no other requests.
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// RFC 9449 §5.1: algorithms of DPoP proofs.
    #[serde(default)]
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// RFC 8414 §2: where access tokens are looked up (RFC 7662).
    #[serde(default)]
    pub introspection_endpoint: Option<Url>,
    /// RFC 8705 §5: where clients with a certificate go instead.
    #[serde(default)]
    pub mtls_endpoint_aliases: Option<EndpointAliases>,
}

/// The endpoints that a client with a certificate uses instead of the usual ones (RFC 8705 §5).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EndpointAliases {
    /// Instead of `token_endpoint`.
    #[serde(default)]
    pub token_endpoint: Option<Url>,
    /// Instead of `pushed_authorization_request_endpoint`.
    #[serde(default)]
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Instead of `userinfo_endpoint`.
    #[serde(default)]
    pub userinfo_endpoint: Option<Url>,
    /// Instead of `introspection_endpoint`.
    #[serde(default)]
    pub introspection_endpoint: Option<Url>,
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
    endpoints: Endpoints,
    requires_pushed: bool,
}

/// The endpoints that this client uses, aliases already in their place.
#[derive(Clone, Debug)]
struct Endpoints {
    token: TokenUrl,
    userinfo: Option<Url>,
    pushed: Option<Url>,
    introspection: Option<Url>,
}

impl Endpoints {
    fn of(metadata: &ProviderMetadata, settings: &Settings) -> Result<Self, MetadataError> {
        let further = metadata.additional_metadata();
        let token = metadata
            .token_endpoint()
            .cloned()
            .ok_or(MetadataError::TokenEndpointMissing)?;
        let mut endpoints = Self {
            token,
            userinfo: metadata.userinfo_endpoint().map(|u| u.url().clone()),
            pushed: further.pushed_authorization_request_endpoint.clone(),
            introspection: further.introspection_endpoint.clone(),
        };
        let aliases = further.mtls_endpoint_aliases.as_ref();
        if let Some(aliases) = aliases.filter(|_| settings.connection.identity.is_some()) {
            endpoints.replace(aliases);
        }
        Ok(endpoints)
    }

    fn replace(&mut self, aliases: &EndpointAliases) {
        if let Some(url) = &aliases.token_endpoint {
            self.token = TokenUrl::from_url(url.clone());
        }
        for (own, alias) in [
            (&mut self.userinfo, &aliases.userinfo_endpoint),
            (
                &mut self.pushed,
                &aliases.pushed_authorization_request_endpoint,
            ),
            (&mut self.introspection, &aliases.introspection_endpoint),
        ] {
            if alias.is_some() {
                own.clone_from(alias);
            }
        }
    }
}

impl Provider {
    /// Checks published metadata against the settings.
    ///
    /// Refuses with `metadata_issuer_differs` (Discovery 1.0 §4.3, character by character),
    /// `metadata_endpoint_insecure`, `metadata_token_endpoint_missing`,
    /// `metadata_pkce_unsupported` when methods are listed without S256 (a provider that lists
    /// nothing ignores PKCE harmlessly), `metadata_client_authentication_unsupported`,
    /// `metadata_pushed_requests_unsupported`, `metadata_response_mode_unsupported` and
    /// `metadata_dpop_unsupported`.
    pub(crate) fn verify(metadata: ProviderMetadata, settings: &Settings) -> Result<Self, Error> {
        if metadata.issuer().as_str() != settings.issuer {
            return Err(MetadataError::IssuerDiffers.into());
        }
        let endpoints = Endpoints::of(&metadata, settings)?;
        let further = metadata.additional_metadata();
        let all: [Option<&Url>; 7] = [
            Some(metadata.authorization_endpoint().url()),
            Some(endpoints.token.url()),
            Some(metadata.jwks_uri().url()),
            endpoints.userinfo.as_ref(),
            endpoints.pushed.as_ref(),
            endpoints.introspection.as_ref(),
            further.end_session_endpoint.as_ref().map(|u| u.url()),
        ];
        if !all.into_iter().flatten().all(address::is_acceptable) {
            return Err(MetadataError::EndpointInsecure.into());
        }
        check_abilities(&metadata, settings)?;
        if settings.pushed == PushedRequests::Always && endpoints.pushed.is_none() {
            return Err(MetadataError::PushMissing.into());
        }
        Ok(Self {
            requires_pushed: further.require_pushed_authorization_requests,
            metadata,
            endpoints,
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
        &self.endpoints.token
    }

    pub(crate) fn userinfo_endpoint(&self) -> Option<&Url> {
        self.endpoints.userinfo.as_ref()
    }

    pub(crate) fn introspection_endpoint(&self) -> Option<&Url> {
        self.endpoints.introspection.as_ref()
    }

    /// Where to push requests to, if these settings push them. Refuses with
    /// `metadata_pushed_requests_unsupported` when the provider requires it and names no endpoint.
    pub(crate) fn pushed_endpoint(&self, when: PushedRequests) -> Result<Option<&Url>, Error> {
        let endpoint = self.endpoints.pushed.as_ref();
        if self.requires_pushed && endpoint.is_none() {
            return Err(MetadataError::PushMissing.into());
        }
        let push = when != PushedRequests::WhenRequired || self.requires_pushed;
        Ok(endpoint.filter(|_| push))
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

/// What the settings ask for, the provider lists wherever it lists anything.
fn check_abilities(metadata: &ProviderMetadata, settings: &Settings) -> Result<(), MetadataError> {
    let further = metadata.additional_metadata();
    if let Some(methods) = &further.code_challenge_methods_supported
        && !methods.iter().any(|m| m == "S256")
    {
        return Err(MetadataError::Pkce);
    }
    let method = settings.authentication.method();
    if let Some(listed) = metadata.token_endpoint_auth_methods_supported()
        && method != "none"
        && !listed.iter().any(|m| m.as_ref() == method)
    {
        return Err(MetadataError::AuthenticationMethod);
    }
    if let Some(mode) = settings.response_mode.parameter()
        && let Some(listed) = metadata.response_modes_supported()
        && !listed.iter().any(|m| m.as_ref() == mode)
    {
        return Err(MetadataError::ResponseMode);
    }
    if let Some(listed) = &further.dpop_signing_alg_values_supported
        && !matches!(settings.dpop, Dpop::Off)
        && !listed.iter().any(|alg| alg == "ES256")
    {
        return Err(MetadataError::Proof);
    }
    Ok(())
}
