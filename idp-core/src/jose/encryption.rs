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
}

impl KeyManagement {
    /// Every supported algorithm once, in the order of preference.
    pub const ALL: &[Self] = &[Self::EcdhEs, Self::RsaOaep256];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }

    /// The algorithm of that name, letter case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|alg| alg.name() == name)
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
}

impl ContentEncryption {
    /// Every supported algorithm once, in the order of preference.
    pub const ALL: &[Self] = &[Self::A256Gcm, Self::A128Gcm];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
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
