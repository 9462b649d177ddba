//! What is registered about a client beyond the plain code flow, in the names and values of the
//! IANA registry "OAuth Dynamic Client Registration Metadata"; a few fields are this project's own and say so.
//!
//! Every field is left out while it holds its default, and its default is what holds for a client
//! that was never told otherwise, so that clients rest and travel as before until a feature is
//! used (decision 0019).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AssertionIssuer, ResponseType, TokenExchangePolicy};
use crate::jose::{ContentEncryption, JoseError, KeyManagement, SigningAlgorithm};

/// The profile by which a client was registered: a set of safe values under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same everywhere.
    #[default]
    Public,
    /// Another one in each sector.
    Pairwise,
}

/// What makes a sector (this project's own).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sector {
    /// The host of the redirect addresses or of `sector_identifier_uri` (OpenID Connect Core §8.1).
    #[default]
    Host,
    /// The agency that answers for the client: all applications of one agency see one subject.
    Agency,
}

/// What an access token looks like (this project's own).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A JWT (RFC 9068).
    #[default]
    Jwt,
    /// A reference that only introspection explains.
    Opaque,
}

/// Which of our addresses its assertions may name as `aud` (this project's own).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertionAudience {
    /// The issuer, the token endpoint and the endpoint that is called (RFC 7523 §3, RFC 9126 §2).
    #[default]
    Any,
    /// The issuer alone, as one text (draft-ietf-oauth-rfc7523bis).
    Issuer,
}

/// How request objects are signed (OpenID Connect Core §6.1; `none` is a registered value).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum RequestObjectAlgorithm {
    /// Not at all: `none`.
    Unsigned,
    /// With a key of the client.
    Signed(SigningAlgorithm),
}

impl From<RequestObjectAlgorithm> for &'static str {
    fn from(algorithm: RequestObjectAlgorithm) -> Self {
        match algorithm {
            RequestObjectAlgorithm::Unsigned => "none",
            RequestObjectAlgorithm::Signed(algorithm) => algorithm.name(),
        }
    }
}

impl TryFrom<String> for RequestObjectAlgorithm {
    type Error = JoseError;

    fn try_from(name: String) -> Result<Self, JoseError> {
        match name.as_str() {
            "none" => Ok(Self::Unsigned),
            name => SigningAlgorithm::parse(name).map(Self::Signed),
        }
    }
}

/// How client assertions are signed (RFC 7523 §2.2): with a key of the client, or with its shared
/// secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum AssertionAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// With a key of the client.
    Signed(SigningAlgorithm),
}

impl From<AssertionAlgorithm> for &'static str {
    fn from(algorithm: AssertionAlgorithm) -> Self {
        match algorithm {
            AssertionAlgorithm::HS256 => "HS256",
            AssertionAlgorithm::HS384 => "HS384",
            AssertionAlgorithm::HS512 => "HS512",
            AssertionAlgorithm::Signed(algorithm) => algorithm.name(),
        }
    }
}

impl TryFrom<String> for AssertionAlgorithm {
    type Error = JoseError;

    fn try_from(name: String) -> Result<Self, JoseError> {
        match name.as_str() {
            "HS256" => Ok(Self::HS256),
            "HS384" => Ok(Self::HS384),
            "HS512" => Ok(Self::HS512),
            name => SigningAlgorithm::parse(name).map(Self::Signed),
        }
    }
}

/// What is registered beyond the plain code flow. Which values go together is checked where clients
/// are written, not here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientFeatures {
    /// The profile by which it was registered (this project's own).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ClientProfile>,
    /// Which response types it may ask for; only `code` when empty (RFC 7591 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<ResponseType>,
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
    pub request_object_signing_alg: Option<RequestObjectAlgorithm>,
    /// How its request objects are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagement>,
    /// How its request objects are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryption>,
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
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    /// How its ID Tokens are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// Userinfo is a JWT signed so; plain JSON when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// How userinfo is encrypted, if it is: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    /// How userinfo is encrypted, if it is: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// How JARM answers are signed (JARM §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<SigningAlgorithm>,
    /// How JARM answers are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<KeyManagement>,
    /// How JARM answers are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
    /// How introspection answers are signed when a JWT is asked for (RFC 9701 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<SigningAlgorithm>,
    /// How introspection answers are encrypted, if they are: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_alg: Option<KeyManagement>,
    /// How introspection answers are encrypted, if they are: the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_encrypted_response_enc: Option<ContentEncryption>,
    /// The one algorithm of its client assertions; any that fits the method when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<AssertionAlgorithm>,
    /// Which of our addresses its assertions may name (this project's own).
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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ClientFeatures {
    /// Whether it was registered by a FAPI 2.0 profile, whose rules are stricter.
    pub const fn is_fapi(&self) -> bool {
        matches!(
            self.profile,
            Some(ClientProfile::Fapi2Security | ClientProfile::Fapi2MessageSigning)
        )
    }

    /// Whether its assertions must name the issuer and nothing else: what it was registered with, or
    /// its profile (FAPI 2.0 Security Profile §5.3.2.1).
    pub fn speaks_to_issuer_alone(&self) -> bool {
        self.is_fapi() || self.assertion_audience == AssertionAudience::Issuer
    }

    /// Whether nothing was registered beyond the plain code flow.
    pub fn are_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all its access tokens must be bound to a key or a certificate.
    pub fn bind_access_tokens(&self) -> bool {
        self.dpop_bound_access_tokens || self.tls_client_certificate_bound_access_tokens
    }

    /// Whether the client may ask for a response type; only `code` unless it was registered.
    pub fn allow(&self, wanted: ResponseType) -> bool {
        match self.response_types.as_slice() {
            [] => wanted == ResponseType::Code,
            registered => registered.contains(&wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_plain_rests_as_nothing() {
        let plain = ClientFeatures::default();
        assert!(plain.are_plain());
        assert_eq!(serde_json::to_value(&plain).unwrap(), json!({}));
        assert!(plain.allow(ResponseType::Code) && !plain.allow(ResponseType::CodeIdToken));
    }

    #[test]
    fn the_names_are_those_of_the_registry() {
        let registered = json!({
            "profile": "fapi2_message_signing",
            "response_types": ["code id_token"],
            "subject_type": "pairwise",
            "sector": "agency",
            "id_token_encrypted_response_alg": "RSA-OAEP-256",
            "id_token_encrypted_response_enc": "A256GCM",
            "request_object_signing_alg": "none",
            "token_endpoint_auth_signing_alg": "HS256",
            "require_pushed_authorization_requests": true,
            "default_max_age": 600,
            "access_token_format": "opaque",
        });
        let features: ClientFeatures = serde_json::from_value(registered.clone()).unwrap();
        assert!(!features.allow(ResponseType::Code));
        assert_eq!(serde_json::to_value(&features).unwrap(), registered);
        for wrong in [
            json!({"userinfo_signed_response_alg": "none"}),
            json!({"request_object_signing_alg": "HS256"}),
            json!({"token_endpoint_auth_signing_alg": "none"}),
            json!({"id_token_encrypted_response_alg": "RSA1_5"}),
            json!({"unheard_of": 1}),
        ] {
            assert!(
                serde_json::from_value::<ClientFeatures>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }
}
