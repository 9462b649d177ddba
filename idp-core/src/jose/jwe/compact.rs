//! Five parts separated by dots (RFC 7516 §7.1): made for a recipient, or opened by one.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};

use super::agreement;
use super::content::{self, ContentKey, Failed, Sealed};
use super::decryption_key::DecryptionKey;
use super::header::JweHeader;
use crate::base::entropy::Entropy;
use crate::jose::{JoseError, Jwk, PublicKey, base64url};

/// Encrypts `plaintext` to a public key and answers the compact serialisation (RFC 7516 §5.1).
///
/// The content key, the initialisation vector and the ephemeral key come from `entropy`; the seed of
/// RSA-OAEP comes from the generator inside `aws-lc-rs`, which takes none from outside.
///
/// Refuses a recipient's key that is of another type or curve ([`JoseError::JweKeyTypeMismatch`]) or
/// reserved for something else ([`JoseError::JweKeyNotForEncryption`]); fails with
/// [`JoseError::JweEncryptionFailed`] when the library does. Does not sign: who needs to know the
/// sender signs first and encrypts the signed text (RFC 7519 §11.2).
pub fn encrypt(
    header: &JweHeader,
    recipient: &Jwk,
    plaintext: &[u8],
    entropy: &mut Entropy,
) -> Result<String, JoseError> {
    recipient.check_encrypts(header.algorithm())?;
    let mut header = header.clone();
    sealed(&mut header, recipient.key(), plaintext, entropy)
        .map_err(|Failed| JoseError::JweEncryptionFailed)
}

fn sealed(
    header: &mut JweHeader,
    recipient: &PublicKey,
    plaintext: &[u8],
    entropy: &mut Entropy,
) -> Result<String, Failed> {
    let (key, encrypted_key) = if header.alg.is_agreement() {
        agreed(header, recipient, entropy)?
    } else {
        let key = content::fresh_key(header.enc, entropy);
        let encrypted = wrap_rsa(recipient, &key)?;
        (key, encrypted)
    };
    let mut text = header.encode();
    let sealed = content::seal(header.enc, &key, (text.as_bytes(), plaintext), entropy)?;
    let parts = [encrypted_key, sealed.iv, sealed.ciphertext, sealed.tag];
    let more = parts.iter().map(|p| base64url::encoded_len(p.len()) + 1);
    text.reserve(more.sum());
    for part in &parts {
        text.push('.');
        base64url::encode_onto(part, &mut text);
    }
    Ok(text)
}

fn agreed(
    header: &mut JweHeader,
    recipient: &PublicKey,
    entropy: &mut Entropy,
) -> Result<(ContentKey, Vec<u8>), Failed> {
    let (curve, _) = recipient.ec_point().ok_or(Failed)?;
    let (private, epk) = agreement::ephemeral(curve, entropy)?;
    header.epk = Some(epk);
    let derived = agreement::derive(header, &private, recipient)?;
    if header.alg.wrapping_key_len().is_none() {
        return Ok((derived, Vec::new()));
    }
    let key = content::fresh_key(header.enc, entropy);
    let wrapped = agreement::wrap(header.alg, &derived, &key)?;
    Ok((key, wrapped))
}

fn wrap_rsa(recipient: &PublicKey, key: &[u8]) -> Result<Vec<u8>, Failed> {
    let (n, e) = recipient.rsa_components().ok_or(Failed)?;
    let public: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into()?;
    let public = OaepPublicEncryptingKey::new(public)?;
    let mut encrypted = vec![0; public.ciphertext_size()];
    let written = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut encrypted, None)?;
    let length = written.len();
    encrypted.truncate(length);
    Ok(encrypted)
}

/// A compact JWE whose form is right; what it holds is not known yet.
#[derive(Clone)]
pub struct CompactJwe {
    header: JweHeader,
    /// The header as it came, which is what the tag authenticates.
    protected: String,
    encrypted_key: Vec<u8>,
    sealed: Sealed,
}

impl CompactJwe {
    /// Parses the serialisation.
    ///
    /// Refuses more than `max_bytes` ([`JoseError::JweTooLarge`]), other than five parts
    /// ([`JoseError::JwePartCount`]), parts that are no strict base64url
    /// ([`JoseError::JweHeaderBase64`], [`JoseError::JwePartBase64`]), and what
    /// [`JweHeader::parse`] refuses.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, JoseError> {
        if text.len() > max_bytes {
            return Err(JoseError::JweTooLarge);
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(JoseError::JwePartCount);
        let (protected, encrypted_key, iv, ciphertext, tag) =
            (next()?, next()?, next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(JoseError::JwePartCount);
        }
        let header = base64url::decode(protected.as_bytes()).ok_or(JoseError::JweHeaderBase64)?;
        let part = |text: &str| base64url::decode(text.as_bytes()).ok_or(JoseError::JwePartBase64);
        Ok(Self {
            header: JweHeader::parse(&header)?,
            protected: protected.to_owned(),
            encrypted_key: part(encrypted_key)?,
            sealed: Sealed {
                iv: part(iv)?,
                ciphertext: part(ciphertext)?,
                tag: part(tag)?,
            },
        })
    }

    /// Whether a text has the form of a compact JWE rather than that of a compact JWS: five parts
    /// (RFC 7516 §9).
    pub fn is_meant(text: &str) -> bool {
        text.bytes().filter(|b| *b == b'.').count() == 4
    }

    /// What the sender says; authenticated only once it is decrypted.
    pub fn header(&self) -> &JweHeader {
        &self.header
    }

    /// Decrypts (RFC 7516 §5.2). That it decrypts says nothing about who encrypted it: anybody can,
    /// to a published key.
    ///
    /// Refuses a key of another type ([`JoseError::JweKeyTypeMismatch`]). Everything else, be it the
    /// wrapped key, a length, the tag or the padding, is [`JoseError::JweDecryptionFailed`].
    pub fn decrypt(&self, key: &DecryptionKey) -> Result<Vec<u8>, JoseError> {
        if !key.opens(self.header.algorithm()) {
            return Err(JoseError::JweKeyTypeMismatch);
        }
        let content_key = key.content_key(&self.header, &self.encrypted_key);
        content_key
            .and_then(|content_key| {
                let aad = self.protected.as_bytes();
                content::open(self.header.enc, &content_key, aad, &self.sealed)
            })
            .map_err(|Failed| JoseError::JweDecryptionFailed)
    }
}

impl std::fmt::Debug for CompactJwe {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("CompactJwe");
        shown.field("header", &self.header).finish_non_exhaustive()
    }
}
