//! Proofs of possession by the client (RFC 9449): tokens that only this client's key can use.

mod nonces;
mod proof;
mod proving;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Fault, SettingsError};
use crate::random;
use crate::signing::{self, SigningKey};

pub(crate) use nonces::Nonces;
pub(crate) use proof::ath;
pub(crate) use proving::{Proving, error_of};

/// Which key the client's proofs are made with.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Dpop {
    /// No proofs: the provider issues Bearer tokens.
    #[default]
    Off,
    /// A new P-256 key for every sign-in, which rests with the session's tokens and ends with
    /// them. Nobody can tell from the key that two sessions belong to one application.
    PerSession,
    /// One key for all sessions of this client, which may come from a file that several machines
    /// share. Tokens of a refreshed session survive a restart only if the key does.
    PerClient(DpopKey),
}

/// A P-256 private key for proofs (ES256). Clones share it; printing shows the thumbprint only.
///
/// Serialises as its PKCS#8 form, so that a session store keeps it with the tokens it belongs to: a
/// store whose contents leak gives away both.
#[derive(Clone)]
pub struct DpopKey(Arc<Inner>);

struct Inner {
    pkcs8: Vec<u8>,
    key: SigningKey,
    thumbprint: String,
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DpopKey").field(&self.0.thumbprint).finish()
    }
}

impl DpopKey {
    /// A fresh key. Fails with `randomness_unavailable`.
    pub fn generate() -> Result<Self, Error> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random::generator())
            .map_err(|_| Fault::Randomness)?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// A key from PKCS#8 in PEM or DER. Refuses with `dpop_key_unusable`.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Error> {
        let unusable = |_| SettingsError::ProofKeyUnusable;
        let key = SigningKey::es256(pkcs8, None).map_err(unusable)?;
        let thumbprint =
            signing::thumbprint(&key.bare_jwk()).ok_or(SettingsError::ProofKeyUnusable)?;
        let pkcs8 = signing::der(pkcs8).map_err(unusable)?.into_owned();
        Ok(Self(Arc::new(Inner {
            pkcs8,
            key,
            thumbprint,
        })))
    }

    /// The thumbprint of the public half (RFC 7638), which bound tokens carry as `cnf.jkt`.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.0.key
    }
}

impl Serialize for DpopKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0.pkcs8))
    }
}

impl<'de> Deserialize<'de> for DpopKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pkcs8 = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(de::Error::custom)?;
        Self::from_pkcs8(&pkcs8).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_rests_with_its_session_and_is_not_printed() {
        let key = DpopKey::generate().unwrap();
        let rested = serde_json::to_string(&key).unwrap();
        let woken: DpopKey = serde_json::from_str(&rested).unwrap();
        assert_eq!(woken.thumbprint(), key.thumbprint());
        assert!(!format!("{key:?}").contains(rested.trim_matches('"')));
        assert_eq!(
            DpopKey::from_pkcs8(b"nonsense").unwrap_err().reason(),
            "dpop_key_unusable"
        );
        assert_ne!(DpopKey::generate().unwrap().thumbprint(), key.thumbprint());
    }
}
