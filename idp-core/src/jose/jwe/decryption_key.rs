//! Private keys that others encrypt to; never printed.

use std::fmt;

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
    PublicKeyComponents,
};
use aws_lc_rs::signature::KeyPair as _;
use ring::hmac;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::agreement;
use super::content::{ContentKey, Failed};
use super::header::JweHeader;
use crate::jose::{
    EcCurve, JoseError, Jwk, KeyManagement, PrivateKeyDer, PublicKey, SigningAlgorithm, SigningKey,
};

enum Private {
    Rsa(OaepPrivateDecryptingKey),
    Ec(PrivateKey),
}

/// A private key that opens what was encrypted to its public half: RSA for RSA-OAEP-256, P-256 for the
/// ECDH-ES family.
///
/// Not clonable, so that the secret has one place; share it in an `Arc`.
pub struct DecryptionKey {
    alg: KeyManagement,
    private: Private,
    public: PublicKey,
    /// Makes the content key that stands in for one that does not open (RFC 7516 §11.5).
    stand_in: hmac::Key,
}

impl DecryptionKey {
    /// Generates a private key: RSA of 2048 bits, or a key on P-256.
    ///
    /// RSA keys come from the generator inside `aws-lc-rs`, as those of [`SigningKey::generate`] do.
    /// Fails with [`JoseError::SigningKeyGeneration`] when the generator does.
    pub fn generate(
        alg: KeyManagement,
        rng: &dyn SecureRandom,
    ) -> Result<PrivateKeyDer, JoseError> {
        let same_type = if alg.is_agreement() {
            SigningAlgorithm::ES256
        } else {
            SigningAlgorithm::RS256
        };
        SigningKey::generate(same_type, rng)
    }

    /// Loads a private key from PKCS#8 in DER.
    ///
    /// Refuses, with [`JoseError::DecryptionKeyRejected`], malformed octets, a key of another type or
    /// curve than the algorithm's, and RSA keys outside 2048 to 8192 bits.
    pub fn from_pkcs8(alg: KeyManagement, der: &[u8]) -> Result<Self, JoseError> {
        let (private, public) = opened(alg, der).map_err(|_| JoseError::DecryptionKeyRejected)?;
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        Ok(Self {
            alg,
            private,
            public,
            stand_in: hmac::Key::new(hmac::HMAC_SHA256, digest.as_ref()),
        })
    }

    /// The algorithm that it is published for; a key for key agreement serves that whole family.
    pub fn algorithm(&self) -> KeyManagement {
        self.alg
    }

    /// The public half as an issuer publishes it, with `kid`, `alg` and `use`.
    pub fn public_jwk(&self, kid: &str) -> Result<Jwk, JoseError> {
        Jwk::for_encryption(self.public.clone(), self.alg, kid)
    }

    /// Whether it can open a message whose key reaches the recipient in this way.
    pub fn opens(&self, alg: KeyManagement) -> bool {
        self.public.encrypts(alg)
    }

    /// The content key of a message. For RSA, one that does not open is replaced by another that
    /// the sender cannot know and that is the same at every attempt: then the content fails to
    /// authenticate, and neither the answer nor its time tells which of the two was wrong.
    pub(super) fn content_key(
        &self,
        header: &JweHeader,
        encrypted_key: &[u8],
    ) -> Result<ContentKey, Failed> {
        match &self.private {
            Private::Rsa(private) => {
                let opened = unwrap_rsa(private, encrypted_key).unwrap_or_default();
                let stand_in = hmac::sign(&self.stand_in, encrypted_key);
                let right = opened.len() == header.enc.key_len();
                let key = if right {
                    &opened[..]
                } else {
                    stand_in.as_ref()
                };
                let key = key.iter().take(header.enc.key_len()).copied();
                Ok(Zeroizing::new(key.collect()))
            }
            Private::Ec(private) => {
                let epk = header.epk.as_ref().ok_or(Failed)?;
                let derived = agreement::derive(header, private, epk.key())?;
                match header.alg.wrapping_key_len() {
                    Some(_) => agreement::unwrap(header.alg, &derived, encrypted_key),
                    // RFC 7518 §4.6: with direct agreement the encrypted key is empty.
                    None if encrypted_key.is_empty() => Ok(derived),
                    None => Err(Failed),
                }
            }
        }
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("DecryptionKey");
        shown.field("alg", &self.alg).finish_non_exhaustive()
    }
}

fn opened(alg: KeyManagement, der: &[u8]) -> Result<(Private, PublicKey), Failed> {
    if alg.is_agreement() {
        let curve = EcCurve::P256;
        let private = PrivateKey::from_private_key_der(agreement::algorithm(curve), der);
        let private = private.map_err(|_| Failed)?;
        let public = agreement::public_half(curve, &private)?;
        return Ok((Private::Ec(private), public));
    }
    let pair = KeyPair::from_pkcs8(der).map_err(|_| Failed)?;
    let components = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let public = PublicKey::rsa(&components.n, &components.e).map_err(|_| Failed)?;
    let private = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Failed)?;
    Ok((
        Private::Rsa(OaepPrivateDecryptingKey::new(private)?),
        public,
    ))
}

fn unwrap_rsa(
    private: &OaepPrivateDecryptingKey,
    encrypted_key: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut room = Zeroizing::new(vec![0; private.min_output_size()]);
    let opened = private.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut room, None);
    opened.ok().map(|key| Zeroizing::new(key.to_vec()))
}
