//! Digests.

use ring::digest;

use crate::der::{self, Reader};
use crate::error::Rejection;

const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];
const SHA2_PREFIX: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    /// Names keys and certificates; counts under a signature only below an anchor that an operator
    /// marked for it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// Reads what is inside an `AlgorithmIdentifier`; parameters are absent or NULL (RFC 5754 §2).
    ///
    /// # Errors
    /// [`Rejection::AlgorithmUnsupported`] for any other algorithm.
    pub(crate) fn read(mut fields: Reader<'_>) -> Result<Self, Rejection> {
        let oid = fields.read(der::OID)?;
        der::absent_or_null(fields)?;
        match oid.strip_prefix(SHA2_PREFIX) {
            Some([1]) => Ok(Self::Sha256),
            Some([2]) => Ok(Self::Sha384),
            Some([3]) => Ok(Self::Sha512),
            None if oid == SHA1 => Ok(Self::Sha1),
            _ => Err(Rejection::AlgorithmUnsupported),
        }
    }

    /// Octets of its value.
    pub const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Never: every digest has a value.
    pub const fn is_empty(self) -> bool {
        false
    }

    /// Its value over some octets.
    pub fn of(self, octets: &[u8]) -> Box<[u8]> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, octets).as_ref().into()
    }

    /// The name that operators and challenges use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The content octets of its object identifier.
    pub(crate) fn oid(self) -> Vec<u8> {
        let number = match self {
            Self::Sha1 => return SHA1.to_vec(),
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        };
        [SHA2_PREFIX, &[number]].concat()
    }
}
