//! Base64url as RFC 7515 §2 wants it: the URL-safe alphabet, no padding, no line breaks.
//!
//! Decoding is strict, so that one value has exactly one spelling: padding, characters of the plain
//! base64 alphabet, white space, and unused bits that are not zero (RFC 4648 §3.5) are all refused.
//! Otherwise a token could be respelled without breaking its signature, and would pass a replay check.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The number of characters that `octets` octets take when encoded.
pub fn encoded_len(octets: usize) -> usize {
    octets.saturating_mul(4).div_ceil(3)
}

/// Encodes into a new string.
pub fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Encodes at the end of `text`, which grows only if its capacity does not suffice.
pub fn encode_onto(octets: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(octets, text);
}

/// Decodes, or returns `None` for anything but the one canonical spelling.
///
/// The output is three quarters of the input at most; bounding the input is the caller's part.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, encode_onto, encoded_len};

    #[test]
    fn only_the_canonical_spelling_decodes() {
        let cases: [(&str, Option<&[u8]>); 11] = [
            ("", Some(b"")),
            ("Zg", Some(b"f")),
            ("Zm8", Some(b"fo")),
            ("-_8", Some(&[0xfb, 0xff])),
            ("Zg==", None),
            ("Zh", None),
            ("Zm9", None),
            ("Z", None),
            ("+/8", None),
            ("Zm 8", None),
            ("Zm8\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_length_is_known_beforehand() {
        for length in 0..70 {
            let octets = vec![0x5a; length];
            let mut appended = String::from("x");
            encode_onto(&octets, &mut appended);
            assert_eq!(encode(&octets).len(), encoded_len(length));
            assert_eq!(appended, format!("x{}", encode(&octets)));
        }
    }
}
