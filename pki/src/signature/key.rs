//! Public keys: which kind, how long.

use std::ops::Range;

use crate::der::{self, Reader};
use crate::error::Rejection;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

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

    /// What is inside the BIT STRING, without the octet that counts unused bits.
    pub(crate) fn bits(&self) -> &[u8] {
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
