//! Keys for the tests of this module, generated once per run.

use super::{Header, Jwk, SigningAlgorithm, SigningKey, jws};
use ring::rand::SystemRandom;
use std::sync::OnceLock;

/// The generator of the tests.
#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
pub(super) fn rng() -> SystemRandom {
    SystemRandom::new()
}

/// A key for the algorithm; both RSA algorithms share one, for generating it takes long.
pub(super) fn key(algorithm: SigningAlgorithm) -> &'static SigningKey {
    static ES256: OnceLock<SigningKey> = OnceLock::new();
    static ES384: OnceLock<SigningKey> = OnceLock::new();
    static RS256: OnceLock<SigningKey> = OnceLock::new();
    static PS256: OnceLock<SigningKey> = OnceLock::new();
    static EDDSA: OnceLock<SigningKey> = OnceLock::new();
    let slot = match algorithm {
        SigningAlgorithm::ES256 => &ES256,
        SigningAlgorithm::ES384 => &ES384,
        SigningAlgorithm::RS256 => &RS256,
        SigningAlgorithm::PS256 => &PS256,
        SigningAlgorithm::EdDSA => &EDDSA,
    };
    slot.get_or_init(|| {
        let der = if algorithm.is_rsa() {
            rsa_der().to_vec()
        } else {
            fresh_der(algorithm)
        };
        SigningKey::from_pkcs8(algorithm, &der, &rng()).unwrap()
    })
}

/// The public half, with `kid` "k1".
pub(super) fn jwk(algorithm: SigningAlgorithm) -> Jwk {
    key(algorithm).public_jwk("k1").unwrap()
}

/// A compact JWS over the payload, with `kid` "k1" and the type `JWT`.
pub(super) fn token(algorithm: SigningAlgorithm, payload: &[u8]) -> String {
    let header = Header::new(algorithm).with_kid("k1").with_typ("JWT");
    jws::sign(&header, payload, key(algorithm), &rng()).unwrap()
}

pub(super) fn fresh_der(algorithm: SigningAlgorithm) -> Vec<u8> {
    SigningKey::generate(algorithm, &rng())
        .unwrap()
        .as_bytes()
        .to_vec()
}

pub(super) fn rsa_der() -> &'static [u8] {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    DER.get_or_init(|| fresh_der(SigningAlgorithm::RS256))
}
