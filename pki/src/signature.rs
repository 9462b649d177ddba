//! Public keys and signatures: which are strong enough, and whether one fits the other.

use std::ops::Range;

use aws_lc_rs::signature as aws;
use ring::signature as ring_signature;

use crate::der::{self, Reader};
use crate::error::Rejection;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ECDSA_SHA2_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const SHA2_PREFIX: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];

/// A curve of RFC 5480.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of so many bits and an odd exponent of at least 3.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// A point on a curve, not checked to be one before it is used.
    Ec(Curve),
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Something else, such as DSA; nothing verifies under it.
    Unsupported,
}

/// A public key (`SubjectPublicKeyInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    der: Box<[u8]>,
    kind: KeyKind,
    bits: Range<usize>,
}

impl KeyInfo {
    /// Parses the DER of a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Rejection::KeyMalformed`].
    pub fn parse(spki: &[u8]) -> Result<Self, Rejection> {
        let malformed = |_| Rejection::KeyMalformed;
        let mut fields = der::only(spki, der::SEQUENCE).map_err(malformed)?;
        let mut algorithm = fields.inside(der::SEQUENCE).map_err(malformed)?;
        let oid = algorithm.read(der::OID).map_err(malformed)?;
        let bits = fields.read(der::BIT_STRING).map_err(malformed)?;
        fields.end().map_err(malformed)?;
        let kind = key_kind(oid, algorithm, bits).map_err(malformed)?;
        // The bits are the last thing in the structure, one octet after the unused-bits octet.
        let start = (spki.len() + 1).saturating_sub(bits.len());
        Ok(Self {
            der: spki.into(),
            kind,
            bits: start..spki.len(),
        })
    }

    /// The whole `SubjectPublicKeyInfo`: two keys are the same when this is.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What kind of key it is.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    fn bits(&self) -> &[u8] {
        self.der.get(self.bits.clone()).unwrap_or_default()
    }
}

fn key_kind(oid: &[u8], mut algorithm: Reader<'_>, bits: &[u8]) -> Result<KeyKind, Rejection> {
    if oid == RSA {
        return rsa_kind(bits);
    }
    if oid == ED25519 {
        algorithm.end()?;
        return Ok(KeyKind::Ed25519);
    }
    if oid == EC {
        // Curves given by their parameters are not named, so they are nobody's curves.
        return Ok(match algorithm.optional(der::OID)? {
            Some(P256) => KeyKind::Ec(Curve::P256),
            Some(P384) => KeyKind::Ec(Curve::P384),
            Some(P521) => KeyKind::Ec(Curve::P521),
            _ => KeyKind::Unsupported,
        });
    }
    Ok(KeyKind::Unsupported)
}

fn rsa_kind(bits: &[u8]) -> Result<KeyKind, Rejection> {
    let mut key = der::only(der::whole_bits(bits)?, der::SEQUENCE)?;
    let modulus = der::non_negative(key.read(der::INTEGER)?)?;
    let exponent = der::non_negative(key.read(der::INTEGER)?)?;
    key.end()?;
    let odd = exponent.last().is_some_and(|last| last & 1 == 1);
    let [first, ..] = modulus else {
        return Err(Rejection::KeyMalformed);
    };
    if !odd || exponent == [1] {
        return Err(Rejection::KeyMalformed);
    }
    let bits = modulus.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0);
    Ok(KeyKind::Rsa { bits })
}

/// A digest that is still collision-resistant, or SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A signature algorithm that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
    Ed25519,
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
        match key.kind {
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
fn algorithm(mut fields: Reader<'_>) -> Result<Algorithm, Rejection> {
    let unsupported = Rejection::AlgorithmUnsupported;
    let oid = fields.read(der::OID)?;
    if oid == ED25519 {
        return Ok(Algorithm::Ed25519);
    }
    if let Some([number]) = oid.strip_prefix(ECDSA_SHA2_PREFIX) {
        return match number {
            2 => Ok(Algorithm::Ecdsa(Hash::Sha256)),
            3 => Ok(Algorithm::Ecdsa(Hash::Sha384)),
            4 => Ok(Algorithm::Ecdsa(Hash::Sha512)),
            _ => Err(unsupported),
        };
    }
    match oid.strip_prefix(RSA_PREFIX) {
        Some([10]) => pss(fields.inside(der::SEQUENCE)?).map(Algorithm::RsaPss),
        Some([number @ (5 | 11 | 12 | 13)]) => {
            if fields
                .optional(der::NULL)?
                .is_some_and(|null| !null.is_empty())
            {
                return Err(Rejection::DerMalformed);
            }
            fields.end()?;
            Ok(Algorithm::RsaPkcs1(match number {
                5 => Hash::Sha1,
                11 => Hash::Sha256,
                12 => Hash::Sha384,
                _ => Hash::Sha512,
            }))
        }
        _ => Err(unsupported),
    }
}

fn pss(mut fields: Reader<'_>) -> Result<Hash, Rejection> {
    let unsupported = Rejection::AlgorithmUnsupported;
    let digest = fields.optional(der::constructed(0))?.ok_or(unsupported)?;
    let (digest, salt) = sha2(Reader::new(digest))?;
    let mask = fields.optional(der::constructed(1))?.ok_or(unsupported)?;
    let mut mask = Reader::new(mask).inside(der::SEQUENCE)?;
    if mask.read(der::OID)? != MGF1 || sha2(mask)?.0 != digest {
        return Err(unsupported);
    }
    let length = fields.optional(der::constructed(2))?.ok_or(unsupported)?;
    let length = der::small(Reader::new(length).read(der::INTEGER)?)?;
    (length == salt).then_some(digest).ok_or(unsupported)
}

fn sha2(mut list: Reader<'_>) -> Result<(Hash, u32), Rejection> {
    let mut algorithm = list.inside(der::SEQUENCE)?;
    match algorithm.read(der::OID)?.strip_prefix(SHA2_PREFIX) {
        Some([1]) => Ok((Hash::Sha256, 32)),
        Some([2]) => Ok((Hash::Sha384, 48)),
        Some([3]) => Ok((Hash::Sha512, 64)),
        _ => Err(Rejection::AlgorithmUnsupported),
    }
}

fn verify(
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
    match (key.kind, algorithm) {
        (KeyKind::Rsa { .. }, Algorithm::RsaPkcs1(hash)) => by_ring(match hash {
            Hash::Sha1 if !strength.sha1 => return Err(Rejection::AlgorithmWeak),
            Hash::Sha1 => &ring_signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
        }),
        (KeyKind::Rsa { .. }, Algorithm::RsaPss(hash)) => by_ring(match hash {
            Hash::Sha1 => return Err(Rejection::AlgorithmUnsupported),
            Hash::Sha256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
            Hash::Sha384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
            Hash::Sha512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
        }),
        (KeyKind::Ed25519, Algorithm::Ed25519) => by_ring(&ring_signature::ED25519),
        (KeyKind::Ec(Curve::P256), Algorithm::Ecdsa(hash)) => by_ring(match hash {
            Hash::Sha256 => &ring_signature::ECDSA_P256_SHA256_ASN1,
            Hash::Sha384 => &ring_signature::ECDSA_P256_SHA384_ASN1,
            Hash::Sha1 | Hash::Sha512 => return Err(Rejection::AlgorithmUnsupported),
        }),
        (KeyKind::Ec(Curve::P384), Algorithm::Ecdsa(hash)) => by_ring(match hash {
            Hash::Sha256 => &ring_signature::ECDSA_P384_SHA256_ASN1,
            Hash::Sha384 => &ring_signature::ECDSA_P384_SHA384_ASN1,
            Hash::Sha1 | Hash::Sha512 => return Err(Rejection::AlgorithmUnsupported),
        }),
        (KeyKind::Ec(Curve::P521), Algorithm::Ecdsa(hash)) => by_aws(match hash {
            Hash::Sha256 => &aws::ECDSA_P521_SHA256_ASN1,
            Hash::Sha384 => &aws::ECDSA_P521_SHA384_ASN1,
            Hash::Sha512 => &aws::ECDSA_P521_SHA512_ASN1,
            Hash::Sha1 => return Err(Rejection::AlgorithmUnsupported),
        }),
        _ => Err(Rejection::AlgorithmOfOtherKey),
    }
}
