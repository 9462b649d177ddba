//! What a certificate says, as people read it. Nothing here is verified, and whoever shows it to
//! somebody shows no more of a personal number than its ends.

use pki::{
    Algorithm, Attribute, Certificate, Curve, Digest, GeneralName, KeyKind, Name, PointName,
};

use super::timestamp;
use crate::base::text::is_deceptive;
use crate::base::time::Timestamp;
use crate::model::identifier::masked;
use crate::model::trust::Der;

/// `uid`, whose values hold the numbers of people.
const UID: &str = "0.9.2342.19200300.100.1.1";
/// `id-ad-ocsp` (RFC 5280 §4.2.2.1).
const RESPONDER: &str = "1.3.6.1.5.5.7.48.1";

/// How the types of attributes are written that people know by a short name.
const SHORT: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.42", "GN"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.6", "C"),
    ("1.2.840.113549.1.9.1", "E"),
    (UID, "UID"),
];

/// A certificate as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Of whom; numbers of people keep their first and last three digits.
    pub subject: String,
    /// Who says so.
    pub issuer: String,
    /// The serial number in upper-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate in upper-case hexadecimal, as authorities publish it.
    pub fingerprint: String,
    /// Its key: `RSA 4096`, `EC P-256`, `Ed25519`, or `?`.
    pub key: &'static str,
    /// The bits of an RSA key.
    pub rsa_bits: Option<usize>,
    /// Whether it is signed over SHA-1.
    pub by_sha1: bool,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// The responders (OCSP) that it names, over HTTP.
    pub responders: Vec<String>,
    /// The revocation lists that it names, over HTTP.
    pub lists: Vec<String>,
}

impl Described {
    /// Describes a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let digest = certificate.algorithm().and_then(Algorithm::digest);
        let kind = certificate.key().kind();
        Self {
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            serial: hexadecimal(certificate.serial()),
            fingerprint: fingerprint(certificate),
            key: key(kind),
            rsa_bits: match kind {
                KeyKind::Rsa { bits } => Some(bits),
                _ => None,
            },
            by_sha1: digest == Some(Digest::Sha1),
            not_before: timestamp(certificate.not_before()),
            not_after: timestamp(certificate.not_after()),
            responders: responders(certificate),
            lists: lists(certificate),
        }
    }

    /// Describes a certificate at rest; `None` for octets that are none.
    pub fn of_der(der: &Der) -> Option<Self> {
        Certificate::parse(&der.0).ok().map(|read| Self::of(&read))
    }
}

/// A value of a detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A text.
    Text(String),
    /// A moment.
    Time(Timestamp),
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<pki::Time> for Shown {
    fn from(time: pki::Time) -> Self {
        Self::Time(timestamp(time))
    }
}

/// SHA-256 of the whole certificate in upper-case hexadecimal.
pub fn fingerprint(certificate: &Certificate) -> String {
    let digest = crate::base::secret::Digest::of(certificate.der());
    hexadecimal(digest.as_bytes())
}

/// Octets in upper-case hexadecimal.
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// The octets of a SHA-256 fingerprint as people copy it: in either case, with colons and spaces
/// or without. `None` for anything else.
pub fn read_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ':' | ' '))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    rest.is_empty().then_some(octets)?.try_into().ok()
}

/// A name as its attributes in their order, `CN=…, O=…`. It is for reading only: no rule ever looks
/// into it, because a value may look like several attributes.
pub fn name(name: &Name) -> String {
    let attributes = name.attributes();
    let written: Vec<String> = attributes.iter().map(attribute).collect();
    written.join(", ")
}

fn attribute(attribute: &Attribute<'_>) -> String {
    let dotted = pki::Oid::from_content(attribute.oid).dotted();
    let dotted = dotted.unwrap_or_default();
    let short = SHORT.iter().find(|(oid, _)| *oid == dotted);
    let value = attribute.text().unwrap_or_default();
    let value = if dotted == UID { number(&value) } else { value };
    let value: String = value.chars().filter(|c| !is_deceptive(*c)).collect();
    format!(
        "{}={value}",
        short.map_or(dotted.as_str(), |(_, name)| name)
    )
}

/// A value of `UID` with its number masked; a tax code is public.
fn number(value: &str) -> String {
    match value.split_once(':') {
        Some((prefix, _)) if prefix.trim().eq_ignore_ascii_case("MST") => value.to_owned(),
        Some((prefix, number)) => format!("{prefix}:{}", masked(number.trim())),
        None => masked(value),
    }
}

const fn key(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa { bits: ..=1024 } => "RSA ≤1024",
        KeyKind::Rsa { bits: 2048 } => "RSA 2048",
        KeyKind::Rsa { bits: 3072 } => "RSA 3072",
        KeyKind::Rsa { bits: 4096 } => "RSA 4096",
        KeyKind::Rsa { .. } => "RSA",
        KeyKind::Ec(Curve::P256) => "EC P-256",
        KeyKind::Ec(Curve::P384) => "EC P-384",
        KeyKind::Ec(Curve::P521) => "EC P-521",
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::Unsupported => "?",
    }
}

fn over_http(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Uri(uri) if uri.starts_with("http://") || uri.starts_with("https://") => {
            Some(uri.clone())
        }
        _ => None,
    }
}

fn responders(certificate: &Certificate) -> Vec<String> {
    let described = &certificate.extensions().authority_info_access;
    let asked = described
        .iter()
        .filter(|(method, _)| method.dotted().as_deref() == Some(RESPONDER));
    asked.filter_map(|(_, place)| over_http(place)).collect()
}

fn lists(certificate: &Certificate) -> Vec<String> {
    let points = &certificate.extensions().crl_distribution_points;
    let full = points.iter().filter_map(|point| match &point.name {
        Some(PointName::Full(names)) => Some(names),
        _ => None,
    });
    full.flatten().filter_map(over_http).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::sample::Scene;

    #[test]
    fn numbers_of_people_are_shown_by_their_ends() {
        let scene = Scene::new();
        let person = scene.person(&["CCCD:001085000001", "MST:0100233488", "nvan"]);
        let described = Described::of(&person);
        for part in [
            "CN=Vũ Thị Lan",
            "UID=CCCD:001••••••001",
            "UID=MST:0100233488",
        ] {
            assert!(described.subject.contains(part), "{}", described.subject);
        }
        assert!(!described.subject.contains("001085000001"));
        assert!(described.issuer.contains("CN=CA công cộng thử nghiệm"));
        assert_eq!((described.key, described.rsa_bits), ("EC P-256", None));
        assert_eq!(
            (described.serial.as_str(), described.by_sha1),
            ("44", false)
        );
    }

    #[test]
    fn fingerprints_are_read_as_people_copy_them() {
        let shown = hexadecimal(&[0xab; 32]);
        for text in [
            shown.clone(),
            shown.to_lowercase(),
            vec!["AB"; 32].join(":"),
            vec!["ab"; 32].join(" "),
        ] {
            assert_eq!(read_fingerprint(&text), Some([0xab; 32]), "{text}");
        }
        for text in [
            "",
            "AB",
            &shown[1..],
            &format!("{shown}AB"),
            &shown.replace('B', "G"),
        ] {
            assert_eq!(read_fingerprint(text), None, "{text}");
        }
    }
}
