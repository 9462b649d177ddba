//! Reading a compact JWS and verifying it under a provider's published keys.
//!
//! `openidconnect` verifies ID tokens itself; logout tokens are no ID tokens, so this file reads
//! the three parts and leaves the cryptography to that library's keys.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm};
use serde::Deserialize;

use crate::keys;
use crate::strict;

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
            header: strict::parse(&decode(header)?)?,
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

    /// The payload, unverified: only for telling which rule a document breaks first.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The part under the signature.
    pub(crate) fn signing_input(&self) -> &str {
        self.signing_input
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The media type of the header in short lower-case form (RFC 7515 §4.1.9), if it states one.
    pub(crate) fn typ(&self) -> Option<String> {
        let typ = self.header.typ.as_deref()?.to_ascii_lowercase();
        let short = typ.strip_prefix("application/").map(str::to_owned);
        Some(short.unwrap_or(typ))
    }

    /// True when the header states nesting or extensions that this crate does not know.
    pub(crate) fn is_extended(&self) -> bool {
        self.header.cty.is_some() || self.header.crit.is_some()
    }

    pub(crate) fn algorithm(&self) -> Option<CoreJwsSigningAlgorithm> {
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

/// An `aud` (RFC 7519 §4.1.3): one string or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// True when `wanted` is named.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }

    /// True when `wanted` is named and nobody else.
    pub(crate) fn is_only(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => !many.is_empty() && many.iter().all(|one| one == wanted),
        }
    }
}

/// Seconds since 1970 as an instant, within the years that other arithmetic here can bear.
pub(crate) fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    const YEAR_9999: i64 = 253_402_300_799;
    DateTime::from_timestamp(seconds, 0).filter(|_| (0..=YEAR_9999).contains(&seconds))
}

/// Further members of a token's header.
pub(crate) fn header_of<T: serde::de::DeserializeOwned>(token: &str) -> Option<T> {
    let (header, _) = token.split_once('.')?;
    strict::parse(&BASE64_URL_SAFE_NO_PAD.decode(header).ok()?)
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
