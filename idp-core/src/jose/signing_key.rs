//! Private keys: generated, loaded, and used for signing; never printed.

use super::{EcCurve, JoseError, Jwk, PublicKey, SigningAlgorithm};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use ring::rand::SecureRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair,
};
use std::fmt;
use zeroize::Zeroizing;

/// The octets of a new private key, PKCS#8 in DER (RFC 5958), to be encrypted and stored.
///
/// Wiped from memory when dropped; printing shows nothing of it.
#[derive(Clone)]
pub struct PrivateKeyDer(Zeroizing<Vec<u8>>);

impl PrivateKeyDer {
    /// The secret octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKeyDer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKeyDer(secret)")
    }
}

/// The modulus size of a new RSA key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaKeySize {
    /// 2048 bits, the least that RFC 7518 §3.3 admits.
    #[default]
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

enum PrivateKey {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key bound to one algorithm.
///
/// Not clonable, so that the secret has one place; share it in an `Arc`.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    private: PrivateKey,
    public: PublicKey,
}

impl SigningKey {
    /// Generates a private key; RSA keys get 2048 bits.
    ///
    /// EC and Ed25519 keys come from `rng` alone. RSA keys come from the generator inside
    /// `aws-lc-rs`, which takes none from outside: two runs with equal `rng` differ.
    /// Fails with [`JoseError::SigningKeyGeneration`] when the generator does.
    pub fn generate(
        algorithm: SigningAlgorithm,
        rng: &dyn SecureRandom,
    ) -> Result<PrivateKeyDer, JoseError> {
        let document = match algorithm {
            SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => {
                EcdsaKeyPair::generate_pkcs8(ecdsa(algorithm)?, rng)
            }
            SigningAlgorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(rng),
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
                return Self::generate_rsa(algorithm, RsaKeySize::default());
            }
        };
        let document = document.map_err(|_| JoseError::SigningKeyGeneration)?;
        Ok(PrivateKeyDer(Zeroizing::new(document.as_ref().to_vec())))
    }

    /// Generates an RSA key of a chosen size, with the exponent 65537, by `aws-lc-rs`.
    ///
    /// Refuses algorithms that are not RSA ([`JoseError::SigningKeySize`]).
    pub fn generate_rsa(
        algorithm: SigningAlgorithm,
        size: RsaKeySize,
    ) -> Result<PrivateKeyDer, JoseError> {
        if !algorithm.is_rsa() {
            return Err(JoseError::SigningKeySize);
        }
        let size = match size {
            RsaKeySize::Bits2048 => aws_lc_rs::rsa::KeySize::Rsa2048,
            RsaKeySize::Bits3072 => aws_lc_rs::rsa::KeySize::Rsa3072,
            RsaKeySize::Bits4096 => aws_lc_rs::rsa::KeySize::Rsa4096,
        };
        let pair = aws_lc_rs::rsa::KeyPair::generate(size);
        let pair = pair.map_err(|_| JoseError::SigningKeyGeneration)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| JoseError::SigningKeyGeneration)?;
        Ok(PrivateKeyDer(Zeroizing::new(der.as_ref().to_vec())))
    }

    /// Loads a private key from PKCS#8 in DER.
    ///
    /// Refuses, with [`JoseError::SigningKeyRejected`], malformed octets, a key of another type or
    /// curve than the algorithm's, RSA keys outside 2048 to 4096 bits, and a public half that does
    /// not belong to the private one. Ed25519 keys without a public half (version 1, as OpenSSL
    /// writes them) are accepted. From `rng` comes a secret that hedges the nonces of ECDSA.
    pub fn from_pkcs8(
        algorithm: SigningAlgorithm,
        der: &[u8],
        rng: &dyn SecureRandom,
    ) -> Result<Self, JoseError> {
        let private = match algorithm {
            SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => {
                EcdsaKeyPair::from_pkcs8(ecdsa(algorithm)?, der, rng).map(PrivateKey::Ecdsa)
            }
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
                RsaKeyPair::from_pkcs8(der).map(PrivateKey::Rsa)
            }
            SigningAlgorithm::EdDSA => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(PrivateKey::Ed25519)
            }
        };
        let private = private.map_err(|_| JoseError::SigningKeyRejected)?;
        let public = private.public_key(algorithm)?;
        Ok(Self {
            algorithm,
            private,
            public,
        })
    }

    /// The algorithm that this key signs with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as an issuer publishes it, with `kid`, `alg` and `use`.
    pub fn public_jwk(&self, kid: &str) -> Result<Jwk, JoseError> {
        Jwk::for_signatures(self.public.clone(), self.algorithm, kid)
    }

    /// Signs, and returns the signature in its JWS form (ECDSA: `r` and `s` of full length).
    ///
    /// EdDSA and RS256 are deterministic and leave `rng` alone. Fails with
    /// [`JoseError::SigningFailed`] when the generator or the library does.
    pub fn sign(&self, message: &[u8], rng: &dyn SecureRandom) -> Result<Vec<u8>, JoseError> {
        match &self.private {
            PrivateKey::Ecdsa(pair) => {
                let signature = pair.sign(rng, message);
                let signature = signature.map_err(|_| JoseError::SigningFailed)?;
                Ok(signature.as_ref().to_vec())
            }
            PrivateKey::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            PrivateKey::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    SigningAlgorithm::PS256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, rng, message, &mut signature)
                    .map_err(|_| JoseError::SigningFailed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SigningKey");
        shown
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    fn public_key(&self, algorithm: SigningAlgorithm) -> Result<PublicKey, JoseError> {
        match self {
            PrivateKey::Ecdsa(pair) => {
                let curve = match algorithm {
                    SigningAlgorithm::ES384 => EcCurve::P384,
                    _ => EcCurve::P256,
                };
                // The uncompressed point: one octet 04, then both coordinates.
                let coordinates = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                PublicKey::ec(curve, x, y)
            }
            PrivateKey::Rsa(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                PublicKey::rsa(&public.n, &public.e)
            }
            PrivateKey::Ed25519(pair) => PublicKey::ed25519(pair.public_key().as_ref()),
        }
    }
}

/// The curve and digest of an ECDSA algorithm.
fn ecdsa(algorithm: SigningAlgorithm) -> Result<&'static EcdsaSigningAlgorithm, JoseError> {
    match algorithm {
        SigningAlgorithm::ES256 => Ok(&ECDSA_P256_SHA256_FIXED_SIGNING),
        SigningAlgorithm::ES384 => Ok(&ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => Err(JoseError::SigningKeyRejected),
    }
}

#[cfg(test)]
mod tests {
    use super::{PrivateKeyDer, RsaKeySize, SigningKey};
    use crate::jose::{JoseError, SigningAlgorithm, sample};

    #[test]
    fn every_algorithm_signs_what_its_public_half_verifies() {
        for &algorithm in SigningAlgorithm::ALL {
            let key = sample::key(algorithm);
            let signature = key.sign(b"message", &sample::rng()).unwrap();
            let verified = key.public_key().verify(algorithm, b"message", &signature);
            assert_eq!(verified, Ok(()), "{algorithm}");
            let altered = key.public_key().verify(algorithm, b"massage", &signature);
            assert_eq!(altered, Err(JoseError::JwsSignatureInvalid), "{algorithm}");
        }
    }

    #[test]
    fn a_key_serves_only_its_own_type() {
        let ders = [
            (
                SigningAlgorithm::ES256,
                sample::fresh_der(SigningAlgorithm::ES256),
            ),
            (
                SigningAlgorithm::ES384,
                sample::fresh_der(SigningAlgorithm::ES384),
            ),
            (
                SigningAlgorithm::EdDSA,
                sample::fresh_der(SigningAlgorithm::EdDSA),
            ),
            (SigningAlgorithm::RS256, sample::rsa_der().to_vec()),
        ];
        for (made_for, der) in &ders {
            for &algorithm in SigningAlgorithm::ALL {
                let fits = algorithm == *made_for || algorithm.is_rsa() && made_for.is_rsa();
                let loaded = SigningKey::from_pkcs8(algorithm, der, &sample::rng());
                let expected = if fits {
                    None
                } else {
                    Some(JoseError::SigningKeyRejected)
                };
                assert_eq!(loaded.err(), expected, "{made_for} as {algorithm}");
            }
        }
    }

    #[test]
    fn damaged_keys_are_rejected() {
        for &algorithm in SigningAlgorithm::ALL {
            let der = if algorithm.is_rsa() {
                sample::rsa_der().to_vec()
            } else {
                sample::fresh_der(algorithm)
            };
            for damaged in [
                &der[..0],
                &der[..der.len() - 1],
                &[&der[..], &[0]].concat()[..],
            ] {
                let loaded = SigningKey::from_pkcs8(algorithm, damaged, &sample::rng());
                assert_eq!(
                    loaded.err(),
                    Some(JoseError::SigningKeyRejected),
                    "{algorithm}"
                );
            }
        }
    }

    #[test]
    fn sizes_are_for_rsa_only() {
        for &algorithm in SigningAlgorithm::ALL {
            if !algorithm.is_rsa() {
                let refused = SigningKey::generate_rsa(algorithm, RsaKeySize::Bits3072);
                assert_eq!(refused.err(), Some(JoseError::SigningKeySize));
            }
        }
    }

    #[test]
    fn a_larger_rsa_key_signs_with_its_own_length() {
        let der = SigningKey::generate_rsa(SigningAlgorithm::PS256, RsaKeySize::Bits3072).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::PS256, der.as_bytes(), &sample::rng());
        let signature = key.unwrap().sign(b"", &sample::rng()).unwrap();
        assert_eq!(signature.len(), 384);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let der = SigningKey::generate(SigningAlgorithm::ES256, &sample::rng()).unwrap();
        assert_eq!(format!("{der:?}"), "PrivateKeyDer(secret)");
        let key = sample::key(SigningAlgorithm::ES256);
        assert_eq!(format!("{key:?}"), "SigningKey { algorithm: ES256, .. }");
    }

    #[test]
    fn keys_may_be_shared_between_threads() {
        fn assert_shareable<T: Send + Sync + 'static>() {}
        assert_shareable::<SigningKey>();
        assert_shareable::<PrivateKeyDer>();
    }
}
