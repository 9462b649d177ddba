//! How the client proves itself at the token endpoint (OpenID Connect Core 1.0 §9).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use oauth2::ClientSecret;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Fault, SettingsError};
use crate::random;

/// Lifetime of a client assertion in seconds: one exchange, with room for clock differences.
const ASSERTION_SECONDS: i64 = 60;
/// The assertion type of RFC 7523 §2.2.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the client proves itself at the token endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A public client: PKCE alone ties the code to this application.
    None,
    /// `client_secret_basic`: the secret in the `Authorization` header.
    SecretBasic(ClientSecret),
    /// `client_secret_post`: the secret in the form. Prefer `SecretBasic`.
    SecretPost(ClientSecret),
    /// `private_key_jwt`: a signed assertion; the provider never learns a secret.
    PrivateKeyJwt(AssertionKey),
}

impl ClientAuthentication {
    /// `client_secret_basic` with this secret.
    #[must_use]
    pub fn secret_basic(secret: &str) -> Self {
        Self::SecretBasic(ClientSecret::new(secret.to_owned()))
    }

    /// `client_secret_post` with this secret.
    #[must_use]
    pub fn secret_post(secret: &str) -> Self {
        Self::SecretPost(ClientSecret::new(secret.to_owned()))
    }

    /// The method's registered name, as in `token_endpoint_auth_methods_supported`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic(_) => "client_secret_basic",
            Self::SecretPost(_) => "client_secret_post",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
        }
    }
}

/// The private key of a `private_key_jwt` client. Cloning shares it; printing shows no key.
#[derive(Clone)]
pub struct AssertionKey(Arc<Inner>);

struct Inner {
    kid: Option<String>,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionKey")
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

impl AssertionKey {
    /// A P-256 key that signs with ES256, from PKCS#8 in PEM or DER. `kid` names it in the key set
    /// registered at the provider. Refuses with `signing_key_unusable`.
    pub fn es256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        let der = der(pkcs8)?;
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der, &random::generator())
            .map_err(|_| SettingsError::SigningKeyUnusable)?;
        Ok(Self::of(Pair::Es256(pair), kid))
    }

    /// An Ed25519 key that signs with EdDSA, from PKCS#8 in PEM or DER. Refuses with
    /// `signing_key_unusable`.
    pub fn ed25519(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pkcs8)?)
            .map_err(|_| SettingsError::SigningKeyUnusable)?;
        Ok(Self::of(Pair::EdDsa(pair), kid))
    }

    fn of(pair: Pair, kid: Option<&str>) -> Self {
        Self(Arc::new(Inner {
            kid: kid.map(str::to_owned),
            pair,
        }))
    }

    /// The public half as a JWK, to be registered at the provider.
    #[must_use]
    pub fn public_jwk(&self) -> serde_json::Value {
        let coded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.0.pair {
            Pair::Es256(pair) => {
                // An uncompressed point: one tag byte, then x and y of 32 bytes each.
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": coded(x), "y": coded(y)})
            }
            Pair::EdDsa(pair) => json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
                "x": coded(pair.public_key().as_ref()),
            }),
        };
        if let Some(object) = jwk.as_object_mut() {
            object.insert("use".to_owned(), json!("sig"));
            if let Some(kid) = &self.0.kid {
                object.insert("kid".to_owned(), json!(kid));
            }
        }
        jwk
    }

    /// A fresh client assertion (RFC 7523 §3). The audience is the issuer as one string, which
    /// every current profile accepts and which no other provider can reuse.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let alg = match self.0.pair {
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
        };
        let header = Header {
            alg,
            typ: "JWT",
            kid: self.0.kid.as_deref(),
        };
        let iat = now.timestamp();
        let claims = Claims {
            iss: client_id,
            sub: client_id,
            aud: issuer,
            jti: random::token()?,
            iat,
            exp: iat + ASSERTION_SECONDS,
        };
        let input = format!("{}.{}", part(&header)?, part(&claims)?);
        let signature = self.sign(input.as_bytes())?;
        Ok(format!(
            "{input}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        ))
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.0.pair {
            Pair::Es256(pair) => pair
                .sign(&random::generator(), input)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Fault::Signing.into()),
            Pair::EdDsa(pair) => Ok(pair.sign(input).as_ref().to_vec()),
        }
    }
}

fn part<T: Serialize>(value: &T) -> Result<String, Error> {
    let json = serde_json::to_vec(value).map_err(|_| Fault::Signing)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}

fn der(pkcs8: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !pkcs8.starts_with(b"-----") {
        return Ok(Cow::Borrowed(pkcs8));
    }
    PrivatePkcs8KeyDer::from_pem_slice(pkcs8)
        .map(|key| Cow::Owned(key.secret_pkcs8_der().to_vec()))
        .map_err(|_| SettingsError::SigningKeyUnusable.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openidconnect::JsonWebKey;
    use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};

    fn verified(key: &AssertionKey, alg: &CoreJwsSigningAlgorithm) -> serde_json::Value {
        let now = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
        let jwt = key.assertion("app", "https://id.example", now).unwrap();
        let (input, signature) = jwt.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let jwk: CoreJsonWebKey = serde_json::from_value(key.public_jwk()).unwrap();
        jwk.verify_signature(alg, input.as_bytes(), &signature)
            .unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD
            .decode(input.split_once('.').unwrap().1)
            .unwrap();
        serde_json::from_slice(&claims).unwrap()
    }

    #[test]
    fn assertions_verify_under_the_registered_key() {
        let rng = random::generator();
        let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        let es = AssertionKey::es256(p256.as_ref(), Some("k1")).unwrap();
        let claims = verified(&es, &CoreJwsSigningAlgorithm::EcdsaP256Sha256);
        assert_eq!(claims["aud"], "https://id.example");
        assert_eq!(claims["iss"], claims["sub"]);
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            60
        );
        assert_ne!(
            claims["jti"],
            verified(&es, &CoreJwsSigningAlgorithm::EcdsaP256Sha256)["jti"],
            "every assertion has its own jti"
        );

        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&rng).unwrap();
        let ed = AssertionKey::ed25519(pkcs8.as_ref(), None).unwrap();
        verified(&ed, &CoreJwsSigningAlgorithm::EdDsa);
        assert!(AssertionKey::es256(pkcs8.as_ref(), None).is_err());
        assert!(AssertionKey::ed25519(b"-----BEGIN nonsense", None).is_err());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!("{:?}", ClientAuthentication::secret_basic("sesame"));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
