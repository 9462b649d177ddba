//! Proofs of possession made by hand, right and wrong.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::provider::{encode, now};

pub struct Prover(EcdsaKeyPair);

fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

impl Prover {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn jwk(&self) -> Value {
        let point = &self.0.public_key().as_ref()[1..];
        let coded = |half: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(half);
        json!({"kty": "EC", "crv": "P-256", "x": coded(&point[..32]), "y": coded(&point[32..])})
    }

    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        digest(&format!(
            r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
            jwk["x"], jwk["y"]
        ))
    }

    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()})
    }

    pub fn claims(&self, method: &str, url: &str, token: &str) -> Value {
        json!({
            "jti": format!("{:?}", std::time::Instant::now()), "htm": method, "htu": url,
            "iat": now(), "ath": digest(token),
        })
    }

    /// `claims` under `header`; an empty header means the right one.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let empty = header.as_object().unwrap().is_empty();
        let right = self.header();
        let header = if empty { &right } else { header };
        let input = format!("{}.{}", encode(header), encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}
