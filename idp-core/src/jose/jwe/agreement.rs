//! ECDH-ES: a shared secret of an ephemeral and a resting key, and what is derived from it
//! (RFC 7518 §4.6).

use aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, agree as agree_on,
};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use zeroize::Zeroizing;

use super::content::{ContentKey, Failed};
use super::header::JweHeader;
use crate::base::entropy::Entropy;
use crate::jose::{EcCurve, Jwk, KeyManagement, PublicKey};

/// Octets that are no private key of the curve come up once in 2^32 draws at most; more than a few
/// in a row mean that the generator is broken.
const DRAWS: usize = 8;

/// The curve in the words of the library.
pub(super) fn algorithm(curve: EcCurve) -> &'static Algorithm {
    match curve {
        EcCurve::P256 => &ECDH_P256,
        EcCurve::P384 => &ECDH_P384,
    }
}

/// A fresh private key on the curve, and its public half.
pub(super) fn ephemeral(
    curve: EcCurve,
    entropy: &mut Entropy,
) -> Result<(PrivateKey, Jwk), Failed> {
    for _ in 0..DRAWS {
        let mut octets = Zeroizing::new(vec![0; curve.coordinate_len()]);
        entropy.fill(&mut octets);
        if let Ok(private) = PrivateKey::from_private_key(algorithm(curve), &octets) {
            let public = public_half(curve, &private)?;
            return Ok((private, Jwk::new(public)));
        }
    }
    Err(Failed)
}

/// The public half of a private key.
pub(super) fn public_half(curve: EcCurve, private: &PrivateKey) -> Result<PublicKey, Failed> {
    let point = private.compute_public_key()?;
    // The uncompressed point: one octet 04, then both coordinates.
    let coordinates = point.as_ref().get(1..).ok_or(Failed)?;
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    PublicKey::ec(curve, x, y).map_err(|_| Failed)
}

/// The key that sender and recipient derive: the content key itself for ECDH-ES, otherwise the
/// key that wraps it.
pub(super) fn derive(
    header: &JweHeader,
    own: &PrivateKey,
    other: &PublicKey,
) -> Result<ContentKey, Failed> {
    let (curve, point) = other.ec_point().ok_or(Failed)?;
    if own.algorithm() != algorithm(curve) {
        return Err(Failed);
    }
    let (name, length) = match header.alg.wrapping_key_len() {
        Some(length) => (header.alg.name(), length),
        None => (header.enc.name(), header.enc.key_len()),
    };
    let other = UnparsedPublicKey::new(algorithm(curve), point);
    agree_on(own, other, Failed, |secret| {
        let [sender, recipient] = &header.parties;
        Ok(concat_kdf(secret, name, (sender, recipient), length))
    })
}

/// The Concat KDF of NIST SP 800-56A with SHA-256, as RFC 7518 §4.6.2 fills it in.
fn concat_kdf(
    secret: &[u8],
    name: &str,
    (sender, recipient): (&[u8], &[u8]),
    length: usize,
) -> ContentKey {
    let count = |octets: &[u8]| {
        u32::try_from(octets.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes()
    };
    let bits = u32::try_from(length * 8).unwrap_or(u32::MAX).to_be_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(length + 32));
    let mut round: u32 = 0;
    while key.len() < length {
        round += 1;
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        hash.update(&round.to_be_bytes());
        hash.update(secret);
        for part in [name.as_bytes(), sender, recipient] {
            hash.update(&count(part));
            hash.update(part);
        }
        hash.update(&bits);
        key.extend_from_slice(hash.finish().as_ref());
    }
    key.truncate(length);
    key
}

/// Wraps a content key by AES Key Wrap (RFC 7518 §4.4, RFC 3394).
pub(super) fn wrap(alg: KeyManagement, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut wrapped = vec![0; key.len() + 8];
    let length = kek_of(alg, kek)?.wrap(key, &mut wrapped)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

/// Opens what [`wrap`] made.
pub(super) fn unwrap(alg: KeyManagement, kek: &[u8], wrapped: &[u8]) -> Result<ContentKey, Failed> {
    let mut key = Zeroizing::new(vec![0; wrapped.len()]);
    let length = kek_of(alg, kek)?.unwrap(wrapped, &mut key)?.len();
    key.truncate(length);
    Ok(key)
}

fn kek_of(alg: KeyManagement, kek: &[u8]) -> Result<AesKek, Failed> {
    let cipher = match alg.wrapping_key_len() {
        Some(16) => &AES_128,
        Some(32) => &AES_256,
        _ => return Err(Failed),
    };
    Ok(AesKek::new(cipher, kek)?)
}
