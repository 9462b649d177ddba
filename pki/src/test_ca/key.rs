//! Keys, and signatures of every kind by them.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::encode::{bits, explicit, null, number, oid, sequence};
use crate::{Curve, Digest};

/// How a test signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// PKCS #1 v1.5 with an algorithm that names the digest.
    RsaPkcs1(Digest),
    /// PSS with a salt of the digest's length.
    RsaPss(Digest),
    /// ECDSA.
    Ecdsa(Digest),
    /// Ed25519.
    Ed25519,
}

/// A key pair.
pub enum Key {
    /// RSA.
    Rsa(Box<rsa::KeyPair>),
    /// ECDSA; each key signs over one digest.
    Ec(Curve, Digest, Box<EcdsaKeyPair>),
    /// Ed25519.
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    /// A fresh RSA key of 2048, 3072 or 4096 bits. Takes a while.
    pub fn rsa(bits: usize) -> Self {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            other => panic!("no RSA keys of {other} bits"),
        };
        Self::Rsa(Box::new(rsa::KeyPair::generate(size).unwrap()))
    }

    /// A fresh key on P-256.
    pub fn p256() -> Self {
        Self::on(Curve::P256, Digest::Sha256)
    }

    /// A fresh key on a curve, which signs over this digest.
    pub fn on(curve: Curve, digest: Digest) -> Self {
        let algorithm = match (curve, digest) {
            (Curve::P256, Digest::Sha256) => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            (Curve::P384, Digest::Sha384) => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
            (Curve::P521, Digest::Sha256) => &signature::ECDSA_P521_SHA256_ASN1_SIGNING,
            (Curve::P521, Digest::Sha384) => &signature::ECDSA_P521_SHA384_ASN1_SIGNING,
            (Curve::P521, Digest::Sha512) => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
            other => panic!("no such keys: {other:?}"),
        };
        Self::Ec(
            curve,
            digest,
            Box::new(EcdsaKeyPair::generate(algorithm).unwrap()),
        )
    }

    /// A fresh Ed25519 key.
    pub fn ed25519() -> Self {
        Self::Ed25519(Box::new(Ed25519KeyPair::generate().unwrap()))
    }

    /// The scheme that fits it best.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Rsa(_) => Scheme::RsaPkcs1(Digest::Sha256),
            Self::Ec(_, digest, _) => Scheme::Ecdsa(*digest),
            Self::Ed25519(_) => Scheme::Ed25519,
        }
    }

    /// Its `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(pair) => (
                sequence(&[oid("1.2.840.113549.1.1.1"), null()]),
                pair.public_key().as_ref(),
            ),
            Self::Ec(curve, _, pair) => {
                let name = match curve {
                    Curve::P256 => "1.2.840.10045.3.1.7",
                    Curve::P384 => "1.3.132.0.34",
                    Curve::P521 => "1.3.132.0.35",
                };
                let algorithm = sequence(&[oid("1.2.840.10045.2.1"), oid(name)]);
                (algorithm, pair.public_key().as_ref())
            }
            Self::Ed25519(pair) => (sequence(&[oid("1.3.101.112")]), pair.public_key().as_ref()),
        };
        sequence(&[algorithm, bits(key)])
    }

    /// Its private key as PKCS #8, for whoever must hold it, such as a browser.
    pub fn pkcs8(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => AsDer::as_der(pair.as_ref()).unwrap().as_ref().to_vec(),
            Self::Ec(_, _, pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        }
    }

    /// Signs; ECDSA as `SEQUENCE { r, s }`.
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match (self, scheme) {
            (Self::Rsa(pair), Scheme::RsaPkcs1(_) | Scheme::RsaPss(_)) => {
                let encoding = match scheme {
                    Scheme::RsaPkcs1(Digest::Sha384) => &signature::RSA_PKCS1_SHA384,
                    Scheme::RsaPkcs1(Digest::Sha512) => &signature::RSA_PKCS1_SHA512,
                    Scheme::RsaPss(Digest::Sha256) => &signature::RSA_PSS_SHA256,
                    Scheme::RsaPss(Digest::Sha384) => &signature::RSA_PSS_SHA384,
                    Scheme::RsaPss(Digest::Sha512) => &signature::RSA_PSS_SHA512,
                    // Nobody signs over SHA-1 any more; what is announced so is refused unread.
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            (Self::Ec(_, digest, pair), Scheme::Ecdsa(wanted)) => {
                assert_eq!(*digest, wanted, "the key signs over one digest");
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            (Self::Ed25519(pair), Scheme::Ed25519) => pair.sign(message).as_ref().to_vec(),
            (_, other) => panic!("the key cannot sign by {other:?}"),
        }
    }
}

impl Scheme {
    /// Its `AlgorithmIdentifier`.
    pub fn identifier(self) -> Vec<u8> {
        match self {
            Self::RsaPkcs1(digest) => {
                let number = match digest {
                    Digest::Sha1 => 5,
                    Digest::Sha256 => 11,
                    Digest::Sha384 => 12,
                    Digest::Sha512 => 13,
                };
                sequence(&[oid(&format!("1.2.840.113549.1.1.{number}")), null()])
            }
            Self::RsaPss(digest) => pss(digest, digest, digest.len()),
            Self::Ecdsa(digest) => {
                let arc = match digest {
                    Digest::Sha1 => "1".to_owned(),
                    other => format!("3.{}", sha2_number(other) + 1),
                };
                sequence(&[oid(&format!("1.2.840.10045.4.{arc}"))])
            }
            Self::Ed25519 => sequence(&[oid("1.3.101.112")]),
        }
    }
}

/// RSASSA-PSS with these parameters (RFC 4055 §3.1).
pub(crate) fn pss(digest: Digest, mask: Digest, salt: usize) -> Vec<u8> {
    let mask = sequence(&[oid("1.2.840.113549.1.1.8"), digest_identifier(mask)]);
    let parameters = sequence(&[
        explicit(0, &digest_identifier(digest)),
        explicit(1, &mask),
        explicit(2, &number(u64::try_from(salt).unwrap())),
    ]);
    sequence(&[oid("1.2.840.113549.1.1.10"), parameters])
}

/// The `AlgorithmIdentifier` of a digest.
pub(crate) fn digest_identifier(digest: Digest) -> Vec<u8> {
    match digest {
        Digest::Sha1 => sequence(&[oid("1.3.14.3.2.26"), null()]),
        other => sequence(&[oid(&format!("2.16.840.1.101.3.4.2.{}", sha2_number(other)))]),
    }
}

fn sha2_number(digest: Digest) -> u8 {
    match digest {
        Digest::Sha1 => panic!("not of this family"),
        Digest::Sha256 => 1,
        Digest::Sha384 => 2,
        Digest::Sha512 => 3,
    }
}
