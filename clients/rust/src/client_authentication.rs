//! How the client proves itself at the provider's endpoints (OpenID Connect Core 1.0 §9, RFC 8705).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use oauth2::ClientSecret;
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::error::{Error, SettingsError};
use crate::random;
use crate::signing::{self, SigningKey};

/// Lifetime of a client assertion in seconds: one exchange, with room for clock differences.
const ASSERTION_SECONDS: i64 = 60;
/// Shortest secret that may sign assertions, in bytes (RFC 7518 §3.2).
const SECRET_MIN: usize = 32;
/// Keys that are published at once: the one that signs, its successor, and those being retired.
const PUBLISHED: usize = 8;
/// The assertion type of RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the client proves itself at the token endpoint, and wherever else the provider asks it to:
/// for pushed requests and introspection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A public client: PKCE alone ties the code to this application.
    None,
    /// `client_secret_basic`: the secret in the `Authorization` header.
    SecretBasic(ClientSecret),
    /// `client_secret_post`: the secret in the form. Prefer `SecretBasic`.
    SecretPost(ClientSecret),
    /// `client_secret_jwt`: an assertion signed with the secret (HS256), which so never travels.
    /// Make it with [`ClientAuthentication::secret_jwt`].
    SecretJwt(ClientSecret),
    /// `private_key_jwt`: a signed assertion; the provider never learns a secret.
    PrivateKeyJwt(AssertionKey),
    /// `tls_client_auth` (RFC 8705 §2.1): the certificate given to
    /// [`Settings::client_certificate`](crate::Settings::client_certificate), issued by an
    /// authority that the provider trusts.
    TlsClientAuth,
    /// `self_signed_tls_client_auth` (RFC 8705 §2.2): the same with a self-signed certificate,
    /// whose key is registered at the provider.
    SelfSignedTlsClientAuth,
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

    /// `client_secret_jwt` with this secret. Refuses one under 32 bytes with
    /// `client_secret_short`: a shorter key than the hash weakens the signature (RFC 7518 §3.2).
    pub fn secret_jwt(secret: &str) -> Result<Self, Error> {
        if secret.len() < SECRET_MIN {
            return Err(SettingsError::SecretShort.into());
        }
        Ok(Self::SecretJwt(ClientSecret::new(secret.to_owned())))
    }

    /// The method's registered name, as in `token_endpoint_auth_methods_supported`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic(_) => "client_secret_basic",
            Self::SecretPost(_) => "client_secret_post",
            Self::SecretJwt(_) => "client_secret_jwt",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }

    /// True when the method needs a client certificate in the TLS handshake.
    pub(crate) fn needs_certificate(&self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// The parameters of a client assertion (RFC 7523 §2.2), where this method sends one. Each
    /// call makes a new one: a `jti` is good for one request.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let assertion = match self {
            Self::PrivateKeyJwt(key) => key.assertion(client_id, issuer, now)?,
            Self::SecretJwt(secret) => by_secret(secret, &Claims::new(client_id, issuer, now)?)?,
            _ => return Ok(Vec::new()),
        };
        Ok(vec![
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion),
        ])
    }

    /// What a form posted to the provider carries for this method: parameters, and the
    /// `Authorization` header where the method is `client_secret_basic` (RFC 6749 §2.3.1).
    pub(crate) fn credentials(
        &self,
        client_id: &str,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Credentials, Error> {
        let mut parameters = self.assertion(client_id, issuer, now)?;
        let mut authorization = None;
        if let Self::SecretBasic(secret) = self {
            let coded =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", coded(client_id), coded(secret.secret()));
            authorization = Some(format!("Basic {}", BASE64_STANDARD.encode(pair)));
        } else {
            parameters.push(("client_id", client_id.to_owned()));
        }
        if let Self::SecretPost(secret) = self {
            parameters.push(("client_secret", secret.secret().clone()));
        }
        Ok(Credentials {
            parameters,
            authorization,
        })
    }
}

/// A client's proof of itself for one request.
pub(crate) struct Credentials {
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) authorization: Option<String>,
}

/// The private key of a `private_key_jwt` client. Clones share it, so that a rotation reaches every
/// one of them; printing shows no key.
///
/// A rotation takes three steps, for the provider learns of keys by fetching the set that
/// [`web::RelyingParty::routes`](crate::web::RelyingParty::routes) serves at `/client-keys`:
/// [`announce`](Self::announce) the successor, wait until the provider's cache has run out (or rely
/// on its fetching again for an unknown `kid`), [`switch`](Self::switch) to it, and
/// [`retire`](Self::retire) the former one a minute later, when its last assertion has expired.
#[derive(Clone)]
pub struct AssertionKey(Arc<RwLock<Keys>>);

struct Keys {
    signing: Arc<SigningKey>,
    /// Published beside the signing one.
    others: Vec<Arc<SigningKey>>,
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionKey")
            .field("kid", &self.signing().kid)
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

impl<'a> Claims<'a> {
    /// RFC 7523 §3. The audience is the issuer as one string, which every current profile accepts
    /// and which no other provider can reuse.
    fn new(client_id: &'a str, issuer: &'a str, now: DateTime<Utc>) -> Result<Self, Error> {
        let iat = now.timestamp();
        Ok(Self {
            iss: client_id,
            sub: client_id,
            aud: issuer,
            jti: random::token()?,
            iat,
            exp: iat + ASSERTION_SECONDS,
        })
    }
}

impl AssertionKey {
    /// A P-256 key that signs with ES256, from PKCS#8 in PEM or DER. `kid` names it in the key set
    /// registered at the provider. Refuses with `signing_key_unusable`.
    pub fn es256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        Ok(Self::of(SigningKey::es256(pkcs8, kid)?))
    }

    /// An Ed25519 key that signs with EdDSA, from PKCS#8 in PEM or DER. Refuses with
    /// `signing_key_unusable`.
    pub fn ed25519(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        Ok(Self::of(SigningKey::ed25519(pkcs8, kid)?))
    }

    /// An RSA key of at least 2048 bits that signs with PS256, from PKCS#8 in PEM or DER. Refuses
    /// with `signing_key_unusable`.
    pub fn ps256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        Ok(Self::of(SigningKey::ps256(pkcs8, kid)?))
    }

    fn of(key: SigningKey) -> Self {
        let (signing, others) = (Arc::new(key), Vec::new());
        Self(Arc::new(RwLock::new(Keys { signing, others })))
    }

    fn signing(&self) -> Arc<SigningKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys.signing)
    }

    /// Publishes `next` without signing with it yet. At most eight keys are published at once; the
    /// oldest announced one makes room.
    pub fn announce(&self, next: &Self) {
        let next = next.signing();
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.others.retain(|key| key.kid != next.kid);
        if keys.others.len() + 1 >= PUBLISHED {
            keys.others.remove(0);
        }
        keys.others.push(next);
    }

    /// Signs with `next` from now on; the former key stays published until it is retired.
    pub fn switch(&self, next: &Self) {
        self.announce(next);
        let next = next.signing();
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.others.retain(|key| key.kid != next.kid);
        let former = std::mem::replace(&mut keys.signing, next);
        keys.others.push(former);
    }

    /// Publishes the key named `kid` no longer. The key that signs stays, whatever its name.
    pub fn retire(&self, kid: &str) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.others.retain(|key| key.kid.as_deref() != Some(kid));
    }

    /// The public half of the signing key as a JWK, to be registered at the provider.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        self.signing().public_jwk()
    }

    /// Every public half to be published, the signing key first.
    #[must_use]
    pub fn public_jwks(&self) -> Vec<Value> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = std::iter::once(&keys.signing).chain(&keys.others);
        all.map(|key| key.public_jwk()).collect()
    }

    /// A fresh client assertion.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let key = self.signing();
        let header = Header {
            alg: key.alg(),
            typ: "JWT",
            kid: key.kid.as_deref(),
        };
        key.compact(&header, &Claims::new(client_id, issuer, now)?)
    }
}

fn by_secret(secret: &ClientSecret, claims: &Claims<'_>) -> Result<String, Error> {
    let header = Header {
        alg: "HS256",
        typ: "JWT",
        kid: None,
    };
    let input = format!("{}.{}", signing::part(&header)?, signing::part(claims)?);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.secret().as_bytes());
    let tag = hmac::sign(&key, input.as_bytes());
    Ok(format!("{input}.{}", signing::coded(tag.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
    };
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa = AssertionKey::ps256(rsa.as_der().unwrap().as_ref(), Some("k2")).unwrap();
        verified(&rsa, &CoreJwsSigningAlgorithm::RsaSsaPssSha256);
        assert!(AssertionKey::es256(pkcs8.as_ref(), None).is_err());
        assert!(AssertionKey::ed25519(b"-----BEGIN nonsense", None).is_err());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!("{:?}", ClientAuthentication::secret_basic("sesame"));
        assert!(!shown.contains("sesame"), "{shown}");
    }

    fn named(kid: &str) -> AssertionKey {
        let rng = random::generator();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        AssertionKey::es256(pkcs8.as_ref(), Some(kid)).unwrap()
    }

    #[test]
    fn a_successor_is_published_before_it_signs_and_the_former_key_after() {
        let (key, next) = (named("k1"), named("k2"));
        let settings = ClientAuthentication::PrivateKeyJwt(key.clone());
        let kids = || -> Vec<Value> {
            let jwks = key.public_jwks();
            jwks.iter().map(|jwk| jwk["kid"].clone()).collect()
        };
        let signs = || {
            let now = DateTime::from_timestamp(0, 0).unwrap();
            let sent = settings
                .assertion("app", "https://id.example", now)
                .unwrap();
            crate::jws::kid_of(&sent[1].1).unwrap()
        };
        key.announce(&next);
        assert_eq!(
            (kids(), signs()),
            (vec!["k1".into(), "k2".into()], "k1".to_owned())
        );
        key.switch(&next);
        assert_eq!(
            (kids(), signs()),
            (vec!["k2".into(), "k1".into()], "k2".to_owned())
        );
        key.retire("k2");
        key.retire("k1");
        assert_eq!((kids(), signs()), (vec!["k2".into()], "k2".to_owned()));
        for n in 0..20 {
            key.announce(&named(&format!("n{n}")));
        }
        assert_eq!(kids().len(), PUBLISHED, "bounded");
    }

    #[test]
    fn a_secret_signs_assertions_when_it_is_long_enough() {
        let short = ClientAuthentication::secret_jwt(&"x".repeat(31)).unwrap_err();
        assert_eq!(short.reason(), "client_secret_short");
        let secret = "a secret of at least 32 bytes, as the hash";
        let method = ClientAuthentication::secret_jwt(secret).unwrap();
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let sent = method
            .credentials("app", "https://id.example", now)
            .unwrap();
        assert_eq!(sent.authorization, None);
        let (input, tag) = sent.parameters[1].1.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).unwrap();
        hmac::verify(&key, input.as_bytes(), &tag).unwrap();
    }
}
