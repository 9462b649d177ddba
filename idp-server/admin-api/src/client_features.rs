//! What is registered about a client beyond the plain code flow, in the names and values of the
//! IANA registry "OAuth Dynamic Client Registration Metadata". Every field is left out while it
//! holds its default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The profile by which a client was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientProfile {
    /// A server that keeps a secret.
    Web,
    /// Script in a browser.
    Spa,
    /// A program on the person's device.
    Native,
    /// A device without browser or keyboard.
    Device,
    /// A system that acts for itself.
    Service,
    /// FAPI 2.0 Security Profile.
    Fapi2Security,
    /// FAPI 2.0 Message Signing.
    Fapi2MessageSigning,
    /// An application that cannot do better.
    Legacy,
}

/// How a client's subjects relate to those of others (OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same everywhere.
    #[default]
    Public,
    /// Another one in each sector.
    Pairwise,
}

/// What makes a sector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sector {
    /// The host of the redirect addresses or of `sector_identifier_uri`.
    #[default]
    Host,
    /// The agency that answers for the client.
    Agency,
}

/// Which of our addresses the assertions of a client may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssertionAudience {
    /// The issuer, the token endpoint and the endpoint that is called.
    #[default]
    Any,
    /// The issuer alone, as one text.
    Issuer,
}

/// What an access token looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A JWT (RFC 9068).
    #[default]
    Jwt,
    /// A reference that only introspection explains.
    Opaque,
}

/// Whose tokens a client may exchange, and for what (RFC 8693).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenExchangePolicy {
    /// The clients whose tokens it may exchange, besides its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_clients: Vec<String>,
    /// The audiences that it may obtain tokens for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The tokens it obtains need not say that somebody acts for the person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub impersonation: bool,
}

/// An issuer whose assertions count, and where its keys are: exactly one of `jwks` and `jwks_uri`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssertionIssuer {
    /// The `iss` of its assertions.
    pub issuer: String,
    /// Its public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// Where it publishes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
}

/// What is registered beyond the plain code flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientFeatures {
    /// The profile by which it was registered (this project's own).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ClientProfile>,
    /// Which response types it may ask for; only `code` when empty (RFC 7591 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<String>,
    /// Codes may be asked for without PKCE (this project's own); for applications that cannot.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pkce_optional: bool,
    /// Requests must be pushed (RFC 9126 §6).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// Requests must come as signed request objects (RFC 9101 §10.5).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_signed_request_object: bool,
    /// The one algorithm of its request objects; any offered one when absent, `none` only when registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    /// How its request objects are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<String>,
    /// How its request objects are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<String>,
    /// Where its request objects may be fetched (OpenID Connect Registration §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Sign-ins may be this old, in seconds, unless the request says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// ID Tokens always say when the person signed in; they do so here for all clients.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    /// The `acr` values asked for unless the request says otherwise, the preferred one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// How its subjects relate to those of other clients.
    #[serde(skip_serializing_if = "is_default")]
    pub subject_type: SubjectType,
    /// What makes its sector (this project's own).
    #[serde(skip_serializing_if = "is_default")]
    pub sector: Sector,
    /// A list of redirect addresses that share a sector (OpenID Connect Core §8.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// How its ID Tokens are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<String>,
    /// How its ID Tokens are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<String>,
    /// Userinfo is a JWT signed so; plain JSON when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<String>,
    /// How userinfo is encrypted, if it is: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<String>,
    /// How userinfo is encrypted, if it is: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<String>,
    /// How JARM answers are signed (JARM §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<String>,
    /// How JARM answers are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<String>,
    /// How JARM answers are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<String>,
    /// How introspection answers are signed when a JWT is asked for (RFC 9701 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<String>,
    /// How introspection answers are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<String>,
    /// How introspection answers are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<String>,
    /// The one algorithm of its client assertions; any that fits the method when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Which of our addresses its assertions may name.
    #[serde(skip_serializing_if = "is_default")]
    pub assertion_audience: AssertionAudience,
    /// The subject of its certificate (RFC 8705 §2.1.2, RFC 4514).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A DNS name in its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// A URI in its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// An IP address in its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// A mail address in its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// Its access tokens are always bound to a key (RFC 9449 §5.2).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    /// Its access tokens are bound to its certificate (RFC 8705 §3.4).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// What its access tokens look like (this project's own).
    #[serde(skip_serializing_if = "is_default")]
    pub access_token_format: AccessTokenFormat,
    /// Which audiences it may ask for (RFC 8707; this project's own).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Its rights at an audience, as scopes (this project's own). At one that is not listed here,
    /// all its scopes count.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_scopes: BTreeMap<String, Vec<String>>,
    /// The audiences that it answers for as a resource server (this project's own): it is told
    /// about their tokens only. Without any, about those for the provider itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Whose tokens it may exchange, and for what (RFC 8693; this project's own).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_exchange: Option<TokenExchangePolicy>,
    /// Whose assertions count as grants (RFC 7523 §2.1; this project's own).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assertion_issuers: Vec<AssertionIssuer>,
    /// The user name of the person who answers for it (this project's own).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_person: Option<String>,
    /// Which types of `authorization_details` it may use (RFC 9396 §10).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// Logout tokens must name the session; they do so here for all clients.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_required: bool,
    /// The page that signs people out in a frame (Front-Channel Logout §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// That page is told issuer and session.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    /// Where others may send people to start a sign-in (OpenID Connect Core §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Its logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Mail addresses of who looks after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// What the software calls itself (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
}

impl ClientFeatures {
    /// Whether nothing was registered beyond the plain code flow.
    pub fn are_plain(&self) -> bool {
        *self == Self::default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
