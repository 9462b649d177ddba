//! What an application must say about itself and its provider.

use std::time::Duration;

use openidconnect::core::CoreJwsSigningAlgorithm;
use url::Url;

use crate::address::{self, ReturnTo};
use crate::client_authentication::ClientAuthentication;
use crate::error::{Error, SettingsError};
use crate::http::EXCHANGE_TIMEOUT;

/// Largest tolerated difference between the two clocks.
const SKEW_MAX: Duration = Duration::from_secs(300);

/// The settings of one relying party at one provider.
///
/// Defaults: scope `openid` alone, a public client, ES256/RS256/PS256/EdDSA signatures, 30 seconds
/// of clock skew, userinfo asked when the provider has it, ten seconds per request, sessions that
/// end after 30 idle minutes or ten hours in all.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) issuer: String,
    pub(crate) issuer_url: Url,
    pub(crate) client_id: String,
    pub(crate) base_url: Url,
    pub(crate) authentication: ClientAuthentication,
    pub(crate) scopes: Vec<String>,
    pub(crate) algorithms: Vec<CoreJwsSigningAlgorithm>,
    pub(crate) skew: Duration,
    pub(crate) accepted_acr: Vec<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) userinfo: bool,
    pub(crate) timeout: Duration,
    pub(crate) trust_anchors: Vec<reqwest::Certificate>,
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
        Ok(Self {
            issuer: issuer.to_owned(),
            issuer_url,
            client_id: client_id.to_owned(),
            base_url,
            authentication: ClientAuthentication::None,
            scopes: Vec::new(),
            algorithms: vec![
                CoreJwsSigningAlgorithm::EcdsaP256Sha256,
                CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
                CoreJwsSigningAlgorithm::RsaSsaPssSha256,
                CoreJwsSigningAlgorithm::EdDsa,
            ],
            skew: Duration::from_secs(30),
            accepted_acr: Vec::new(),
            max_age: None,
            userinfo: true,
            timeout: EXCHANGE_TIMEOUT,
            trust_anchors: Vec::new(),
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
        self.accepted_acr = values.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for a sign-in no older than this (`max_age`, whole seconds) and refuses an ID token
    /// whose `auth_time` is absent or older.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Whether to ask the userinfo endpoint once per sign-in, where the provider has one.
    #[must_use]
    pub fn userinfo(mut self, ask: bool) -> Self {
        self.userinfo = ask;
        self
    }

    /// Time for one whole exchange with the provider.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
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
        self.trust_anchors.extend(anchors);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(issuer: &str, client_id: &str, base: &str) -> &'static str {
        Settings::new(issuer, client_id, base)
            .err()
            .map_or("accepted", |e| e.reason())
    }

    #[test]
    fn addresses_are_checked_at_the_door() {
        let base = "https://app.example";
        assert_eq!(refusal("https://id.example", "a", base), "accepted");
        assert_eq!(
            refusal("http://localhost:1", "a", "http://127.0.0.1:2"),
            "accepted"
        );
        assert_eq!(refusal("id.example", "a", base), "issuer_unparsable");
        assert_eq!(refusal("http://id.example", "a", base), "issuer_insecure");
        assert_eq!(
            refusal("https://id.example?x", "a", base),
            "issuer_insecure"
        );
        assert_eq!(
            refusal("https://id.example", "a", "app"),
            "base_url_unparsable"
        );
        assert_eq!(
            refusal("https://id.example", "a", "http://app.example"),
            "base_url_insecure"
        );
        assert_eq!(refusal("https://id.example", "", base), "client_id_empty");
    }

    #[test]
    fn weak_choices_are_refused() {
        let plain = || Settings::new("https://id.example", "a", "https://app.example").unwrap();
        let reason = |r: Result<Settings, Error>| r.err().map(|e| e.reason());
        assert_eq!(reason(plain().algorithms([])), Some("algorithms_empty"));
        for weak in [
            CoreJwsSigningAlgorithm::None,
            CoreJwsSigningAlgorithm::HmacSha256,
        ] {
            assert_eq!(reason(plain().algorithms([weak])), Some("algorithm_weak"));
        }
        assert_eq!(
            reason(plain().clock_skew(Duration::from_secs(301))),
            Some("skew_too_large")
        );
        assert_eq!(
            reason(plain().signed_out_path("//evil.example")),
            Some("path_not_local")
        );
        assert_eq!(
            reason(plain().trust(b"not a certificate")),
            Some("certificate_unreadable")
        );
    }

    #[test]
    fn paths_hang_below_the_base() {
        let with_path = Settings::new("https://id.example", "a", "https://x.example/app/").unwrap();
        assert_eq!(
            with_path.address_of("/callback"),
            "https://x.example/app/callback"
        );
    }
}
