//! Reading a compact JWS and verifying it under a provider's published keys.
//!
//! `openidconnect` verifies ID tokens itself; logout tokens are no ID tokens, so this file reads
//! the three parts and leaves the cryptography to that library's keys.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm};
use serde::Deserialize;

use crate::keys;

/// A compact JWS taken apart; nothing in it has been verified.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    pub(crate) header: Header,
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The members of a JOSE header that decide anything here (RFC 7515 §4.1).
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) cty: Option<String>,
    #[serde(default)]
    pub(crate) crit: Option<serde_json::Value>,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    Algorithm,
    KeyUnknown,
    Signature,
}

impl<'a> Compact<'a> {
    /// Takes `token` apart: three base64url parts, the first a JSON object with an `alg`.
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            signing_input,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// The payload, once the signature verified under exactly one eligible key of `set` with an
    /// algorithm out of `allowed`. Two eligible keys are refused like none: guessing which one is
    /// meant would verify more than was named.
    pub(crate) fn verify(
        &self,
        set: &CoreJsonWebKeySet,
        allowed: &[CoreJwsSigningAlgorithm],
    ) -> Result<&[u8], Unverified> {
        let alg = self.algorithm().filter(|alg| allowed.contains(alg));
        let alg = alg.ok_or(Unverified::Algorithm)?;
        let mut eligible = set.keys().iter().filter(|key| self.may_use(key, &alg));
        let key = eligible.next().ok_or(Unverified::KeyUnknown)?;
        if eligible.next().is_some() {
            return Err(Unverified::KeyUnknown);
        }
        key.verify_signature(&alg, self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| Unverified::Signature)?;
        Ok(&self.payload)
    }

    fn algorithm(&self) -> Option<CoreJwsSigningAlgorithm> {
        serde_json::from_value(serde_json::Value::String(self.header.alg.clone())).ok()
    }

    fn may_use(&self, key: &CoreJsonWebKey, alg: &CoreJwsSigningAlgorithm) -> bool {
        let named = self
            .header
            .kid
            .as_ref()
            .is_none_or(|kid| keys::names(key, kid));
        let purpose = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let kind = alg.key_type().as_ref() == Some(key.key_type());
        let own = match key.signing_alg() {
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Algorithm(own) => own == alg,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        named && purpose && kind && own
    }
}

/// The `kid` in a token's header, if the token can be read at all.
pub(crate) fn kid_of(token: &str) -> Option<String> {
    Compact::parse(token)?.header.kid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_part_tokens_are_read() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"k"}"#);
        assert_eq!(kid_of(&format!("{header}.e30.AA")).as_deref(), Some("k"));
        for broken in [
            "",
            "a",
            "a.b",
            "..",
            &format!("{header}.e30"),
            &format!("{header}.e30.AA.AA"),
        ] {
            assert!(Compact::parse(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn an_empty_key_set_and_foreign_algorithms_verify_nothing() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let token = format!("{header}.e30.");
        let compact = Compact::parse(&token).unwrap();
        let allowed = [CoreJwsSigningAlgorithm::EcdsaP256Sha256];
        let set = CoreJsonWebKeySet::default();
        assert_eq!(compact.verify(&set, &allowed), Err(Unverified::Algorithm));
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
        let token = format!("{header}.e30.");
        let compact = Compact::parse(&token).unwrap();
        assert_eq!(compact.verify(&set, &allowed), Err(Unverified::KeyUnknown));
    }
}
