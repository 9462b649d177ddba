//! The public half of a signing key: its form is checked once, then it only verifies.

use super::{JoseError, KeyManagement, SigningAlgorithm, base64url};
use aws_lc_rs::signature::ParsedPublicKey;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use std::fmt;

const RSA_MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The largest exponent that `ring` verifies with, 2^33 - 1.
const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;

/// An elliptic curve of RFC 7518 §6.2.1.1 that we verify on; Ed25519 is no member, it is of type OKP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EcCurve {
    /// NIST P-256, for ES256.
    P256,
    /// NIST P-384, for ES384.
    P384,
}

impl EcCurve {
    /// The `crv` value.
    pub const fn name(self) -> &'static str {
        match self {
            EcCurve::P256 => "P-256",
            EcCurve::P384 => "P-384",
        }
    }

    /// Octets of one coordinate.
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            EcCurve::P256 => 32,
            EcCurve::P384 => 48,
        }
    }
}

#[cfg(test)]
thread_local! {
    /// How many signatures this thread verified.
    pub(crate) static VERIFICATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Material {
    Ec {
        curve: EcCurve,
        x: Vec<u8>,
        y: Vec<u8>,
        point: Vec<u8>,
    },
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ed25519([u8; 32]),
}

/// A public key of one of the supported types, well-formed by construction.
///
/// Checked when made: lengths, ranges, and that an EC point lies on its curve. Not checked: that an RSA
/// modulus has exactly two prime factors, and that an Ed25519 octet string decodes to a point of
/// large order; a key that fails there verifies nothing of ours, and harms only its owner.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey(Material);

impl PublicKey {
    /// An EC key from its two coordinates, big-endian, each of the curve's full length.
    ///
    /// Refuses other lengths ([`JoseError::JwkCoordinateLength`]) and points off the curve
    /// ([`JoseError::JwkPointInvalid`]).
    pub fn ec(curve: EcCurve, x: &[u8], y: &[u8]) -> Result<Self, JoseError> {
        if x.len() != curve.coordinate_len() || y.len() != curve.coordinate_len() {
            return Err(JoseError::JwkCoordinateLength);
        }
        let point = [&[0x04], x, y].concat();
        let algorithm = match curve {
            EcCurve::P256 => &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
            EcCurve::P384 => &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED,
        };
        // `ring` checks the point at every verification only; a registered key should fail at once.
        ParsedPublicKey::new(algorithm, &point).map_err(|_| JoseError::JwkPointInvalid)?;
        Ok(Self(Material::Ec {
            curve,
            x: x.to_vec(),
            y: y.to_vec(),
            point,
        }))
    }

    /// An RSA key from modulus and public exponent, big-endian without leading zero octets.
    ///
    /// Refuses leading zeros ([`JoseError::JwkRsaInteger`]), a modulus outside 2048 to 8192 bits
    /// ([`JoseError::JwkRsaModulusSize`]) or even ([`JoseError::JwkRsaModulusEven`]), and an exponent
    /// that is even, below 3 or above 2^33 - 1 ([`JoseError::JwkRsaExponent`]).
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, JoseError> {
        let (bits, odd) = unsigned_integer(modulus)?;
        if !RSA_MODULUS_BITS.contains(&bits) {
            return Err(JoseError::JwkRsaModulusSize);
        }
        if !odd {
            return Err(JoseError::JwkRsaModulusEven);
        }
        let (exponent_bits, exponent_odd) = unsigned_integer(exponent)?;
        let in_range =
            exponent_bits <= 64 && (3..=RSA_EXPONENT_MAX).contains(&big_endian(exponent));
        if !exponent_odd || !in_range {
            return Err(JoseError::JwkRsaExponent);
        }
        Ok(Self(Material::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        }))
    }

    /// An Ed25519 key from its 32 octets (RFC 8032 §5.1.5).
    ///
    /// Refuses any other length ([`JoseError::JwkCoordinateLength`]).
    pub fn ed25519(x: &[u8]) -> Result<Self, JoseError> {
        let octets = x.try_into().map_err(|_| JoseError::JwkCoordinateLength)?;
        Ok(Self(Material::Ed25519(octets)))
    }

    /// Whether signatures of this algorithm can be made with a key of this type and curve.
    pub fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        match &self.0 {
            Material::Ec {
                curve: EcCurve::P256,
                ..
            } => algorithm == SigningAlgorithm::ES256,
            Material::Ec {
                curve: EcCurve::P384,
                ..
            } => algorithm == SigningAlgorithm::ES384,
            Material::Rsa { .. } => algorithm.is_rsa(),
            Material::Ed25519(_) => algorithm == SigningAlgorithm::EdDSA,
        }
    }

    /// Whether content keys can reach the owner in this way: RSA keys for RSA-OAEP-256, EC keys for
    /// the ECDH-ES family.
    pub fn encrypts(&self, algorithm: KeyManagement) -> bool {
        match &self.0 {
            Material::Ec { .. } => algorithm.is_agreement(),
            Material::Rsa { .. } => !algorithm.is_agreement(),
            Material::Ed25519(_) => false,
        }
    }

    /// Curve and uncompressed point of an EC key.
    pub(crate) fn ec_point(&self) -> Option<(EcCurve, &[u8])> {
        match &self.0 {
            Material::Ec { curve, point, .. } => Some((*curve, point)),
            Material::Rsa { .. } | Material::Ed25519(_) => None,
        }
    }

    /// Modulus and exponent of an RSA key.
    pub(crate) fn rsa_components(&self) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Material::Rsa { modulus, exponent } => Some((modulus, exponent)),
            Material::Ec { .. } | Material::Ed25519(_) => None,
        }
    }

    /// Verifies a signature in its JWS form (ECDSA: `r` and `s` of full length, not DER).
    ///
    /// Refuses an algorithm of another key type ([`JoseError::JwsKeyTypeMismatch`]) and a signature
    /// that does not verify, of whatever length ([`JoseError::JwsSignatureInvalid`]). ECDSA
    /// signatures are accepted with either of the two equivalent values of `s`, as RFC 7518 §3.4 has it.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), JoseError> {
        #[cfg(test)]
        VERIFICATIONS.with(|count| count.set(count.get() + 1));
        let verified = match (&self.0, algorithm) {
            (
                Material::Ec {
                    curve: EcCurve::P256,
                    point,
                    ..
                },
                SigningAlgorithm::ES256,
            ) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature),
            (
                Material::Ec {
                    curve: EcCurve::P384,
                    point,
                    ..
                },
                SigningAlgorithm::ES384,
            ) => UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                .verify(message, signature),
            (Material::Rsa { modulus, exponent }, SigningAlgorithm::RS256) => {
                RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                }
                .verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Material::Rsa { modulus, exponent }, SigningAlgorithm::PS256) => {
                RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                }
                .verify(&signature::RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Material::Ed25519(x), SigningAlgorithm::EdDSA) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature)
            }
            _ => return Err(JoseError::JwsKeyTypeMismatch),
        };
        verified.map_err(|_| JoseError::JwsSignatureInvalid)
    }

    /// The members that RFC 7638 §3.2 and RFC 8037 §2 require, in lexicographic order.
    pub(crate) fn required_members(&self) -> Vec<(&'static str, String)> {
        match &self.0 {
            Material::Ec { curve, x, y, .. } => vec![
                ("crv", curve.name().to_owned()),
                ("kty", "EC".to_owned()),
                ("x", base64url::encode(x)),
                ("y", base64url::encode(y)),
            ],
            Material::Rsa { modulus, exponent } => vec![
                ("e", base64url::encode(exponent)),
                ("kty", "RSA".to_owned()),
                ("n", base64url::encode(modulus)),
            ],
            Material::Ed25519(x) => vec![
                ("crv", "Ed25519".to_owned()),
                ("kty", "OKP".to_owned()),
                ("x", base64url::encode(x)),
            ],
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_map()
            .entries(self.required_members())
            .finish()
    }
}

/// The bit length and the parity of a big-endian integer without leading zero octets.
fn unsigned_integer(octets: &[u8]) -> Result<(usize, bool), JoseError> {
    match (octets.first(), octets.last()) {
        (Some(&first), Some(&last)) if first != 0 => {
            let leading_zeros = usize::try_from(first.leading_zeros()).unwrap_or(0);
            Ok((octets.len() * 8 - leading_zeros, last & 1 == 1))
        }
        _ => Err(JoseError::JwkRsaInteger),
    }
}

/// The value of at most eight big-endian octets; more would overflow and must be excluded before.
fn big_endian(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0, |value, &octet| value << 8 | u64::from(octet))
}
