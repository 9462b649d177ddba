//! Proofs of possession (RFC 9449), made from the specification alone with `ring`.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::jwt::base64url;
use crate::request::random;

/// A P-256 key of a sender.
pub struct DpopKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Default for DpopKey {
    fn default() -> Self {
        Self::new()
    }
}

impl DpopKey {
    /// A new key.
    ///
    /// # Panics
    /// When the system gives no randomness.
    #[allow(clippy::disallowed_methods, reason = "tests make keys of their own")]
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        Self { pair, random }
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({"crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y)})
    }

    /// Its thumbprint (RFC 7638): the members in order, no spaces.
    pub fn thumbprint(&self) -> String {
        let text = self.jwk().to_string();
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        base64url(digest.as_ref())
    }

    /// A proof for a request with more claims.
    #[allow(clippy::disallowed_methods, reason = "tests read the clock")]
    pub fn proof(&self, method: &str, address: &str, more: &[(&str, Value)]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("a clock").as_secs();
        let mut claims = json!({"jti": random(), "htm": method, "htu": address, "iat": now});
        for (name, value) in more {
            claims[*name] = value.clone();
        }
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()});
        self.sign(&header, &claims)
    }

    /// A JWS over these two.
    ///
    /// # Panics
    /// When signing fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&self.random, input.as_bytes());
        format!("{input}.{}", base64url(signature.expect("signed").as_ref()))
    }
}

/// `ath` of an access token.
pub fn ath(token: &str) -> Value {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    base64url(digest.as_ref()).into()
}
