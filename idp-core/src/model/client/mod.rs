//! Applications that may ask for tokens.

mod assertion_issuer;
mod encryption;
mod features;
mod response_type;
mod token_exchange;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

pub use assertion_issuer::AssertionIssuer;
pub use encryption::Encryption;
pub use features::{
    AccessTokenFormat, AssertionAlgorithm, AssertionAudience, ClientFeatures, ClientProfile,
    RequestObjectAlgorithm, Sector, SubjectType,
};
pub use response_type::ResponseType;
pub use token_exchange::TokenExchangePolicy;

use super::registration::Registration;
use super::subject::SectorKey;
use super::{LocalText, UnitId, Version};
use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// What the names of settings begin with that keep the pictures of clients; the digest follows, in
/// base64url.
pub const LOGO_SETTING: &str = "client_logo/";

/// A `client_id`: 1–128 visible ASCII characters without `:` (RFC 6749 appendix A.1; the colon
/// would split Basic credentials).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Takes an id; `None` when it breaks the rule above.
    pub fn new(text: &str) -> Option<Self> {
        ((1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b':'))
            .then(|| Self(text.to_owned()))
    }

    /// A fresh one: 26 digits and small letters that tell nothing but when it was made.
    pub fn generate(now: Timestamp, entropy: &mut Entropy) -> Self {
        Self(Id::<Client>::generate(now, entropy).to_string())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("not a client_id"))
    }
}

/// What kind of program a client is; it decides which redirect addresses and defaults are safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A server that keeps a secret.
    Web,
    /// Script in a browser; public.
    Spa,
    /// A program on the person's device; public, RFC 8252.
    Native,
    /// A system that acts for itself.
    Service,
    /// A program on a device without browser or keyboard; public, RFC 8628.
    Device,
}

/// How a client proves itself at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthenticationMethod {
    /// Not at all: a public client.
    None,
    /// RFC 6749 §2.3.1, header.
    ClientSecretBasic,
    /// RFC 6749 §2.3.1, body.
    ClientSecretPost,
    /// RFC 7523 §2.2 with the shared secret as HMAC key.
    ClientSecretJwt,
    /// RFC 7523 §2.2 with a registered key.
    PrivateKeyJwt,
    /// RFC 8705 §2.1: a certificate of a trusted authority.
    TlsClientAuth,
    /// RFC 8705 §2.2: a certificate over a registered key.
    SelfSignedTlsClientAuth,
}

impl ClientAuthenticationMethod {
    /// The methods that work here. Only these can be registered and are advertised.
    pub const OFFERED: &[Self] = &[
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::None,
    ];

    /// Whether the proof is a certificate (RFC 8705 §2).
    pub const fn is_by_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }
}

/// A way to obtain tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// Tokens straight from the authorization endpoint (OpenID Connect Core §3.2, §3.3).
    Implicit,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 8628 §3.4.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 8693 §2.1.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
    /// RFC 7523 §2.1.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
}

impl GrantType {
    /// The grant types that work here. Only these can be registered and are advertised.
    pub const OFFERED: &[Self] = &[
        Self::AuthorizationCode,
        Self::Implicit,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::TokenExchange,
        Self::JwtBearer,
    ];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        }
    }

    /// The offered grant type of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::OFFERED.iter().copied().find(|g| g.as_str() == text)
    }
}

/// A client secret at rest: exactly one of the two forms. Secrets are made here with 256 bits, so a
/// plain digest suffices, except for `client_secret_jwt`, whose secret is a key that we need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    /// Its digest, where it is sent to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Itself, sealed under the name of [`Client::secret_seal_name`], base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Made.
    pub created_at: Timestamp,
    /// Accepted until; open for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Which position a client is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionChoice {
    /// The main one, unless the request names another unit.
    #[default]
    Main,
    /// The person chooses on a page when there are several.
    Ask,
}

/// Whether people are asked before a client learns about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentRule {
    /// One of the province's own applications: official duty, not consent, is the ground.
    #[default]
    Never,
    /// The person is asked once per set of scopes.
    Ask,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The `client_id`.
    pub id: ClientId,
    /// Written so often.
    pub version: Version,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// What people read.
    pub name: LocalText,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// Whether it may be used.
    #[serde(default)]
    pub disabled: bool,
    /// How it proves itself.
    pub authentication: ClientAuthenticationMethod,
    /// Its secrets; two overlap during a rotation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ClientSecret>,
    /// Its public keys by value (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// Its public keys by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where codes may be sent.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where browsers may go after signing out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Which grant types it may use.
    pub grant_types: Vec<GrantType>,
    /// Which scopes it may ask for.
    pub scopes: Vec<String>,
    /// The JWA name of the algorithm that signs its ID Tokens.
    pub id_token_alg: String,
    /// Which position it is told.
    #[serde(default)]
    pub position: PositionChoice,
    /// Whether people are asked first.
    #[serde(default)]
    pub consent: ConsentRule,
    /// May introspect tokens (a resource server).
    #[serde(default)]
    pub introspects: bool,
    /// The unit that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Its own access-token lifetime in seconds, within the policy's bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u32>,
    /// What is registered beyond the plain code flow; boxed, because it is large and mostly empty.
    #[serde(default, skip_serializing_if = "ClientFeatures::are_plain")]
    pub features: Box<ClientFeatures>,
    /// For whom its subjects are made; everybody's public ones when absent. Settled when it is
    /// registered (`admin/client/sector.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<SectorKey>,
    /// The picture that was at `logo_uri` when it was fetched (`admin/client/logo.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<Digest>,
    /// How it registered itself; none when an administrator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Box<Registration>>,
    /// A file of the operator declares it, and makes it what it says at every start (decision 0031).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declared: bool,
    /// Made.
    pub created_at: Timestamp,
}

impl ClientSecret {
    /// Whether it is accepted at `now`.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl Client {
    /// The key under which its subjects rest: empty for the public ones.
    pub fn sector_key(&self) -> &str {
        self.sector.as_ref().map_or("", SectorKey::as_str)
    }

    /// The name to which its sealed secrets are bound.
    pub fn secret_seal_name(&self) -> Vec<u8> {
        format!("client-secret/{}/{}", self.issuer, self.id).into_bytes()
    }

    /// Whether its secrets rest sealed: we compute with them.
    pub fn seals_secrets(&self) -> bool {
        self.authentication == ClientAuthenticationMethod::ClientSecretJwt
    }

    /// Whether it chose its name by itself: it registered itself, without an administrator's initial
    /// access token, and nobody whom the operator trusts said or changed the name. Whoever holds an
    /// initial access token was trusted with that.
    pub fn has_unchecked_name(&self) -> bool {
        let own = |r: &Registration| r.initial.is_none() && !r.name_checked;
        self.registration.as_deref().is_some_and(own)
    }

    /// Whether it may use a grant type.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }
}
