//! The crate's only source of randomness, and the digest under which random secrets rest.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::error::{Error, Fault};

/// Opens the operating system's generator.
pub(crate) fn generator() -> SystemRandom {
    SystemRandom::new()
}

/// 256 random bits as 43 URL-safe characters: long enough for a state, a nonce, a PKCE verifier
/// (RFC 7636 §4.1 asks for at least 43 characters) and a session secret.
pub(crate) fn token() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    generator()
        .fill(&mut bytes)
        .map_err(|_| Fault::Randomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// SHA-256 of `text`, URL-safe without padding.
pub(crate) fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

/// SHA-256 of `bytes`, URL-safe without padding.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}
