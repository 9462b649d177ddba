//! Clients: applications that may ask for tokens. Values are those of RFC 7591.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::client_features::ClientFeatures;
pub use crate::client_origin::ClientOrigin;
use crate::text::{Clearable, LocalText, clearable};
use crate::unit::UnitReference;

/// What kind of program a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A server that keeps a secret.
    #[default]
    Web,
    /// Script in a browser; public.
    Spa,
    /// A program on the person's device; public (RFC 8252).
    Native,
    /// A system that acts for itself.
    Service,
    /// A program on a device without browser or keyboard; public (RFC 8628).
    Device,
}

/// How a client proves itself at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// A way to obtain tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// Which position a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionChoice {
    /// The main one, unless the request names another unit.
    Main,
    /// The person chooses on a page when there are several.
    Ask,
}

/// Whether people are asked before a client learns about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentRule {
    /// One of the province's own applications.
    Never,
    /// The person is asked once per set of scopes.
    Ask,
}

/// A secret that a client has, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientSecretInfo {
    /// Made.
    pub created_at: String,
    /// Accepted until; absent for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// The `client_id`.
    pub client_id: String,
    /// Written so often; the `ETag`.
    pub version: i64,
    /// What people read.
    pub name: LocalText,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// Whether it may be used.
    pub disabled: bool,
    /// How it proves itself.
    pub token_endpoint_auth_method: ClientAuthenticationMethod,
    /// Its secrets, newest first; two overlap during a rotation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ClientSecretInfo>,
    /// Its public keys by value (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<serde_json::Value>,
    /// Its public keys by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where codes may be sent, compared letter by letter.
    pub redirect_uris: Vec<String>,
    /// Where browsers may go after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Which grant types it may use.
    pub grant_types: Vec<GrantType>,
    /// Which scopes it may ask for.
    pub scopes: Vec<String>,
    /// The algorithm that signs its ID Tokens.
    pub id_token_signed_response_alg: String,
    /// Which position it is told.
    pub position: PositionChoice,
    /// Whether people are asked first.
    pub consent: ConsentRule,
    /// May introspect tokens (a resource server).
    pub introspects: bool,
    /// The unit that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitReference>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Its own access-token lifetime in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u32>,
    /// What is registered beyond the plain code flow.
    #[serde(default, skip_serializing_if = "ClientFeatures::are_plain")]
    pub features: ClientFeatures,
    /// Who said what it is.
    #[serde(default)]
    pub origin: ClientOrigin,
    /// The rules that it breaks today, by reason: it was registered before they held, as those of a
    /// preset that was chosen later. It goes on working; no change of it is taken until all hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_rules: Vec<String>,
    /// Made.
    pub created_at: String,
}

/// A new client. What is left out gets the default of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientNew {
    /// The wished `client_id`: 1–128 visible ASCII characters without `:`; made here when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What people read, each language 1–200 characters.
    pub name: LocalText,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// How it proves itself. Default: `client_secret_basic` for `web` and `service`, `none` for
    /// `spa` and `native`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<ClientAuthenticationMethod>,
    /// Its public keys by value, needed with `private_key_jwt` unless `jwks_uri` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<serde_json::Value>,
    /// Its public keys by reference; excludes `jwks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where codes may be sent: https; http only on loopback for native clients. At least one,
    /// except for `service`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where browsers may go after signing out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Which grant types it may use. Default: `authorization_code` and `refresh_token`;
    /// `client_credentials` for `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    /// Which scopes it may ask for. Default: `openid profile email unit roles`; none for `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The algorithm that signs its ID Tokens; the installation's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// Which position it is told; `main` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionChoice>,
    /// Whether people are asked first; `never` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentRule>,
    /// May introspect tokens.
    #[serde(default)]
    pub introspects: bool,
    /// The unit that answers for it (id or code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Its own access-token lifetime in seconds, within the installation's bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u32>,
    /// What is registered beyond the plain code flow.
    #[serde(default, skip_serializing_if = "ClientFeatures::are_plain")]
    pub features: ClientFeatures,
}

/// What changes about a client. Lists are replaced whole; `client_id` and `kind` never change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientEdit {
    /// Another name, both languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalText>,
    /// Another way to prove itself. Moving to a secret needs `rotate-secret` afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<ClientAuthenticationMethod>,
    /// Its public keys by value.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<Object>)]
    pub jwks: Clearable<serde_json::Value>,
    /// Its public keys by reference.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub jwks_uri: Clearable<String>,
    /// Where codes may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    /// Where browsers may go after signing out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where logout tokens are sent.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub backchannel_logout_uri: Clearable<String>,
    /// Which grant types it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    /// Which scopes it may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The algorithm that signs its ID Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// Which position it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionChoice>,
    /// Whether people are asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentRule>,
    /// May introspect tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspects: Option<bool>,
    /// The unit that answers for it (id or code).
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub unit: Clearable<String>,
    /// A page about it.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub client_uri: Clearable<String>,
    /// Its privacy policy.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub policy_uri: Clearable<String>,
    /// Its terms.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub tos_uri: Clearable<String>,
    /// Its own access-token lifetime in seconds; `null` for the installation's.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<u32>)]
    pub access_token_seconds: Clearable<u32>,
    /// A JSON merge patch of its features (RFC 7396): what is named is set, `null` takes a feature
    /// back to its default, the rest stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ClientFeatures>)]
    pub features: Option<serde_json::Map<String, serde_json::Value>>,
    /// Whether the change may give the client other subjects (`sub`) for the people it knows
    /// already; without it such a change is refused with `client_subjects_would_change`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_new_subjects: bool,
}

/// A client with the secret that was just made for it. The secret is answered this once and rests
/// only as a digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientWithSecret {
    /// The client.
    pub client: Client,
    /// The new secret; absent for clients without one, and after a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

impl std::fmt::Debug for ClientWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientWithSecret")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// How a secret is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotation {
    /// `true`: the present secret stops working now, as after a theft; otherwise it is accepted
    /// for the overlap of the installation (24 hours unless configured).
    #[serde(default)]
    pub at_once: bool,
}

/// Which clients. Listed by `client_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ClientQuery {
    /// Words of the name, with or without diacritics, or the beginning of the `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many entries, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
