//! Object identifiers, as the content octets of their DER.

/// An object identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<[u8]>);

impl Oid {
    /// Takes the content octets of a DER OBJECT IDENTIFIER.
    pub fn from_content(content: &[u8]) -> Self {
        Self(content.into())
    }

    /// Reads arcs with dots, `1.3.6.1.5.5.7.3.2`; `None` for anything else: fewer than two arcs, a
    /// first above 2, a second above 39 below the first two, leading zeros, more than 2^63 in one.
    pub fn from_dotted(text: &str) -> Option<Self> {
        let mut arcs = Vec::new();
        for arc in text.split('.') {
            let fits = arc.bytes().all(|octet| octet.is_ascii_digit());
            let plain = arc == "0" || !arc.starts_with('0');
            arcs.push(arc.parse::<u64>().ok().filter(|_| fits && plain)?);
        }
        let [first, second, rest @ ..] = arcs.as_slice() else {
            return None;
        };
        if *first > 2 || (*first < 2 && *second > 39) {
            return None;
        }
        let head = (first * 40).checked_add(*second)?;
        let mut content = Vec::new();
        for arc in [head].iter().chain(rest) {
            let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
            for group in (0..groups).rev() {
                let octet = u8::try_from(arc >> (7 * group) & 0x7f).ok()?;
                content.push(if group == 0 { octet } else { octet | 0x80 });
            }
        }
        Some(Self(content.into()))
    }

    /// Its arcs with dots, as people write it; `None` when the octets are not an identifier.
    pub fn dotted(&self) -> Option<String> {
        let mut arcs: Vec<u64> = Vec::new();
        let mut arc = 0_u64;
        let (last, _) = self.0.split_last()?;
        if last & 0x80 != 0 {
            return None;
        }
        for octet in &self.0 {
            arc = arc.checked_mul(128)? + u64::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                arcs.push(arc);
                arc = 0;
            }
        }
        let (first, rest) = arcs.split_first()?;
        let top = (first / 40).min(2);
        let all = [top, first - top * 40]
            .into_iter()
            .chain(rest.iter().copied());
        Some(all.map(|a| a.to_string()).collect::<Vec<_>>().join("."))
    }

    /// The content octets.
    pub fn content(&self) -> &[u8] {
        &self.0
    }

    /// `anyPolicy` (RFC 5280 §4.2.1.4).
    pub fn any_policy() -> Self {
        Self::from_content(ANY_POLICY)
    }
}

impl std::fmt::Debug for Oid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.dotted().as_deref().unwrap_or("not an identifier"))
    }
}

pub(crate) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];

// Extensions, below id-ce (2.5.29): the last octet tells them apart.
pub(crate) const ID_CE: &[u8] = &[0x55, 0x1d];
pub(crate) const SUBJECT_KEY_IDENTIFIER: u8 = 14;
pub(crate) const KEY_USAGE: u8 = 15;
pub(crate) const SUBJECT_ALT_NAME: u8 = 17;
pub(crate) const ISSUER_ALT_NAME: u8 = 18;
pub(crate) const BASIC_CONSTRAINTS: u8 = 19;
pub(crate) const CRL_NUMBER: u8 = 20;
pub(crate) const REASON_CODE: u8 = 21;
pub(crate) const INVALIDITY_DATE: u8 = 24;
pub(crate) const DELTA_CRL_INDICATOR: u8 = 27;
pub(crate) const ISSUING_DISTRIBUTION_POINT: u8 = 28;
pub(crate) const CERTIFICATE_ISSUER: u8 = 29;
pub(crate) const NAME_CONSTRAINTS: u8 = 30;
pub(crate) const CRL_DISTRIBUTION_POINTS: u8 = 31;
pub(crate) const CERTIFICATE_POLICIES: u8 = 32;
pub(crate) const POLICY_MAPPINGS: u8 = 33;
pub(crate) const AUTHORITY_KEY_IDENTIFIER: u8 = 35;
pub(crate) const POLICY_CONSTRAINTS: u8 = 36;
pub(crate) const EXTENDED_KEY_USAGE: u8 = 37;
pub(crate) const FRESHEST_CRL: u8 = 46;
pub(crate) const INHIBIT_ANY_POLICY: u8 = 54;

/// `id-pe-authorityInfoAccess`, 1.3.6.1.5.5.7.1.1.
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// `id-pkix-ocsp-basic`.
pub(crate) const OCSP_BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// `id-pkix-ocsp-nonce`.
pub(crate) const OCSP_NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
/// `id-pkix-ocsp-nocheck`.
pub(crate) const OCSP_NO_CHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5];
/// `id-kp-OCSPSigning`, 1.3.6.1.5.5.7.3.9.
pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
/// `emailAddress` of PKCS #9, 1.2.840.113549.1.9.1.
pub(crate) const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_shown_with_dots() {
        assert_eq!(Oid::any_policy().dotted().as_deref(), Some("2.5.29.32.0"));
        let mail = Oid::from_content(EMAIL_ADDRESS);
        assert_eq!(mail.dotted().as_deref(), Some("1.2.840.113549.1.9.1"));
        assert_eq!(Oid::from_content(&[0x2a, 0x86]).dotted(), None);
        assert_eq!(Oid::from_content(&[]).dotted(), None);
    }

    #[test]
    fn what_is_shown_is_read_again_and_nothing_else() {
        for text in [
            "2.5.29.32.0",
            "1.2.840.113549.1.9.1",
            "0.9.2342.19200300.100.1.1",
            "2.999.3",
        ] {
            let read = Oid::from_dotted(text).unwrap();
            assert_eq!(read.dotted().as_deref(), Some(text));
        }
        assert_eq!(Oid::from_dotted("2.5.29.32.0"), Some(Oid::any_policy()));
        for text in [
            "",
            "1",
            "1.",
            ".1",
            "3.1",
            "1.40",
            "1.02",
            "1.+2",
            "1.2.x",
            "1..2",
            "1.2.99999999999999999999",
        ] {
            assert_eq!(Oid::from_dotted(text), None, "{text}");
        }
    }
}
