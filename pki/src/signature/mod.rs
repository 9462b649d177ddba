//! Signatures: which are strong enough, and whether one fits the other.

mod digest;
mod key;

use std::ops::Range;

use aws_lc_rs::signature as aws;
use ring::signature as ring_signature;

use crate::der::{self, Reader};
use crate::error::Rejection;

pub use self::digest::Digest;
pub use self::key::{Curve, KeyInfo, KeyKind};

const RSA_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
const ECDSA_SHA2_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];

/// A signature algorithm that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS (RFC 8017 §8.1): MGF1 with the same digest, a salt of the digest's length.
    RsaPss(Digest),
    /// ECDSA (RFC 5480), the signature as `SEQUENCE { r, s }`.
    Ecdsa(Digest),
    /// Ed25519 (RFC 8410).
    Ed25519,
}

impl Algorithm {
    /// The digest that is signed; Ed25519 has its own inside.
    pub const fn digest(self) -> Option<Digest> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss(digest) | Self::Ecdsa(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

/// Which keys and digests count. The weak ones are only for chains to an anchor that an operator
/// marked so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength {
    /// The shortest RSA modulus in bits; never below 2048.
    pub rsa_bits: usize,
    /// Whether certificates and lists may be signed over SHA-1.
    pub sha1: bool,
}

impl Default for Strength {
    fn default() -> Self {
        Self {
            rsa_bits: 2048,
            sha1: false,
        }
    }
}

impl Strength {
    /// Whether a key is strong enough.
    ///
    /// # Errors
    /// [`Rejection::KeyWeak`], [`Rejection::KeyUnsupported`].
    pub fn check(&self, key: &KeyInfo) -> Result<(), Rejection> {
        match key.kind() {
            KeyKind::Rsa { bits } if bits < self.rsa_bits => Err(Rejection::KeyWeak),
            KeyKind::Unsupported => Err(Rejection::KeyUnsupported),
            _ => Ok(()),
        }
    }
}

/// What a certificate or a list holds besides its content: where the signed octets are, how they
/// are signed, and the signature.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    tbs: Range<usize>,
    algorithm: Result<Algorithm, Rejection>,
    signature: Range<usize>,
}

impl Signed {
    /// Reads `SEQUENCE { tbs, algorithm, signature BIT STRING }`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut fields = der::only(bytes, der::SEQUENCE)?;
        let tbs = fields.any()?;
        let algorithm = fields.inside(der::SEQUENCE)?;
        let signature = der::whole_bits(fields.read(der::BIT_STRING)?)?;
        fields.end()?;
        let header = bytes.len() - bytes_left(bytes)?;
        Ok(Self {
            tbs: header..header + tbs.raw.len(),
            // Certificates signed by algorithms of others exist; nothing verifies under them.
            algorithm: self::algorithm(algorithm),
            signature: bytes.len() - signature.len()..bytes.len(),
        })
    }

    /// The algorithm, where it is understood.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm.ok()
    }

    /// Whether algorithm and key are strong enough, without the work of verifying.
    ///
    /// # Errors
    /// [`Rejection::KeyWeak`], [`Rejection::KeyUnsupported`], [`Rejection::AlgorithmUnsupported`],
    /// [`Rejection::AlgorithmWeak`].
    pub(crate) fn check(&self, key: &KeyInfo, strength: Strength) -> Result<(), Rejection> {
        let algorithm = self.algorithm?;
        strength.check(key)?;
        if algorithm.digest() == Some(Digest::Sha1) && !strength.sha1 {
            return Err(Rejection::AlgorithmWeak);
        }
        Ok(())
    }

    /// Verifies under a key that is strong enough.
    pub(crate) fn verify(
        &self,
        bytes: &[u8],
        key: &KeyInfo,
        strength: Strength,
    ) -> Result<(), Rejection> {
        let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        let algorithm = self.algorithm?;
        strength.check(key)?;
        verify(
            algorithm,
            key,
            part(&self.tbs),
            part(&self.signature),
            strength,
        )
    }
}

/// How many octets are inside the outermost element.
fn bytes_left(bytes: &[u8]) -> Result<usize, Rejection> {
    let mut outer = Reader::new(bytes);
    outer.any().map(|element| element.content.len())
}

/// Reads an `AlgorithmIdentifier`. RSA parameters are NULL (RFC 4055 §5), absent ones are
/// tolerated; those of PSS name one digest twice and its length as the salt's.
pub(crate) fn algorithm(mut fields: Reader<'_>) -> Result<Algorithm, Rejection> {
    let unsupported = Rejection::AlgorithmUnsupported;
    let oid = fields.read(der::OID)?;
    if oid == ED25519 {
        return Ok(Algorithm::Ed25519);
    }
    if let Some([number]) = oid.strip_prefix(ECDSA_SHA2_PREFIX) {
        return match number {
            2 => Ok(Algorithm::Ecdsa(Digest::Sha256)),
            3 => Ok(Algorithm::Ecdsa(Digest::Sha384)),
            4 => Ok(Algorithm::Ecdsa(Digest::Sha512)),
            _ => Err(unsupported),
        };
    }
    match oid.strip_prefix(RSA_PREFIX) {
        Some([10]) => {
            let parameters = fields.inside(der::SEQUENCE);
            pss(parameters.map_err(|_| unsupported)?).map(Algorithm::RsaPss)
        }
        Some([number @ (5 | 11 | 12 | 13)]) => {
            der::absent_or_null(fields)?;
            Ok(Algorithm::RsaPkcs1(match number {
                5 => Digest::Sha1,
                11 => Digest::Sha256,
                12 => Digest::Sha384,
                _ => Digest::Sha512,
            }))
        }
        _ => Err(unsupported),
    }
}

/// Parameters are required, with nothing left to a default of SHA-1; the trailer may be spelled out.
fn pss(mut fields: Reader<'_>) -> Result<Digest, Rejection> {
    let unsupported = |_| Rejection::AlgorithmUnsupported;
    let digest = sha2(fields.inside(der::constructed(0)).map_err(unsupported)?)?;
    let mut mask = fields.inside(der::constructed(1)).map_err(unsupported)?;
    let mut mask = mask.inside(der::SEQUENCE)?;
    if mask.read(der::OID)? != MGF1 || sha2(mask)? != digest {
        return Err(Rejection::AlgorithmUnsupported);
    }
    let mut salt = fields.inside(der::constructed(2)).map_err(unsupported)?;
    if usize::try_from(der::small(salt.read(der::INTEGER)?)?) != Ok(digest.len()) {
        return Err(Rejection::AlgorithmUnsupported);
    }
    if let Some(trailer) = fields.optional(der::constructed(3))?
        && trailer != [der::INTEGER, 1, 1]
    {
        return Err(Rejection::AlgorithmUnsupported);
    }
    fields.end()?;
    Ok(digest)
}

/// An `AlgorithmIdentifier` of SHA-256 or longer.
fn sha2(mut list: Reader<'_>) -> Result<Digest, Rejection> {
    match Digest::read(list.inside(der::SEQUENCE)?)? {
        Digest::Sha1 => Err(Rejection::AlgorithmUnsupported),
        digest => Ok(digest),
    }
}

/// Verifies under a key whose strength was checked.
pub(crate) fn verify(
    algorithm: Algorithm,
    key: &KeyInfo,
    message: &[u8],
    signature: &[u8],
    strength: Strength,
) -> Result<(), Rejection> {
    let by_ring = |with: &'static dyn ring_signature::VerificationAlgorithm| {
        let bits = key.bits();
        ring_signature::UnparsedPublicKey::new(with, bits)
            .verify(message, signature)
            .map_err(|_| Rejection::SignatureWrong)
    };
    let by_aws = |with: &'static dyn aws::VerificationAlgorithm| {
        aws::UnparsedPublicKey::new(with, key.bits())
            .verify(message, signature)
            .map_err(|_| Rejection::SignatureWrong)
    };
    match (key.kind(), algorithm) {
        (KeyKind::Rsa { .. }, Algorithm::RsaPkcs1(hash)) => by_ring(match hash {
            Digest::Sha1 if !strength.sha1 => return Err(Rejection::AlgorithmWeak),
            Digest::Sha1 => &ring_signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
            Digest::Sha384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
            Digest::Sha512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
        }),
        (KeyKind::Rsa { .. }, Algorithm::RsaPss(hash)) => by_ring(match hash {
            Digest::Sha1 => return Err(Rejection::AlgorithmUnsupported),
            Digest::Sha256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
            Digest::Sha384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
            Digest::Sha512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
        }),
        (KeyKind::Ed25519, Algorithm::Ed25519) => by_ring(&ring_signature::ED25519),
        (KeyKind::Ec(Curve::P256), Algorithm::Ecdsa(hash)) => by_ring(match hash {
            Digest::Sha256 => &ring_signature::ECDSA_P256_SHA256_ASN1,
            Digest::Sha384 => &ring_signature::ECDSA_P256_SHA384_ASN1,
            Digest::Sha1 | Digest::Sha512 => return Err(Rejection::AlgorithmUnsupported),
        }),
        (KeyKind::Ec(Curve::P384), Algorithm::Ecdsa(hash)) => by_ring(match hash {
            Digest::Sha256 => &ring_signature::ECDSA_P384_SHA256_ASN1,
            Digest::Sha384 => &ring_signature::ECDSA_P384_SHA384_ASN1,
            Digest::Sha1 | Digest::Sha512 => return Err(Rejection::AlgorithmUnsupported),
        }),
        (KeyKind::Ec(Curve::P521), Algorithm::Ecdsa(hash)) => by_aws(match hash {
            Digest::Sha256 => &aws::ECDSA_P521_SHA256_ASN1,
            Digest::Sha384 => &aws::ECDSA_P521_SHA384_ASN1,
            Digest::Sha512 => &aws::ECDSA_P521_SHA512_ASN1,
            Digest::Sha1 => return Err(Rejection::AlgorithmUnsupported),
        }),
        _ => Err(Rejection::AlgorithmOfOtherKey),
    }
}
