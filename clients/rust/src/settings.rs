//! What an application must say about itself and its provider.

use std::time::Duration;

use openidconnect::core::CoreJwsSigningAlgorithm;
use url::Url;

use crate::address::{self, ReturnTo};
use crate::client_authentication::ClientAuthentication;
use crate::dpop::Dpop;
use crate::error::{Error, SettingsError};
use crate::http::{Connection, EXCHANGE_TIMEOUT};
use crate::jwe::DecryptionKey;
use crate::step_up::Demand;

/// Largest tolerated difference between the two clocks.
const SKEW_MAX: Duration = Duration::from_secs(300);

/// By which way the provider's answer comes back.
///
/// `Query` suits most. The `Jwt` modes carry the answer signed (JARM), which FAPI 2.0 Message
/// Signing asks for; the `FormPost` ones keep it out of addresses, logs and `Referer` headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMode {
    /// `query`, the code flow's default: nothing is asked for.
    #[default]
    Query,
    /// `form_post` (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// `query.jwt` (JARM §2.3.1).
    QueryJwt,
    /// `form_post.jwt` (JARM §2.3.3).
    FormPostJwt,
}

impl ResponseMode {
    /// The parameter's value, or nothing for the default.
    pub(crate) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Query => None,
            Self::FormPost => Some("form_post"),
            Self::QueryJwt => Some("query.jwt"),
            Self::FormPostJwt => Some("form_post.jwt"),
        }
    }

    pub(crate) fn is_form(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    pub(crate) fn is_signed(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FormPostJwt)
    }
}

/// When the authorization request goes to the provider directly instead of through the browser
/// (RFC 9126).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushedRequests {
    /// Where the provider's metadata says that it takes no other.
    #[default]
    WhenRequired,
    /// Wherever the provider has an endpoint for it.
    WhenOffered,
    /// Always; a provider without the endpoint is refused
    /// (`metadata_pushed_requests_unsupported`).
    Always,
}

/// The settings of one relying party at one provider.
///
/// Defaults: scope `openid` alone, a public client, ES256/RS256/PS256/EdDSA signatures, 30 seconds
/// of clock skew, userinfo asked when the provider has it, ten seconds per request, sessions that
/// end after 30 idle minutes or ten hours in all; plain query answers, pushed requests where the
/// provider requires them, Bearer tokens, nothing encrypted, no front-channel logout.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) base_url: Url,
    pub(crate) authentication: ClientAuthentication,
    pub(crate) scopes: Vec<String>,
    pub(crate) algorithms: Vec<CoreJwsSigningAlgorithm>,
    pub(crate) skew: Duration,
    pub(crate) demand: Demand,
    pub(crate) userinfo: bool,
    pub(crate) userinfo_signed: bool,
    pub(crate) connection: Connection,
    pub(crate) response_mode: ResponseMode,
    pub(crate) pushed: PushedRequests,
    pub(crate) dpop: Dpop,
    pub(crate) decryption_keys: Vec<DecryptionKey>,
    pub(crate) encryption_required: bool,
    pub(crate) frontchannel_logout: bool,
    pub(crate) session_idle: Duration,
    pub(crate) session_total: Duration,
    pub(crate) signed_out_path: ReturnTo,
}

impl Settings {
    /// Settings for `client_id` at `issuer`, reached by browsers under `base_url`.
    ///
    /// `issuer` is compared character by character with what the provider says about itself
    /// (OpenID Connect Discovery 1.0 §4.3): `https://id.example` and `https://id.example/` are two
    /// issuers. The redirect URI is `base_url` + `/callback`.
    ///
    /// Refuses with `issuer_unparsable`, `issuer_insecure`, `base_url_unparsable`,
    /// `base_url_insecure` or `client_id_empty`. Nothing is fetched.
    pub fn new(issuer: &str, client_id: &str, base_url: &str) -> Result<Self, Error> {
        let issuer_url = Url::parse(issuer).map_err(|_| SettingsError::IssuerUnparsable)?;
        if !address::is_acceptable(&issuer_url) || issuer_url.query().is_some() {
            return Err(SettingsError::IssuerInsecure.into());
        }
        let base_url = Url::parse(base_url).map_err(|_| SettingsError::BaseUrlUnparsable)?;
        if !address::is_acceptable(&base_url) || base_url.query().is_some() {
            return Err(SettingsError::BaseUrlInsecure.into());
        }
        if client_id.is_empty() {
            return Err(SettingsError::ClientIdEmpty.into());
        }
        let connection = Connection {
            timeout: EXCHANGE_TIMEOUT,
            trust_anchors: Vec::new(),
            identity: None,
            local: address::is_loopback(&issuer_url),
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            base_url,
            authentication: ClientAuthentication::None,
            scopes: Vec::new(),
            algorithms: usual_algorithms(),
            skew: Duration::from_secs(30),
            demand: Demand::default(),
            userinfo: true,
            userinfo_signed: false,
            connection,
            response_mode: ResponseMode::default(),
            pushed: PushedRequests::default(),
            dpop: Dpop::default(),
            decryption_keys: Vec::new(),
            encryption_required: false,
            frontchannel_logout: false,
            session_idle: Duration::from_secs(30 * 60),
            session_total: Duration::from_secs(10 * 3600),
            signed_out_path: ReturnTo::default(),
        })
    }

    /// How the client proves itself at the token endpoint. Default: a public client.
    #[must_use]
    pub fn authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Scopes besides `openid`, which is always asked for.
    #[must_use]
    pub fn scopes<I, S>(mut self, scopes: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.scopes = scopes
            .into_iter()
            .map(Into::into)
            .filter(|s| s != "openid")
            .collect();
        self
    }

    /// The signing algorithms accepted in ID tokens and logout tokens. Whatever the provider
    /// lists, nothing outside this set is verified. Refuses `none`, the HMAC family, whose key the
    /// client would share with the provider (`algorithm_weak`), and an empty set
    /// (`algorithms_empty`).
    pub fn algorithms<I>(mut self, algorithms: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = CoreJwsSigningAlgorithm>,
    {
        use CoreJwsSigningAlgorithm as Alg;
        self.algorithms = algorithms.into_iter().collect();
        let weak = |a: &Alg| {
            matches!(
                a,
                Alg::None | Alg::HmacSha256 | Alg::HmacSha384 | Alg::HmacSha512
            )
        };
        if self.algorithms.is_empty() {
            return Err(SettingsError::AlgorithmsEmpty.into());
        }
        if self.algorithms.iter().any(weak) {
            return Err(SettingsError::AlgorithmWeak.into());
        }
        Ok(self)
    }

    /// Tolerated difference between the provider's clock and this one, at most five minutes
    /// (`skew_too_large`).
    pub fn clock_skew(mut self, skew: Duration) -> Result<Self, Error> {
        if skew > SKEW_MAX {
            return Err(SettingsError::SkewTooLarge.into());
        }
        self.skew = skew;
        Ok(self)
    }

    /// Asks for one of these `acr` values (`acr_values`) and refuses every sign-in whose ID token
    /// states another or none (`id_token_acr`).
    #[must_use]
    pub fn require_acr<I, S>(mut self, values: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.demand.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for a sign-in no older than this (`max_age`, whole seconds) and refuses an ID token
    /// whose `auth_time` is absent or older.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.demand.max_age = Some(age);
        self
    }

    /// Whether to ask the userinfo endpoint once per sign-in, where the provider has one.
    #[must_use]
    pub fn userinfo(mut self, ask: bool) -> Self {
        self.userinfo = ask;
        self
    }

    /// Demands userinfo answers that the provider signed (`userinfo_unsigned`); register
    /// `userinfo_signed_response_alg`. Signed answers are verified whether demanded or not.
    #[must_use]
    pub fn require_signed_userinfo(mut self) -> Self {
        self.userinfo_signed = true;
        self
    }

    /// By which way the answer comes back. Register nothing for it; for the signed modes the
    /// provider may want `authorization_signed_response_alg`.
    ///
    /// The form modes arrive as a request from the provider's site, with which browsers send
    /// cookies marked `SameSite=None; Secure` only: the one short-lived cookie of a sign-in on its
    /// way is marked so then, and [`Client::new`](crate::Client::new) refuses base URLs where
    /// browsers would drop it (`form_post_insecure`).
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.response_mode = mode;
        self
    }

    /// When requests are pushed.
    #[must_use]
    pub fn pushed_requests(mut self, when: PushedRequests) -> Self {
        self.pushed = when;
        self
    }

    /// Binds tokens to a key of this client (RFC 9449). The provider's Bearer answers are refused
    /// then (`token_not_bound`).
    #[must_use]
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        self.dpop = dpop;
        self
    }

    /// The certificate that this client shows in TLS handshakes, with its private key, in PEM
    /// (RFC 8705): for the authentication methods by certificate, and for tokens bound to it. The
    /// provider's `mtls_endpoint_aliases` are used from then on. Refuses with
    /// `client_certificate_unreadable`.
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let pem = [chain, b"\n", key].concat();
        let identity = reqwest::Identity::from_pem(&pem)
            .map_err(|_| SettingsError::ClientCertificateUnreadable)?;
        self.connection.identity = Some(identity);
        Ok(self)
    }

    /// Keys that open encrypted ID tokens, userinfo answers and authorization responses. Several
    /// at once serve a rotation: publish the new one, and drop the old one a day later.
    #[must_use]
    pub fn decryption_keys<I>(mut self, keys: I) -> Self
    where
        I: IntoIterator<Item = DecryptionKey>,
    {
        self.decryption_keys = keys.into_iter().collect();
        self
    }

    /// Demands that ID tokens and userinfo answers are encrypted (`id_token_not_encrypted`,
    /// `userinfo_not_encrypted`). Without it both kinds are taken.
    #[must_use]
    pub fn require_encryption(mut self) -> Self {
        self.encryption_required = true;
        self
    }

    /// Lets the provider end sessions through the browser (OpenID Connect Front-Channel Logout
    /// 1.0), at base URL + `/frontchannel-logout`, to be registered as `frontchannel_logout_uri`
    /// with `frontchannel_logout_session_required`. Prefer back-channel logout, which is signed:
    /// here the unguessable `sid` is all that proves the request.
    #[must_use]
    pub fn frontchannel_logout(mut self, accept: bool) -> Self {
        self.frontchannel_logout = accept;
        self
    }

    /// The client's public keys as a JWK set, for a registration or behind its `jwks_uri`.
    #[must_use]
    pub fn public_keys(&self) -> serde_json::Value {
        let mut keys = match &self.authentication {
            ClientAuthentication::PrivateKeyJwt(key) => key.public_jwks(),
            _ => Vec::new(),
        };
        keys.extend(self.decryption_keys.iter().map(DecryptionKey::public_jwk));
        serde_json::json!({ "keys": keys })
    }

    /// What must hold between settings, whatever order they were made in.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.authentication.needs_certificate() && self.connection.identity.is_none() {
            return Err(SettingsError::ClientCertificateMissing);
        }
        if self.encryption_required && self.decryption_keys.is_empty() {
            return Err(SettingsError::DecryptionKeyMissing);
        }
        let local = self.base_url.host_str() == Some("localhost");
        if self.response_mode.is_form() && self.base_url.scheme() != "https" && !local {
            return Err(SettingsError::FormPostInsecure);
        }
        Ok(())
    }

    /// Time for one whole exchange with the provider, ten seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.connection.timeout = timeout;
        self
    }

    /// Trusts these PEM certificates for the provider's TLS, besides the machine's own anchors.
    /// Refuses with `certificate_unreadable`.
    pub fn trust(mut self, pem: &[u8]) -> Result<Self, Error> {
        let anchors = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|_| SettingsError::CertificateUnreadable)?;
        if anchors.is_empty() {
            return Err(SettingsError::CertificateUnreadable.into());
        }
        self.connection.trust_anchors.extend(anchors);
        Ok(self)
    }

    /// How long a session lasts without a request, and in all.
    #[must_use]
    pub fn session_lifetime(mut self, idle: Duration, total: Duration) -> Self {
        self.session_idle = idle.min(total);
        self.session_total = total;
        self
    }

    /// The path that the provider returns to after RP-initiated logout; register `base_url` + this
    /// path as `post_logout_redirect_uri`. Default `/`. Refuses with `path_not_local`.
    pub fn signed_out_path(mut self, path: &str) -> Result<Self, Error> {
        if !ReturnTo::is_local(path) {
            return Err(SettingsError::PathNotLocal.into());
        }
        self.signed_out_path = ReturnTo::from(path);
        Ok(self)
    }

    /// The address of `path` (beginning with a slash) under the base URL.
    pub(crate) fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    /// Tolerance as a signed duration for comparisons with instants.
    pub(crate) fn tolerance(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::from_std(self.skew).unwrap_or_else(|_| chrono::TimeDelta::zero())
    }
}

fn usual_algorithms() -> Vec<CoreJwsSigningAlgorithm> {
    vec![
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::EdDsa,
    ]
}

#[cfg(test)]
mod tests;
