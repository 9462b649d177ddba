//! Authenticated encryption of what rests in a store.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use zeroize::Zeroizing;

use super::entropy::Entropy;

const FORMAT: u8 = 1;

/// A key that seals values with AES-256-GCM, each bound to a name (kind and key of a ticket, the
/// identity of a row), so that a sealed value moved to another row does not open.
///
/// Derived from the master key by HKDF-SHA-256 with a purpose, so that tickets, signing keys and
/// outbox payloads never share a key. Nonces are random: at most 2³² values under one key.
pub struct SealingKey {
    key: LessSafeKey,
}

/// The value was sealed under another key or for another row, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open: other master key, other row, or changed")]
pub struct DoesNotOpen;

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

impl SealingKey {
    /// Derives the key for `purpose` from a 256-bit master key.
    ///
    /// # Errors
    /// Never for a 32-byte output; the signature keeps the library's refusal visible.
    pub fn derive(master: &[u8; 32], purpose: &str) -> Result<Self, DoesNotOpen> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"idp sealing key v1");
        let prk = salt.extract(master);
        let info = [purpose.as_bytes()];
        let okm = prk.expand(&info, KeyLength).map_err(|_| DoesNotOpen)?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        okm.fill(bytes.as_mut()).map_err(|_| DoesNotOpen)?;
        let unbound = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map_err(|_| DoesNotOpen)?;
        Ok(Self {
            key: LessSafeKey::new(unbound),
        })
    }

    /// Seals `plain` for the row called `name`: one format byte, the nonce, ciphertext and tag.
    pub fn seal(&self, name: &[u8], plain: &[u8], entropy: &mut Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        let mut body = plain.to_vec();
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name),
            &mut body,
        );
        // AES-GCM refuses only plaintexts beyond 64 GiB; an empty result then never opens.
        if sealed.is_err() {
            return Vec::new();
        }
        let mut out = Vec::with_capacity(1 + NONCE_LEN + body.len());
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&body);
        out
    }

    /// Opens what [`SealingKey::seal`] made for the same `name`.
    ///
    /// # Errors
    /// [`DoesNotOpen`] for every kind of failure alike.
    pub fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (format, rest) = sealed.split_first().ok_or(DoesNotOpen)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(DoesNotOpen)?;
        if *format != FORMAT {
            return Err(DoesNotOpen);
        }
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(name),
                &mut body,
            )
            .map_err(|_| DoesNotOpen)?
            .len();
        body.truncate(plain);
        Ok(body)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_unchanged_under_its_key_purpose_and_name() {
        let mut entropy = Entropy::from_seed(&[3; 32]);
        let key = SealingKey::derive(&[1; 32], "tickets").unwrap();
        let mut sealed = key.seal(b"code/1", b"value", &mut entropy);
        assert_eq!(key.open(b"code/1", &sealed).unwrap().as_slice(), b"value");
        assert_eq!(key.open(b"code/2", &sealed), Err(DoesNotOpen));
        let other = SealingKey::derive(&[1; 32], "keys").unwrap();
        assert_eq!(other.open(b"code/1", &sealed), Err(DoesNotOpen));
        if let Some(last) = sealed.last_mut() {
            *last ^= 1;
        }
        assert_eq!(key.open(b"code/1", &sealed), Err(DoesNotOpen));
        assert_eq!(key.open(b"code/1", &[]), Err(DoesNotOpen));
    }
}
