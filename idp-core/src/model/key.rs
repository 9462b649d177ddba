//! The provider's keys at rest.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;
use crate::jose::{JoseError, KeyManagement, SigningAlgorithm};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Signs tokens; its public half is in the JWKS.
    Token,
    /// Signs audit blocks.
    Audit,
    /// Authenticates refresh tokens (HMAC-SHA-256, never published).
    Refresh,
    /// Decrypts what clients encrypt to the provider; its public half is in the JWKS. There is none
    /// until an administrator makes one.
    Encryption,
}

/// What a key computes, as its JWA name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Makes signatures.
    Signing(SigningAlgorithm),
    /// Opens content keys that were encrypted to it.
    Decryption(KeyManagement),
    /// Authenticates with HMAC-SHA-256, between nodes of this provider only.
    Mac,
}

impl KeyAlgorithm {
    /// Parses the JWA name under which a key rests.
    ///
    /// # Errors
    /// What [`SigningAlgorithm::parse`] refuses, for a name of neither kind.
    pub fn parse(name: &str) -> Result<Self, JoseError> {
        match (name, KeyManagement::parse(name)) {
            ("HS256", _) => Ok(Self::Mac),
            (_, Some(algorithm)) => Ok(Self::Decryption(algorithm)),
            (_, None) => SigningAlgorithm::parse(name).map(Self::Signing),
        }
    }

    /// The JWA name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signing(algorithm) => algorithm.name(),
            Self::Decryption(algorithm) => algorithm.name(),
            Self::Mac => "HS256",
        }
    }
}

/// Where the private part of a key is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// With the data, sealed under the master key.
    #[default]
    Store,
    /// In a PKCS#11 device, which it never leaves.
    Device,
}

impl KeyPlace {
    /// Whether it is the store, where keys are unless something else was asked for.
    pub fn is_store(&self) -> bool {
        *self == Self::Store
    }
}

/// What the sealed part of a key in a device begins with. It only tells where to look: what is
/// sealed is bound to another name than a private part (see [`Key::seal_name`]), so that neither
/// opens as the other.
const IN_DEVICE: &str = "device.";

/// A key. The private part is sealed under the master key, bound to issuer and `kid`; when a
/// device holds it, the public half is sealed in its place, so that who can write the store but
/// does not hold the master key can put no other key there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its identity, as in the JWKS.
    pub kid: String,
    /// Written so often.
    pub version: Version,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// What for.
    pub purpose: KeyPurpose,
    /// The JWA name (`ES256`, …, `HS256` for refresh tokens, `ECDH-ES` for encryption).
    pub algorithm: String,
    /// Made, and from then on published.
    pub created_at: Timestamp,
    /// Signs from here on.
    pub active_from: Timestamp,
    /// Signs until here; open for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<Timestamp>,
    /// Published until here: when the last token it signed has expired. A key for encryption leaves
    /// the JWKS when its successor takes over, and decrypts until here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_until: Option<Timestamp>,
    /// The public JWK as JSON; absent for symmetric keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_jwk: Option<serde_json::Value>,
    /// What is sealed, base64url; for a key in a device behind a mark.
    pub sealed: String,
}

impl Key {
    /// The name of a new key: 26 digits and small letters that begin with no sign, so that it can
    /// be typed as an argument, read aloud and kept as a file's name.
    pub fn new_kid(entropy: &mut Entropy) -> String {
        Id::<Self>::from_u128(u128::from_be_bytes(entropy.bytes())).to_string()
    }

    /// The name to which the sealed part is bound.
    pub fn seal_name(issuer: &IssuerKey, kid: &str, place: KeyPlace) -> Vec<u8> {
        let kind = match place {
            KeyPlace::Store => "key",
            KeyPlace::Device => "device-key",
        };
        format!("{kind}/{issuer}/{kid}").into_bytes()
    }

    /// The field [`Key::sealed`] of a key in this place, from what was sealed, base64url.
    pub fn mark(place: KeyPlace, sealed: &str) -> String {
        match place {
            KeyPlace::Store => sealed.to_owned(),
            KeyPlace::Device => format!("{IN_DEVICE}{sealed}"),
        }
    }

    /// Where the private part is, and what is sealed, base64url.
    pub fn kept(&self) -> (KeyPlace, &str) {
        match self.sealed.strip_prefix(IN_DEVICE) {
            Some(sealed) => (KeyPlace::Device, sealed),
            None => (KeyPlace::Store, &self.sealed),
        }
    }

    /// Whether it signs at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active_from <= now && self.active_until.is_none_or(|end| now < end)
    }

    /// Whether its public half is offered at `now`.
    pub fn is_published(&self, now: Timestamp) -> bool {
        let end = match self.purpose {
            KeyPurpose::Token => self.published_until,
            KeyPurpose::Encryption => self.active_until,
            KeyPurpose::Audit | KeyPurpose::Refresh => return false,
        };
        self.public_jwk.is_some() && end.is_none_or(|end| now < end)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("purpose", &self.purpose)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
