//! Proofs for tests.

use serde_json::{Map, Value, json};

use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::jose::{Jwk, SigningAlgorithm, SigningKey, base64url};

#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
fn rng() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// A sender's key.
pub(crate) struct ProofKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) key: SigningKey,
}

impl ProofKey {
    pub(crate) fn new() -> Self {
        Self::of(SigningAlgorithm::ES256)
    }

    pub(crate) fn of(algorithm: SigningAlgorithm) -> Self {
        let der = SigningKey::generate(algorithm, &rng()).unwrap();
        let key = SigningKey::from_pkcs8(algorithm, der.as_bytes(), &rng()).unwrap();
        Self { algorithm, key }
    }

    pub(crate) fn jwk(&self) -> Map<String, Value> {
        let jwk = serde_json::to_value(self.key.public_jwk("k").unwrap()).unwrap();
        let mut jwk = jwk.as_object().unwrap().clone();
        jwk.retain(|name, _| !matches!(name.as_str(), "kid" | "use" | "alg"));
        jwk
    }

    pub(crate) fn jkt(&self) -> String {
        Jwk::from_object(&self.jwk()).unwrap().thumbprint()
    }

    /// A proof with good header and claims, each changed; null leaves a member out.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let good = json!({"typ": "dpop+jwt", "alg": self.algorithm.name(), "jwk": self.jwk()});
        let (header, claims) = (changed(good, header), changed(json!({}), claims));
        let encode = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(input.as_bytes(), &rng()).unwrap();
        format!("{input}.{}", base64url::encode(&signature))
    }

    /// A good proof for a request.
    pub(crate) fn proof(
        &self,
        (method, address): (&str, &str),
        jti: &str,
        now: Timestamp,
        more: &Value,
    ) -> String {
        let good = json!({"jti": jti, "htm": method, "htu": address, "iat": now.seconds()});
        self.signed(&json!({}), &changed(good, more))
    }
}

/// `ath` of an access token.
pub(crate) fn ath(token: &str) -> String {
    Digest::of(token.as_bytes()).to_base64url()
}

/// An object with some members replaced, added, or (when null) left out.
fn changed(mut good: Value, changes: &Value) -> Value {
    let members = good.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    good
}
