//! The provider's keys. Private parts never leave the server.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Signs tokens; its public half is in the JWKS.
    Token,
    /// Signs audit blocks.
    Audit,
    /// Authenticates refresh tokens; never published.
    Refresh,
    /// Decrypts what clients encrypt to the provider; its public half is in the JWKS.
    Encryption,
}

/// Where the private part of a key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// With the data, sealed under the master key.
    Store,
    /// In a PKCS#11 device, which it never leaves.
    Device,
}

/// Where a key stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, does not sign yet.
    Announced,
    /// Signs.
    Active,
    /// Signs no more, still published for tokens that are in use.
    Retired,
    /// Neither signs nor is published.
    Over,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Its identity, as in the JWKS.
    pub kid: String,
    /// What for.
    pub purpose: KeyPurpose,
    /// The JWA name (`ES256`).
    pub algorithm: String,
    /// Where its private part is kept.
    pub place: KeyPlace,
    /// Where it stands now.
    pub state: KeyState,
    /// Made, and from then on published.
    pub created_at: String,
    /// Signs from here on.
    pub active_from: String,
    /// Signs until here; absent while no successor is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<String>,
    /// Published until here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_until: Option<String>,
    /// The public JWK (RFC 7517); absent for symmetric keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub public_jwk: Option<serde_json::Value>,
}

/// A rotation: a new key that takes over from the present one of the same purpose and algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotation {
    /// What for.
    pub purpose: KeyPurpose,
    /// `ES256`, `RS256`, `PS256` or `EdDSA`; for encryption `ECDH-ES` or `RSA-OAEP-256`. That of the
    /// present key when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Where the new key's private part is to be kept; where that of the present key is when
    /// absent. Keys of refresh tokens and for encryption are kept in the store only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<KeyPlace>,
    /// `true`: the new key signs at once and the present one is no longer published, as after a
    /// theft. Tokens signed by it stop verifying. Otherwise the new key is announced first and the
    /// old one stays published until its last token has expired.
    #[serde(default)]
    pub at_once: bool,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRotated {
    /// The new key; absent after a dry run, which makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Key>,
    /// The keys that it takes over from, as they are now.
    pub retired: Vec<Key>,
}
