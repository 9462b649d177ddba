//! The names of encryption algorithms (RFC 7518 §4.1, §5.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the content encryption key reaches the recipient. `RSA1_5`, `dir` and key wrapping under
/// shared secrets are not members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyManagement {
    /// RSAES OAEP with SHA-256 and MGF1 with SHA-256 (RFC 7518 §4.3).
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// Ephemeral-static Diffie-Hellman, the agreed key used directly (RFC 7518 §4.6).
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    /// The same, the agreed key wrapping a fresh one by AES Key Wrap with 128 bits (RFC 7518 §4.6).
    #[serde(rename = "ECDH-ES+A128KW")]
    EcdhEsA128Kw,
    /// The same with 256 bits.
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256Kw,
}

impl KeyManagement {
    /// Every supported algorithm once, in the order of preference.
    pub const ALL: &[Self] = &[
        Self::EcdhEs,
        Self::EcdhEsA256Kw,
        Self::EcdhEsA128Kw,
        Self::RsaOaep256,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// The algorithm of that name, letter case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|alg| alg.name() == name)
    }

    /// Whether both sides agree on a key, with elliptic curves, rather than one sending it.
    pub const fn is_agreement(self) -> bool {
        !matches!(self, Self::RsaOaep256)
    }

    /// Octets of the agreed key where that wraps another one.
    pub const fn wrapping_key_len(self) -> Option<usize> {
        match self {
            Self::EcdhEsA128Kw => Some(16),
            Self::EcdhEsA256Kw => Some(32),
            Self::EcdhEs | Self::RsaOaep256 => None,
        }
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the content itself is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContentEncryption {
    /// AES-GCM with a 128-bit key (RFC 7518 §5.3).
    #[serde(rename = "A128GCM")]
    A128Gcm,
    /// AES-GCM with a 256-bit key (RFC 7518 §5.3).
    #[serde(rename = "A256GCM")]
    A256Gcm,
    /// AES-CBC with HMAC-SHA-256, 128 bits each (RFC 7518 §5.2.3): what OpenID Connect Registration
    /// §2 means when only the key's algorithm is registered.
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
}

impl ContentEncryption {
    /// Every supported algorithm once, in the order of preference.
    pub const ALL: &[Self] = &[Self::A256Gcm, Self::A128Gcm, Self::A128CbcHs256];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
        }
    }

    /// Octets of its key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
        }
    }

    /// The algorithm of that name, letter case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|enc| enc.name() == name)
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_registry_and_of_what_rests() {
        for alg in KeyManagement::ALL {
            assert_eq!(KeyManagement::parse(alg.name()), Some(*alg));
            assert_eq!(serde_json::to_value(alg).unwrap(), alg.name());
        }
        for enc in ContentEncryption::ALL {
            assert_eq!(ContentEncryption::parse(enc.name()), Some(*enc));
            assert_eq!(serde_json::to_value(enc).unwrap(), enc.name());
        }
        for refused in ["RSA1_5", "RSA-OAEP", "dir", "ecdh-es", ""] {
            assert_eq!(KeyManagement::parse(refused), None, "{refused}");
        }
    }
}
