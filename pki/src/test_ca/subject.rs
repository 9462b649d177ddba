//! Names, attribute by attribute.

use super::encode::{element, oid, sequence, utf8, wrap};

/// A distinguished name in the making. Each attribute is a relative name of its own unless it is
/// put [beside](Self::beside) the one before.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    relative: Vec<Vec<Vec<u8>>>,
}

impl Subject {
    /// A common name alone.
    pub fn named(common_name: &str) -> Self {
        Self::default().with("2.5.4.3", &utf8(common_name))
    }

    /// A person as public authorities name them: country, common name, one UID for each value.
    pub fn person(common_name: &str, identifiers: &[&str]) -> Self {
        let country = Self::default().with("2.5.4.6", &element(0x13, b"VN"));
        identifiers
            .iter()
            .fold(country.with("2.5.4.3", &utf8(common_name)), |name, uid| {
                name.uid(uid)
            })
    }

    /// An official as the government's authority names them: no number, but where they work.
    pub fn official(common_name: &str, unit: &str, agency: &str, mail: &str) -> Self {
        Self::default()
            .with("2.5.4.6", &element(0x13, b"VN"))
            .with("2.5.4.10", &utf8(agency))
            .with("2.5.4.11", &utf8(unit))
            .with("2.5.4.3", &utf8(common_name))
            .with("1.2.840.113549.1.9.1", &element(0x16, mail.as_bytes()))
    }

    /// One more attribute; `value` is a whole element.
    #[must_use]
    pub fn with(mut self, kind: &str, value: &[u8]) -> Self {
        self.relative.push(vec![attribute(kind, value)]);
        self
    }

    /// One more UID.
    #[must_use]
    pub fn uid(self, value: &str) -> Self {
        self.with("0.9.2342.19200300.100.1.1", &utf8(value))
    }

    /// One more attribute in the relative name of the last.
    #[must_use]
    pub fn beside(mut self, kind: &str, value: &[u8]) -> Self {
        let last = self
            .relative
            .last_mut()
            .expect("an attribute to stand beside");
        last.push(attribute(kind, value));
        self
    }

    /// The DER of the name.
    pub fn der(&self) -> Vec<u8> {
        let relative: Vec<Vec<u8>> = self
            .relative
            .iter()
            .map(|attributes| {
                let mut sorted = attributes.clone();
                sorted.sort();
                wrap(0x31, &sorted)
            })
            .collect();
        sequence(&relative)
    }
}

fn attribute(kind: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[oid(kind), value.to_vec()])
}
