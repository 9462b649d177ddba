//! Textual encodings (RFC 7468), because servers of revocation lists and people with files use them
//! where DER is expected.

use std::borrow::Cow;

use crate::error::Rejection;

/// What is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`.
    Certificate,
    /// `X509 CRL`.
    RevocationList,
    /// `CMS` or `PKCS7`.
    Cms,
}

impl Label {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Certificate => &["CERTIFICATE"],
            Self::RevocationList => &["X509 CRL"],
            Self::Cms => &["CMS", "PKCS7"],
        }
    }
}

/// The DER in some octets: they themselves when they begin as DER does, otherwise what is inside the
/// one block of this label.
///
/// # Errors
/// [`Rejection::PemMalformed`] for broken blocks, and for none or several of them.
pub fn der_or_pem(label: Label, octets: &[u8]) -> Result<Cow<'_, [u8]>, Rejection> {
    if octets.first() == Some(&0x30) {
        return Ok(Cow::Borrowed(octets));
    }
    let mut all = blocks(label, octets)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(Cow::Owned(one)),
        _ => Err(Rejection::PemMalformed),
    }
}

/// What is inside each block of this label, in their order. Blocks of other labels and text between
/// blocks are left out.
///
/// # Errors
/// [`Rejection::PemMalformed`] for text that is not UTF-8, a block of this label that does not end
/// with it, and anything in it that is not base64 (RFC 4648 §4, padded, nothing left in the last
/// bits).
pub fn blocks(label: Label, octets: &[u8]) -> Result<Vec<Vec<u8>>, Rejection> {
    let malformed = Rejection::PemMalformed;
    let text = std::str::from_utf8(octets).map_err(|_| malformed)?;
    let boundary = |line: &str, word: &str| {
        let name = line.strip_prefix(word)?.strip_suffix("-----")?;
        label.names().iter().find(|known| **known == name).copied()
    };
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(name) = boundary(line, "-----BEGIN ") else {
            continue;
        };
        let mut inside = String::new();
        loop {
            let line = lines.next().ok_or(malformed)?;
            if boundary(line, "-----END ") == Some(name) {
                break;
            }
            inside.push_str(line);
        }
        found.push(base64(inside.as_bytes()).ok_or(malformed)?);
    }
    Ok(found)
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let fours = text.chunks_exact(4);
    if !fours.remainder().is_empty() {
        return None;
    }
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let last = (text.len() / 4).checked_sub(1)?;
    for (at, four) in fours.enumerate() {
        let padding = four
            .iter()
            .rev()
            .take_while(|letter| **letter == b'=')
            .count();
        if padding > 2 || (padding > 0 && at != last) {
            return None;
        }
        let mut bits = 0_u32;
        for letter in four.iter().take(4 - padding) {
            bits = bits << 6 | u32::from(sextet(*letter)?);
        }
        bits <<= 6 * padding;
        let [_, three @ ..] = bits.to_be_bytes();
        let (kept, rest) = three.split_at(3 - padding);
        if rest.iter().any(|octet| *octet != 0) {
            return None;
        }
        octets.extend_from_slice(kept);
    }
    Some(octets)
}

const fn sextet(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str, inside: &str) -> String {
        format!("-----BEGIN {label}-----\r\n{inside}\n-----END {label}-----\n")
    }

    fn lists(text: &str) -> Result<Vec<Vec<u8>>, Rejection> {
        blocks(Label::RevocationList, text.as_bytes())
    }

    #[test]
    fn blocks_of_the_label_are_read() {
        let mixed = [
            "Certificate Revocation List (CRL):\n",
            &block("X509 CRL", "MAA="),
            "\n",
            &block("CERTIFICATE", "not read"),
            &block("X509 CRL", "MAQC\nAQUA"),
        ];
        let read = lists(&mixed.concat()).unwrap();
        assert_eq!(read, [&[0x30, 0][..], &[0x30, 4, 2, 1, 5, 0]]);
        for label in ["CMS", "PKCS7"] {
            let text = block(label, "MAA=");
            let der = der_or_pem(Label::Cms, text.as_bytes()).unwrap();
            assert_eq!(&*der, [0x30, 0]);
        }
        let der = der_or_pem(Label::Certificate, &[0x30, 0x80]).unwrap();
        assert_eq!(&*der, [0x30, 0x80]);
    }

    #[test]
    fn broken_blocks_are_refused() {
        for inside in [
            "", "M", "MA", "MAA", "MA==", "MAB=", "MAA=MAA=", "M===", "====", "MA A", "MA-_",
            "=AAA",
        ] {
            // Two letters are one octet and four bits, which must be none.
            let expected = if inside == "MA==" {
                Ok(vec![vec![0x30]])
            } else {
                Err(Rejection::PemMalformed)
            };
            assert_eq!(lists(&block("X509 CRL", inside)), expected, "{inside}");
        }
        let malformed = Some(Rejection::PemMalformed);
        assert_eq!(lists("-----BEGIN X509 CRL-----\nMAA=\n").err(), malformed);
        let other_end = "-----BEGIN X509 CRL-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(lists(other_end).err(), malformed);
        assert_eq!(blocks(Label::Cms, &[0xff]).err(), malformed);
        let two = block("X509 CRL", "MAA=").repeat(2);
        for text in [two.as_str(), "", "text"] {
            let one = der_or_pem(Label::RevocationList, text.as_bytes());
            assert_eq!(one.err(), malformed, "{text}");
        }
    }
}
