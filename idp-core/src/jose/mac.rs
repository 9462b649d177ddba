//! JSON Web Tokens authenticated with a shared secret (RFC 7518 §3.2): client assertions of
//! `client_secret_jwt`, and nothing else.
//!
//! A room of its own, with types of its own: no public key can come here, and no secret can come to
//! where signatures are verified, so that neither is ever taken for the other (RFC 8725 §3.2).

use ring::hmac;
use serde_json::{Map, Value};

use super::header::open;
use super::jwt::{check_claims, check_typ};
use super::{JoseError, JwtRules, RegisteredClaims, base64url};

/// An HMAC algorithm of RFC 7518 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

impl MacAlgorithm {
    /// Every supported algorithm once.
    pub const ALL: &[Self] = &[Self::HS256, Self::HS384, Self::HS512];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
        }
    }

    /// The least octets of a secret: those of the tag (RFC 7518 §3.2).
    pub const fn least_secret_bytes(self) -> usize {
        match self {
            Self::HS256 => 32,
            Self::HS384 => 48,
            Self::HS512 => 64,
        }
    }

    fn of(self) -> hmac::Algorithm {
        match self {
            Self::HS256 => hmac::HMAC_SHA256,
            Self::HS384 => hmac::HMAC_SHA384,
            Self::HS512 => hmac::HMAC_SHA512,
        }
    }
}

/// A well-formed JWS with a MAC; nothing in it is to be believed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct CompactMac<'a> {
    input: &'a [u8],
    algorithm: MacAlgorithm,
    typ: Option<String>,
    payload: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> CompactMac<'a> {
    /// Parses the compact serialisation of at most `max_bytes` octets.
    ///
    /// Refuses as [`super::CompactJws::parse`] does, except that the algorithms of this room are
    /// supported and no others ([`JoseError::AlgorithmUnsupported`]).
    pub fn parse(text: &'a str, max_bytes: usize) -> Result<Self, JoseError> {
        if text.len() > max_bytes {
            return Err(JoseError::JwsTooLarge);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JoseError::JwsPartCount);
        };
        let octets = base64url::decode(header.as_bytes()).ok_or(JoseError::JwsHeaderBase64)?;
        let opened = open(&octets)?;
        let named = |one: &&MacAlgorithm| one.name() == opened.alg;
        let algorithm = MacAlgorithm::ALL.iter().find(named);
        let input = text.get(..header.len() + 1 + payload.len());
        Ok(Self {
            input: input.ok_or(JoseError::JwsPartCount)?.as_bytes(),
            algorithm: *algorithm.ok_or(JoseError::AlgorithmUnsupported)?,
            typ: opened.typ,
            payload: base64url::decode(payload.as_bytes()).ok_or(JoseError::JwsPayloadBase64)?,
            tag: base64url::decode(tag.as_bytes()).ok_or(JoseError::JwsSignatureBase64)?,
        })
    }

    /// The algorithm that the sender states.
    pub const fn algorithm(&self) -> MacAlgorithm {
        self.algorithm
    }

    /// The payload that nobody has vouched for; only good for finding out whose secret to load.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the MAC under one of the secrets, then the claims by the rules; the algorithms that
    /// the rules name are those of signatures and are not looked at.
    ///
    /// Refuses, in this order: another type; a MAC that none of the secrets of sufficient length
    /// makes ([`JoseError::JwsSignatureInvalid`]); and what [`super::VerifiedJwt::verify`] refuses
    /// about claims.
    pub fn verify(
        &self,
        secrets: &[&str],
        rules: &JwtRules<'_>,
    ) -> Result<(RegisteredClaims, Map<String, Value>), JoseError> {
        check_typ(self.typ.as_deref(), rules)?;
        let long_enough = |s: &&&str| s.len() >= self.algorithm.least_secret_bytes();
        let verifies = |secret: &&str| {
            let key = hmac::Key::new(self.algorithm.of(), secret.as_bytes());
            hmac::verify(&key, self.input, &self.tag).is_ok()
        };
        if !secrets.iter().filter(long_enough).any(verifies) {
            return Err(JoseError::JwsSignatureInvalid);
        }
        check_claims(&self.payload, rules)
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// A JWT over these claims with a MAC.
    pub(crate) fn authenticated(algorithm: MacAlgorithm, secret: &str, claims: &Value) -> String {
        let header = serde_json::json!({"alg": algorithm.name()});
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", part(&header), part(claims));
        let key = hmac::Key::new(algorithm.of(), secret.as_bytes());
        let tag = hmac::sign(&key, input.as_bytes());
        format!("{input}.{}", base64url::encode(tag.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::sample::authenticated;
    use super::*;
    use crate::jose::{CompactJws, ExpectedTyp, ExpiryRule};
    use serde_json::json;

    const NOW: i64 = 1_900_000_000;

    fn rules() -> JwtRules<'static> {
        JwtRules {
            algorithms: &[],
            typ: ExpectedTyp::NotChecked,
            issuer: Some("app"),
            audience: None,
            expiry: ExpiryRule::Required,
            max_age_seconds: None,
            skew_seconds: 0,
            now_ms: NOW * 1000,
        }
    }

    fn verify(text: &str, secrets: &[&str]) -> Result<(), JoseError> {
        let verified = CompactMac::parse(text, 8192)?.verify(secrets, &rules());
        verified.map(|_| ())
    }

    #[test]
    fn each_algorithm_verifies_under_one_of_the_secrets_and_no_other() {
        let (secret, other) = ("s".repeat(64), "o".repeat(64));
        let claims = json!({"iss": "app", "exp": NOW + 60});
        for &algorithm in MacAlgorithm::ALL {
            let text = authenticated(algorithm, &secret, &claims);
            assert_eq!(verify(&text, &[&other, &secret]), Ok(()));
            let invalid = Err(JoseError::JwsSignatureInvalid);
            for secrets in [&[other.as_str()][..], &[]] {
                assert_eq!(verify(&text, secrets), invalid, "{algorithm:?}");
            }
            let short = "s".repeat(algorithm.least_secret_bytes() - 1);
            let text = authenticated(algorithm, &short, &claims);
            assert_eq!(verify(&text, &[&short]), invalid, "{algorithm:?}");
            let refused = CompactJws::parse(&text, 8192).unwrap_err();
            assert_eq!(refused, JoseError::AlgorithmSymmetric, "nowhere else");
        }
    }

    #[test]
    fn what_is_no_such_message_is_refused() {
        let secret = "s".repeat(64);
        let expired = json!({"iss": "app", "exp": NOW});
        let text = authenticated(MacAlgorithm::HS256, &secret, &expired);
        assert_eq!(verify(&text, &[&secret]), Err(JoseError::JwtExpired));
        let with = |header: Value| {
            let header = base64url::encode(header.to_string().as_bytes());
            let rest = text.split_once('.').unwrap().1;
            verify(&format!("{header}.{rest}"), &[&secret])
        };
        for alg in ["none", "ES256", "HS1", "hs256"] {
            let refused = with(json!({"alg": alg}));
            assert_eq!(refused, Err(JoseError::AlgorithmUnsupported), "{alg}");
        }
        let critical = with(json!({"alg": "HS256", "crit": ["b64"], "b64": false}));
        assert_eq!(critical, Err(JoseError::JwsCritical));
        let changed = with(json!({"alg": "HS256", "kid": "x"}));
        assert_eq!(changed, Err(JoseError::JwsSignatureInvalid));
        for text in ["", "a.b", "a.b.c.d"] {
            assert!(CompactMac::parse(text, 8192).is_err(), "{text}");
        }
        let long = CompactMac::parse(&text, 10).unwrap_err();
        assert_eq!(long, JoseError::JwsTooLarge);
    }
}
