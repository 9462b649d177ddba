//! Private keys that sign, for client assertions and DPoP proofs alike.

use std::borrow::Cow;

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PSS_SHA256,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Fault, SettingsError};
use crate::random;

/// A private key with the name under which its public half is published.
pub(crate) struct SigningKey {
    pub(crate) kid: Option<String>,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Ps256(RsaKeyPair),
}

impl SigningKey {
    pub(crate) fn es256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, SettingsError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(pkcs8)?)
            .map_err(|_| SettingsError::SigningKeyUnusable)?;
        Ok(Self::of(Pair::Es256(pair), kid))
    }

    pub(crate) fn ed25519(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, SettingsError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pkcs8)?)
            .map_err(|_| SettingsError::SigningKeyUnusable)?;
        Ok(Self::of(Pair::EdDsa(pair), kid))
    }

    pub(crate) fn ps256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, SettingsError> {
        let pair =
            RsaKeyPair::from_pkcs8(&der(pkcs8)?).map_err(|_| SettingsError::SigningKeyUnusable)?;
        Ok(Self::of(Pair::Ps256(pair), kid))
    }

    fn of(pair: Pair, kid: Option<&str>) -> Self {
        let kid = kid.map(str::to_owned);
        Self { kid, pair }
    }

    pub(crate) fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
            Pair::Ps256(_) => "PS256",
        }
    }

    /// The public half with the members that make the key and nothing else.
    pub(crate) fn bare_jwk(&self) -> Value {
        match &self.pair {
            Pair::Es256(pair) => ec_jwk(pair.public_key().as_ref()),
            Pair::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": coded(pair.public_key().as_ref())})
            }
            Pair::Ps256(pair) => rsa_jwk(pair),
        }
    }

    /// The public half for a registration or a published key set.
    pub(crate) fn public_jwk(&self) -> Value {
        described(self.bare_jwk(), "sig", self.alg(), self.kid.as_deref())
    }

    /// `header` and `claims` as a compact JWS (RFC 7515 §7.1); `header` states this key's `alg`.
    pub(crate) fn compact<H, C>(&self, header: &H, claims: &C) -> Result<String, Error>
    where
        H: Serialize,
        C: Serialize,
    {
        let input = format!("{}.{}", part(header)?, part(claims)?);
        let signature = self.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", coded(&signature)))
    }

    pub(crate) fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Fault> {
        match &self.pair {
            Pair::Es256(pair) => pair
                .sign(&random::generator(), input)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Fault::Signing),
            Pair::EdDsa(pair) => Ok(pair.sign(input).as_ref().to_vec()),
            Pair::Ps256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random::generator(), input, &mut signature)
                    .map_err(|_| Fault::Signing)?;
                Ok(signature)
            }
        }
    }
}

pub(crate) fn coded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn part<T: Serialize>(value: &T) -> Result<String, Error> {
    let json = serde_json::to_vec(value).map_err(|_| Fault::Signing)?;
    Ok(coded(&json))
}

/// A P-256 point as a JWK, from its uncompressed form: one tag byte, then x and y of 32 bytes each.
pub(crate) fn ec_jwk(point: &[u8]) -> Value {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    json!({"kty": "EC", "crv": "P-256", "x": coded(x), "y": coded(y)})
}

pub(crate) fn rsa_jwk(pair: &RsaKeyPair) -> Value {
    let public = pair.public_key();
    let number = |n: aws_lc_rs::io::Positive<'_>| coded(n.big_endian_without_leading_zero());
    json!({"kty": "RSA", "n": number(public.modulus()), "e": number(public.exponent())})
}

/// A bare JWK with what it is for.
pub(crate) fn described(mut jwk: Value, purpose: &str, alg: &str, kid: Option<&str>) -> Value {
    if let Some(object) = jwk.as_object_mut() {
        object.insert("use".to_owned(), json!(purpose));
        object.insert("alg".to_owned(), json!(alg));
        if let Some(kid) = kid {
            object.insert("kid".to_owned(), json!(kid));
        }
    }
    jwk
}

/// The SHA-256 thumbprint of a public JWK (RFC 7638 §3), or nothing when it is no such key.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let member = |name: &str| {
        let value = jwk.get(name)?.as_str()?;
        // What base64url and curve names are made of needs no escaping in the canonical form.
        let plain = value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        plain.then_some(value)
    };
    let canonical = match member("kty")? {
        "EC" => {
            let (crv, x, y) = (member("crv")?, member("x")?, member("y")?);
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        "OKP" => {
            let (crv, x) = (member("crv")?, member("x")?);
            format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#)
        }
        "RSA" => {
            let (e, n) = (member("e")?, member("n")?);
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
        _ => return None,
    };
    Some(random::digest(&canonical))
}

/// PKCS#8 in DER, whether it came so or in PEM.
pub(crate) fn der(pkcs8: &[u8]) -> Result<Cow<'_, [u8]>, SettingsError> {
    if !pkcs8.starts_with(b"-----") {
        return Ok(Cow::Borrowed(pkcs8));
    }
    PrivatePkcs8KeyDer::from_pem_slice(pkcs8)
        .map(|key| Cow::Owned(key.secret_pkcs8_der().to_vec()))
        .map_err(|_| SettingsError::SigningKeyUnusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_the_specification_is_computed() {
        // RFC 7638 §3.1.
        let jwk = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        });
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
        assert_eq!(thumbprint(&json!({"kty": "oct", "k": "AA"})), None);
        assert_eq!(
            thumbprint(&json!({"kty": "EC", "crv": "P-256\"", "x": "a", "y": "b"})),
            None
        );
    }
}
