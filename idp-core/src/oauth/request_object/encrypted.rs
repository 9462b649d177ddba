//! The encryption around a request object (RFC 9101 §6.1, OpenID Connect Core §6.1).
//!
//! It hides a request from whoever carries it and proves nothing about who made it: anybody can
//! encrypt to a published key. What is inside is judged as if it had come by itself.

use super::MOST_BYTES;
use crate::base::refusal::{Reason, Refusal};
use crate::jose::{CompactJwe, JoseError};

/// Room for the encoding and the wrapped key around an object of the largest size.
const MOST_ENCRYPTED_BYTES: usize = 2 * MOST_BYTES;

/// The encryption around an object; `None` for one that is not encrypted.
///
/// # Errors
/// [`Reason::RequestObjectEncryptionMalformed`] for what has the parts of a JWE and is none, or
/// uses an algorithm that is not offered.
pub fn around(object: &str) -> Result<Option<CompactJwe>, Refusal> {
    if !CompactJwe::is_meant(object) {
        return Ok(None);
    }
    CompactJwe::parse(object, MOST_ENCRYPTED_BYTES)
        .map(Some)
        .map_err(|_| Reason::RequestObjectEncryptionMalformed.into())
}

/// The object inside, once a key of the provider was tried on it.
///
/// # Errors
/// [`Reason::RequestObjectUndecipherable`], whatever kept it from opening: which part was wrong
/// is told to nobody. An encryption inside an encryption is refused so too.
pub fn inside(decrypted: Result<Vec<u8>, JoseError>) -> Result<String, Refusal> {
    decrypted
        .ok()
        .and_then(|octets| String::from_utf8(octets).ok())
        .filter(|object| !CompactJwe::is_meant(object))
        .ok_or_else(|| Reason::RequestObjectUndecipherable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_five_parts_are_an_encryption_and_they_must_be_a_good_one() {
        for plain in ["a.b.c", "", "x"] {
            assert!(around(plain).unwrap().is_none(), "{plain}");
        }
        // {"alg":"RSA1_5","enc":"A128GCM"}, which is not offered.
        let old = "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4R0NNIn0.AA.AA.AA.AA";
        let large = format!("a.b.c.d.{}", "e".repeat(MOST_ENCRYPTED_BYTES));
        for wrong in ["a.b.c.d.e", "....", old, &large] {
            let refused = around(wrong).err().map(|refusal| refusal.reason);
            let expected = Some(Reason::RequestObjectEncryptionMalformed);
            assert_eq!(refused, expected, "{wrong:.40}");
        }
    }

    #[test]
    fn whatever_does_not_open_is_told_alike() {
        assert_eq!(inside(Ok(b"a.b.c".to_vec())).unwrap(), "a.b.c");
        for closed in [
            Err(JoseError::JweDecryptionFailed),
            Err(JoseError::JweNoMatchingKey),
            Ok(vec![0xff]),
            Ok(b"a.b.c.d.e".to_vec()),
        ] {
            let refused = inside(closed).unwrap_err().reason;
            assert_eq!(refused, Reason::RequestObjectUndecipherable);
        }
    }
}
