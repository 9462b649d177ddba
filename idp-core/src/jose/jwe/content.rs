//! Encryption of the content under a key that serves one message only (RFC 7518 §5).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base::entropy::Entropy;
use crate::jose::ContentEncryption;

/// The octets of a tag, of every algorithm here.
const TAG_BYTES: usize = 16;

/// A key for the content of one message, wiped when dropped.
pub(super) type ContentKey = Zeroizing<Vec<u8>>;

/// What encrypting yields besides the header and the wrapped key.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// Something in the cryptographic library or the lengths is wrong; deliberately says nothing more.
#[derive(Debug)]
pub(super) struct Failed;

impl From<aws_lc_rs::error::Unspecified> for Failed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// A fresh content key.
pub(super) fn fresh_key(enc: ContentEncryption, entropy: &mut Entropy) -> ContentKey {
    let mut key = Zeroizing::new(vec![0; enc.key_len()]);
    entropy.fill(&mut key);
    key
}

/// Encrypts under a key that is used this once, with a fresh initialisation vector.
pub(super) fn seal(
    enc: ContentEncryption,
    key: &[u8],
    (aad, plaintext): (&[u8], &[u8]),
    entropy: &mut Entropy,
) -> Result<Sealed, Failed> {
    match enc {
        ContentEncryption::A128CbcHs256 => {
            let iv: [u8; 16] = entropy.bytes();
            let (mac_key, block_key) = key.split_at_checked(key.len() / 2).ok_or(Failed)?;
            let mut ciphertext = plaintext.to_vec();
            let cipher = UnboundCipherKey::new(&cipher::AES_128, block_key)?;
            PaddedBlockEncryptingKey::cbc_pkcs7(cipher)?
                .less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(iv.into()))?;
            let tag = cbc_tag(mac_key, aad, &iv, &ciphertext);
            Ok(Sealed {
                iv: iv.to_vec(),
                ciphertext,
                tag,
            })
        }
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => {
            let iv: [u8; 12] = entropy.bytes();
            let mut ciphertext = plaintext.to_vec();
            let nonce = Nonce::assume_unique_for_key(iv);
            let tag = gcm(enc, key)?.seal_in_place_separate_tag(
                nonce,
                Aad::from(aad),
                &mut ciphertext,
            )?;
            Ok(Sealed {
                iv: iv.to_vec(),
                ciphertext,
                tag: tag.as_ref().to_vec(),
            })
        }
    }
}

/// Authenticates, then decrypts; a wrong length of anything is like a wrong tag.
pub(super) fn open(
    enc: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Vec<u8>, Failed> {
    if sealed.tag.len() != TAG_BYTES {
        return Err(Failed);
    }
    let mut text = sealed.ciphertext.clone();
    match enc {
        ContentEncryption::A128CbcHs256 => {
            let iv: [u8; 16] = sealed.iv.as_slice().try_into().map_err(|_| Failed)?;
            let (mac_key, block_key) = key.split_at_checked(key.len() / 2).ok_or(Failed)?;
            // The tag covers everything, so the padding is looked at only when it is the sender's.
            let tag = cbc_tag(mac_key, aad, &iv, &text);
            if !bool::from(tag.as_slice().ct_eq(&sealed.tag)) {
                return Err(Failed);
            }
            let cipher = UnboundCipherKey::new(&cipher::AES_128, block_key)?;
            let context = DecryptionContext::Iv128(iv.into());
            let plain = PaddedBlockDecryptingKey::cbc_pkcs7(cipher)?.decrypt(&mut text, context)?;
            Ok(plain.to_vec())
        }
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => {
            let nonce = Nonce::try_assume_unique_for_key(&sealed.iv)?;
            let key = gcm(enc, key)?;
            key.open_in_place_separate_tag(nonce, Aad::from(aad), &sealed.tag, &mut text)?;
            Ok(text)
        }
    }
}

fn gcm(enc: ContentEncryption, key: &[u8]) -> Result<LessSafeKey, Failed> {
    let algorithm = match enc {
        ContentEncryption::A256Gcm => &AES_256_GCM,
        _ => &AES_128_GCM,
    };
    Ok(LessSafeKey::new(UnboundKey::new(algorithm, key)?))
}

/// RFC 7518 §5.2.2.1 steps 4 to 6: the left half of the HMAC over all that is sent and the length of
/// the authenticated header in bits.
fn cbc_tag(mac_key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let bits = u64::try_from(aad.len())
        .unwrap_or(u64::MAX)
        .saturating_mul(8);
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, mac_key));
    for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
        context.update(part);
    }
    let whole = context.sign();
    whole.as_ref().iter().take(TAG_BYTES).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{ContentEncryption, Sealed, cbc_tag, open};

    /// RFC 7518 appendix B.1, its tag and the ends of its ciphertext.
    #[test]
    fn rfc_7518_b_1_authenticates_and_decrypts() {
        let key: Vec<u8> = (0..32).collect();
        let plaintext =
            b"A cipher system must not be required to be secret, and it must be able to \
            fall into the hands of the enemy without inconvenience";
        let iv = [
            0x1a, 0xf3, 0x8c, 0x2d, 0xc2, 0xb9, 0x6f, 0xfd, 0xd8, 0x66, 0x94, 0x09, 0x23, 0x41,
            0xbc, 0x04,
        ];
        let tag = [
            0x65, 0x2c, 0x3f, 0xa3, 0x6b, 0x0a, 0x7c, 0x5b, 0x32, 0x19, 0xfa, 0xb3, 0xa3, 0x0b,
            0xc1, 0xc4,
        ];
        let aad = b"The second principle of Auguste Kerckhoffs";
        let cipher =
            aws_lc_rs::cipher::UnboundCipherKey::new(&aws_lc_rs::cipher::AES_128, &key[16..]);
        let cipher = aws_lc_rs::cipher::PaddedBlockEncryptingKey::cbc_pkcs7(cipher.unwrap());
        let mut ciphertext = plaintext.to_vec();
        let context = aws_lc_rs::cipher::EncryptionContext::Iv128(iv.into());
        cipher
            .unwrap()
            .less_safe_encrypt(&mut ciphertext, context)
            .unwrap();
        assert_eq!(ciphertext[..4], [0xc8, 0x0e, 0xdf, 0xa3]);
        assert_eq!(cbc_tag(&key[..16], aad, &iv, &ciphertext), tag);
        let sealed = Sealed {
            iv: iv.to_vec(),
            ciphertext,
            tag: tag.to_vec(),
        };
        let opened = open(ContentEncryption::A128CbcHs256, &key, aad, &sealed).unwrap();
        assert_eq!(opened, plaintext);
    }
}
