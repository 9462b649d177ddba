//! The signing algorithms we make and accept (RFC 7518 §3, RFC 8037 §3.1).

use super::JoseError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A JWS signing algorithm; each is asymmetric, and each fits exactly one key type and curve.
///
/// `none` and the HMAC family are not members, so no code path can be talked into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    ES256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    ES384,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    RS256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets (RFC 7518 §3.5).
    PS256,
    /// EdDSA with Ed25519 (RFC 8037 §3.1); Ed448 is not supported.
    EdDSA,
}

impl SigningAlgorithm {
    /// Every supported algorithm once, in the order of preference.
    pub const ALL: &[SigningAlgorithm] = &[
        SigningAlgorithm::ES256,
        SigningAlgorithm::ES384,
        SigningAlgorithm::EdDSA,
        SigningAlgorithm::PS256,
        SigningAlgorithm::RS256,
    ];

    /// The name in the "JSON Web Signature and Encryption Algorithms" registry.
    pub const fn name(self) -> &'static str {
        match self {
            SigningAlgorithm::ES256 => "ES256",
            SigningAlgorithm::ES384 => "ES384",
            SigningAlgorithm::RS256 => "RS256",
            SigningAlgorithm::PS256 => "PS256",
            SigningAlgorithm::EdDSA => "EdDSA",
        }
    }

    /// Parses a registered name, letter case included (RFC 7515 §4.1.1).
    ///
    /// Refuses `none` ([`JoseError::AlgorithmNone`]), HS256, HS384 and HS512
    /// ([`JoseError::AlgorithmSymmetric`]) and everything else ([`JoseError::AlgorithmUnsupported`]).
    pub fn parse(name: &str) -> Result<Self, JoseError> {
        match name {
            "ES256" => Ok(SigningAlgorithm::ES256),
            "ES384" => Ok(SigningAlgorithm::ES384),
            "RS256" => Ok(SigningAlgorithm::RS256),
            "PS256" => Ok(SigningAlgorithm::PS256),
            "EdDSA" => Ok(SigningAlgorithm::EdDSA),
            "none" => Err(JoseError::AlgorithmNone),
            "HS256" | "HS384" | "HS512" => Err(JoseError::AlgorithmSymmetric),
            _ => Err(JoseError::AlgorithmUnsupported),
        }
    }

    /// Parses the name that a sender puts into the header of a JWS or into a JWK: as
    /// [`Self::parse`], and `Ed25519`, the fully specified name of what `EdDSA` means here
    /// (RFC 9864 §2.2). We write `EdDSA`, which more libraries read, and so does whoever registers.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn in_header(name: &str) -> Result<Self, JoseError> {
        match name {
            "Ed25519" => Ok(SigningAlgorithm::EdDSA),
            name => Self::parse(name),
        }
    }

    /// Whether a key for this algorithm is an RSA key.
    pub const fn is_rsa(self) -> bool {
        matches!(self, SigningAlgorithm::RS256 | SigningAlgorithm::PS256)
    }

    /// The octets of a signature: exact for ECDSA and EdDSA, for RSA that of a 2048-bit key.
    pub(crate) const fn usual_signature_len(self) -> usize {
        match self {
            SigningAlgorithm::ES256 | SigningAlgorithm::EdDSA => 64,
            SigningAlgorithm::ES384 => 96,
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => 256,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = JoseError;

    fn from_str(name: &str) -> Result<Self, JoseError> {
        Self::parse(name)
    }
}

impl TryFrom<String> for SigningAlgorithm {
    type Error = JoseError;

    fn try_from(name: String) -> Result<Self, JoseError> {
        Self::parse(&name)
    }
}

impl From<SigningAlgorithm> for &'static str {
    fn from(algorithm: SigningAlgorithm) -> Self {
        algorithm.name()
    }
}

#[cfg(test)]
mod tests {
    use super::SigningAlgorithm;
    use crate::jose::JoseError;

    #[test]
    fn names_round_trip_through_text_and_serde() {
        for &algorithm in SigningAlgorithm::ALL {
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(json, format!("\"{algorithm}\""));
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            assert_eq!(
                serde_json::from_str::<SigningAlgorithm>(&json).unwrap(),
                algorithm
            );
        }
    }

    #[test]
    fn a_header_may_name_the_curve() {
        assert_eq!(
            SigningAlgorithm::in_header("Ed25519"),
            Ok(SigningAlgorithm::EdDSA)
        );
        for &algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::in_header(algorithm.name()), Ok(algorithm));
        }
        for (name, expected) in [
            ("none", JoseError::AlgorithmNone),
            ("HS256", JoseError::AlgorithmSymmetric),
            ("Ed448", JoseError::AlgorithmUnsupported),
            ("ed25519", JoseError::AlgorithmUnsupported),
        ] {
            assert_eq!(SigningAlgorithm::in_header(name), Err(expected), "{name}");
        }
        let parsed = SigningAlgorithm::parse("Ed25519");
        assert_eq!(parsed, Err(JoseError::AlgorithmUnsupported));
    }

    #[test]
    fn refusals() {
        let cases = [
            ("none", JoseError::AlgorithmNone),
            ("HS256", JoseError::AlgorithmSymmetric),
            ("HS384", JoseError::AlgorithmSymmetric),
            ("HS512", JoseError::AlgorithmSymmetric),
            ("None", JoseError::AlgorithmUnsupported),
            ("NONE", JoseError::AlgorithmUnsupported),
            ("es256", JoseError::AlgorithmUnsupported),
            ("ES256 ", JoseError::AlgorithmUnsupported),
            ("ES256K", JoseError::AlgorithmUnsupported),
            ("ES512", JoseError::AlgorithmUnsupported),
            ("RS1", JoseError::AlgorithmUnsupported),
            ("RS384", JoseError::AlgorithmUnsupported),
            ("", JoseError::AlgorithmUnsupported),
        ];
        for (name, expected) in cases {
            assert_eq!(SigningAlgorithm::parse(name), Err(expected), "{name:?}");
            assert!(serde_json::from_value::<SigningAlgorithm>(name.into()).is_err());
        }
    }
}
