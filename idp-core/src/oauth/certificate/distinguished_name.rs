//! Distinguished names, compared by their parts (RFC 4514, RFC 8705 §2.1.2).
//!
//! A name that is registered as text and a name in a certificate are the same when they hold the
//! same attributes in the same order, whatever the spelling: values are compared as RFC 4518 has it
//! for texts, letter case and runs of spaces aside.

use unicode_normalization::UnicodeNormalization;

/// The types that RFC 4514 §3 names, and the further ones that programs write by name.
const NAMES: [(&str, &str); 17] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("T", "2.5.4.12"),
    ("TITLE", "2.5.4.12"),
    ("GN", "2.5.4.42"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
];

const MAX_BYTES: usize = 1024;

/// One attribute: its type as dotted numbers, its value in the form that is compared.
type Attribute = (String, String);

/// A distinguished name, the most significant part first, as a certificate has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName(Vec<Vec<Attribute>>);

impl DistinguishedName {
    /// Takes the attributes of a certificate, part by part: dotted type and text.
    pub fn of(parts: impl IntoIterator<Item = Vec<(String, String)>>) -> Self {
        let compared = |part: Vec<(String, String)>| {
            let attribute = |(kind, value): (String, String)| (kind, comparable(&value));
            in_order(part.into_iter().map(attribute).collect())
        };
        Self(parts.into_iter().map(compared).collect())
    }

    /// Reads the text form of RFC 4514 §3, in which the most significant part comes last. `None`
    /// for anything else, for a type that is neither known by name nor dotted numbers, for a value
    /// given as encoded octets (`#…`), for an empty name, and beyond 1024 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        let mut parts = Vec::new();
        for part in split(text, ',')? {
            let attributes = split(part, '+')?;
            let attributes: Option<Vec<_>> = attributes.into_iter().map(attribute).collect();
            parts.push(in_order(attributes?));
        }
        parts.reverse();
        Some(Self(parts))
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The attributes of one part have no order (X.501 §9.2).
fn in_order(mut part: Vec<Attribute>) -> Vec<Attribute> {
    part.sort_unstable();
    part
}

/// Splits at a separator that is not escaped. `None` for an escape that nothing follows.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == separator => {
                found.push(text.get(from..place)?);
                from = place + separator.len_utf8();
            }
            _ => {}
        }
    }
    found.push(text.get(from..)?);
    (!escaped).then_some(found)
}

fn attribute(text: &str) -> Option<Attribute> {
    let (kind, value) = text.split_once('=')?;
    let kind = kind.trim_matches(' ');
    let dotted = || {
        let numbers = kind.split('.').count() > 1
            && kind
                .split('.')
                .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        numbers.then_some(kind)
    };
    let named = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(kind));
    let kind = named.map(|(_, oid)| *oid).or_else(dotted)?;
    let value = value.trim_start_matches(' ');
    if value.starts_with('#') {
        return None;
    }
    Some((kind.to_owned(), comparable(&unescaped(value)?)))
}

/// RFC 4514 §2.4, §3: `\` before a special character, or before two hexadecimal digits of an octet.
/// Special characters without it are refused.
fn unescaped(value: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'\\' => {
                let next = rest.next()?;
                let Some(high) = char::from(next).to_digit(16) else {
                    octets.push(
                        matches!(
                            next,
                            b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\'
                        )
                        .then_some(next)?,
                    );
                    continue;
                };
                let low = char::from(rest.next()?).to_digit(16)?;
                octets.push(u8::try_from(high << 4 | low).ok()?);
            }
            b'"' | b';' | b'<' | b'>' | 0 => return None,
            plain => octets.push(plain),
        }
    }
    String::from_utf8(octets).ok()
}

/// The form in which values are compared: NFKC, small letters, single spaces between words
/// (RFC 4518 §2, without its tables of characters that are left out).
fn comparable(value: &str) -> String {
    let folded: String = value.nfkc().flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> DistinguishedName {
        let part = |kind: &str, value: &str| vec![(kind.to_owned(), value.to_owned())];
        DistinguishedName::of([
            part("2.5.4.6", "VN"),
            part("2.5.4.10", "Sở Y tế, tỉnh Mẫu"),
            part("2.5.4.3", "HIS  Bệnh viện"),
        ])
    }

    #[test]
    fn names_are_compared_by_parts_and_not_by_spelling() {
        for (text, same) in [
            ("CN=HIS Bệnh viện,O=Sở Y tế\\, tỉnh Mẫu,C=VN", true),
            ("cn=his bệnh VIỆN, o=Sở Y tế\\, tỉnh Mẫu, c=vn", true),
            ("2.5.4.3=HIS Bệnh viện,O=Sở Y tế\\2C tỉnh Mẫu,C=VN", true),
            (
                "CN=HIS B\\E1\\BB\\87nh viện,O=Sở Y tế\\, tỉnh Mẫu,C=VN",
                true,
            ),
            ("C=VN,O=Sở Y tế\\, tỉnh Mẫu,CN=HIS Bệnh viện", false),
            ("CN=HIS Bệnh viện,C=VN", false),
            ("CN=HIS Bệnh viện,O=Sở Y tế\\, tỉnh Mẫu", false),
            ("CN=HIS Bệnh viện 2,O=Sở Y tế\\, tỉnh Mẫu,C=VN", false),
            ("OU=HIS Bệnh viện,O=Sở Y tế\\, tỉnh Mẫu,C=VN", false),
        ] {
            let parsed = DistinguishedName::parse(text).unwrap();
            assert_eq!(parsed == certificate(), same, "{text}");
        }
        let several = DistinguishedName::parse("CN=a+UID=1,C=VN").unwrap();
        assert_eq!(DistinguishedName::parse("uid=1+cn=A,c=vn"), Some(several));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "CN",
            "CN=a,",
            "CN=a\\",
            "CN=a\\g",
            "CN=#04024869",
            "XX=a",
            "1=a",
            "1..2=a",
            "CN=\"a\"",
            "CN=a;O=b",
            "CN=\\ff",
        ] {
            assert_eq!(DistinguishedName::parse(text), None, "{text}");
        }
        let long = format!("CN={}", "a".repeat(1024));
        assert_eq!(DistinguishedName::parse(&long), None);
    }
}
