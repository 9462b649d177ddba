//! Opening encrypted tokens: compact JWE (RFC 7516) by RSA-OAEP-256 or ECDH-ES, with A128GCM or
//! A256GCM (RFC 7518 §4.3, §4.6, §5.3). This crate never encrypts.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::digest;
use aws_lc_rs::rsa::{
    KeyPair as RsaKeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, JweError, SettingsError};
use crate::signing;
use crate::strict;

/// Longest encrypted token opened, in bytes.
const TOKEN_MAX: usize = 64 * 1024;

/// A private key that opens tokens encrypted to this client. Clones share it; printing shows no key.
#[derive(Clone)]
pub struct DecryptionKey(Arc<Inner>);

struct Inner {
    kid: Option<String>,
    secret: Secret,
    public: Value,
}

enum Secret {
    Rsa(OaepPrivateDecryptingKey),
    P256(agreement::PrivateKey),
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}

impl DecryptionKey {
    /// An RSA key of at least 2048 bits for `RSA-OAEP-256`, from PKCS#8 in PEM or DER. Refuses with
    /// `decryption_key_unusable`.
    pub fn rsa_oaep_256(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        let unusable = SettingsError::DecryptionKeyUnusable;
        let der = signing::der(pkcs8).map_err(|_| unusable)?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|_| unusable)?;
        let secret = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| unusable)?;
        let secret = OaepPrivateDecryptingKey::new(secret).map_err(|_| unusable)?;
        let public = signing::described(signing::rsa_jwk(&pair), "enc", "RSA-OAEP-256", kid);
        Ok(Self::of(Secret::Rsa(secret), public, kid))
    }

    /// A P-256 key for `ECDH-ES`, from PKCS#8 in PEM or DER. Refuses with
    /// `decryption_key_unusable`.
    pub fn ecdh_es(pkcs8: &[u8], kid: Option<&str>) -> Result<Self, Error> {
        let unusable = SettingsError::DecryptionKeyUnusable;
        let der = signing::der(pkcs8).map_err(|_| unusable)?;
        let secret =
            agreement::PrivateKey::from_private_key_der(&ECDH_P256, &der).map_err(|_| unusable)?;
        let point = secret.compute_public_key().map_err(|_| unusable)?;
        let public = signing::described(signing::ec_jwk(point.as_ref()), "enc", "ECDH-ES", kid);
        Ok(Self::of(Secret::P256(secret), public, kid))
    }

    fn of(secret: Secret, public: Value, kid: Option<&str>) -> Self {
        Self(Arc::new(Inner {
            kid: kid.map(str::to_owned),
            secret,
            public,
        }))
    }

    /// The public half as a JWK, to be registered at the provider.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        self.0.public.clone()
    }

    fn fits(&self, header: &Header) -> bool {
        let named = header.kid.is_none() || header.kid == self.0.kid || self.0.kid.is_none();
        let kind = match self.0.secret {
            Secret::Rsa(_) => header.alg == "RSA-OAEP-256",
            Secret::P256(_) => header.alg == "ECDH-ES",
        };
        named && kind
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    epk: Option<EphemeralKey>,
    #[serde(default)]
    apu: Option<String>,
    #[serde(default)]
    apv: Option<String>,
    #[serde(default)]
    zip: Option<Value>,
    #[serde(default)]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct EphemeralKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

/// The two content encryptions.
#[derive(Clone, Copy)]
enum Content {
    A128Gcm,
    A256Gcm,
}

impl Content {
    fn named(enc: &str) -> Option<Self> {
        match enc {
            "A128GCM" => Some(Self::A128Gcm),
            "A256GCM" => Some(Self::A256Gcm),
            _ => None,
        }
    }

    fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }
}

/// True when `token` has the five parts of a compact JWE.
pub(crate) fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|b| *b == b'.').count() == 4
}

/// Opens `token` with the one key of `keys` that fits; answers the text inside, usually a JWS.
///
/// Refuses with the reasons of [`JweError`]. A key without `kid` fits any name; two keys that fit
/// are refused like none.
pub(crate) fn open(token: &str, keys: &[DecryptionKey]) -> Result<String, JweError> {
    if token.len() > TOKEN_MAX {
        return Err(JweError::Malformed);
    }
    let mut parts = token.split('.');
    let mut next = || parts.next().ok_or(JweError::Malformed);
    let (protected, wrapped, iv, text, tag) = (next()?, next()?, next()?, next()?, next()?);
    if parts.next().is_some() {
        return Err(JweError::Malformed);
    }
    let decode = |part: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| JweError::Malformed)
    };
    let header: Header = strict::parse(&decode(protected)?).ok_or(JweError::Malformed)?;
    let content = check(&header)?;
    let mut fitting = keys.iter().filter(|key| key.fits(&header));
    let key = fitting.next().ok_or(JweError::KeyUnknown)?;
    if fitting.next().is_some() {
        return Err(JweError::KeyUnknown);
    }
    let key = content_key(key, &header, content, &decode(wrapped)?)?;
    let mut sealed = decode(text)?;
    sealed.extend(decode(tag)?);
    let plain = decrypt(content, &key, &decode(iv)?, protected, sealed)?;
    String::from_utf8(plain).map_err(|_| JweError::Undecryptable)
}

fn check(header: &Header) -> Result<Content, JweError> {
    if !matches!(header.alg.as_str(), "RSA-OAEP-256" | "ECDH-ES") {
        return Err(JweError::Algorithm);
    }
    let content = Content::named(&header.enc).ok_or(JweError::Encryption)?;
    if header.zip.is_some() || header.crit.is_some() {
        return Err(JweError::Unsupported);
    }
    Ok(content)
}

fn content_key(
    key: &DecryptionKey,
    header: &Header,
    content: Content,
    wrapped: &[u8],
) -> Result<Vec<u8>, JweError> {
    let failed = JweError::Undecryptable;
    let found = match &key.0.secret {
        Secret::Rsa(rsa) => {
            let mut room = vec![0; rsa.min_output_size()];
            rsa.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut room, None)
                .map_err(|_| failed)?
                .to_vec()
        }
        Secret::P256(private) => {
            if !wrapped.is_empty() {
                return Err(JweError::Malformed);
            }
            let point = header.epk.as_ref().ok_or(JweError::Malformed)?.point()?;
            let other = other_info(header, content)?;
            let peer = UnparsedPublicKey::new(&ECDH_P256, point);
            agreement::agree(private, &peer, failed, |z| {
                Ok(derive(z, &other, content.key_len()))
            })?
        }
    };
    if found.len() == content.key_len() {
        Ok(found)
    } else {
        Err(failed)
    }
}

impl EphemeralKey {
    /// The uncompressed point; that it lies on the curve is checked by the agreement.
    fn point(&self) -> Result<Vec<u8>, JweError> {
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            let bytes = BASE64_URL_SAFE_NO_PAD
                .decode(coordinate)
                .map_err(|_| JweError::Malformed)?;
            point.extend(bytes);
        }
        if self.kty == "EC" && self.crv == "P-256" && point.len() == 65 {
            Ok(point)
        } else {
            Err(JweError::Malformed)
        }
    }
}

/// `OtherInfo` of the Concat KDF (RFC 7518 §4.6.2) for direct key agreement.
fn other_info(header: &Header, content: Content) -> Result<Vec<u8>, JweError> {
    let mut info = Vec::new();
    let mut add = |bytes: &[u8]| {
        info.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        info.extend(bytes);
    };
    add(header.enc.as_bytes());
    for party in [&header.apu, &header.apv] {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(party.as_deref().unwrap_or_default())
            .map_err(|_| JweError::Malformed)?;
        add(&bytes);
    }
    let bits = u32::try_from(content.key_len() * 8).unwrap_or(u32::MAX);
    info.extend(bits.to_be_bytes());
    Ok(info)
}

/// The same for a header not yet typed.
#[cfg(feature = "test-kit")]
pub(crate) fn other_info_of(header: &Value) -> Option<Vec<u8>> {
    let header: Header = serde_json::from_value(header.clone()).ok()?;
    // A forbidden content encryption is sealed like the permitted one: it is refused by its name.
    let content = Content::named(&header.enc).unwrap_or(Content::A256Gcm);
    other_info(&header, content).ok()
}

/// One round of the Concat KDF over SHA-256, which is enough for both key lengths.
pub(crate) fn derive(z: &[u8], other: &[u8], len: usize) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&1_u32.to_be_bytes());
    context.update(z);
    context.update(other);
    let mut key = context.finish().as_ref().to_vec();
    key.truncate(len);
    key
}

fn decrypt(
    content: Content,
    key: &[u8],
    iv: &[u8],
    protected: &str,
    mut sealed: Vec<u8>,
) -> Result<Vec<u8>, JweError> {
    let algorithm = match content {
        Content::A128Gcm => &AES_128_GCM,
        Content::A256Gcm => &AES_256_GCM,
    };
    let failed = |_| JweError::Undecryptable;
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(failed)?);
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(failed)?;
    let plain = key
        .open_in_place(nonce, Aad::from(protected.as_bytes()), &mut sealed)
        .map_err(failed)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests;
