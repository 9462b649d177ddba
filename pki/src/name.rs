//! Distinguished names, compared as RFC 5280 §7.1 says.

use std::fmt;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

use crate::der::{self, Element, Reader};
use crate::error::Rejection;

/// A distinguished name. Two names are equal when their DER is, or when each relative name holds
/// the same attributes with values that differ in letter case, white space and string type only
/// (RFC 5280 §7.1).
#[derive(Clone)]
pub struct Name {
    der: Box<[u8]>,
    /// The canonical form, made when it is first asked for: mostly the DER is the same already, and
    /// folding text costs more than everything else that is parsed.
    relative: OnceLock<Vec<Box<[u8]>>>,
}

/// One attribute of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The DER content of its type's object identifier.
    pub oid: &'a [u8],
    tag: u8,
    value: &'a [u8],
    /// Which relative name it is in, from 0; several in one are a multi-valued relative name.
    pub relative_name: usize,
}

impl Attribute<'_> {
    /// The value as text: UTF-8, printable, IA5, numeric, Teletex (read as Latin-1), BMP and
    /// universal strings. `None` for other types and broken values.
    pub fn text(&self) -> Option<String> {
        text(self.tag, self.value)
    }
}

impl Name {
    /// Parses the DER of a `Name`.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Rejection> {
        let mut names = der::only(der, der::SEQUENCE)?;
        while !names.is_empty() {
            let mut set = names.inside(der::SET)?;
            if set.is_empty() {
                return Err(Rejection::NameMalformed);
            }
            while !set.is_empty() {
                attribute(set.any()?)?;
            }
        }
        Ok(Self {
            der: der.into(),
            relative: OnceLock::new(),
        })
    }

    fn relative(&self) -> &[Box<[u8]>] {
        // Nothing fails here that did not fail while parsing.
        self.relative
            .get_or_init(|| canonical_form(&self.der).unwrap_or_default())
    }

    /// The DER as it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.relative().is_empty()
    }

    /// Whether this name is `other` or below it in the tree (RFC 5280 §4.2.1.10, directory names).
    pub fn is_within(&self, other: &Self) -> bool {
        self.relative().starts_with(other.relative())
    }

    /// The name one relative name below this one; `set` is the content of that relative name.
    pub(crate) fn below(&self, set: &[u8]) -> Result<Self, Rejection> {
        let mut relative = self.relative().to_vec();
        relative.push(relative_name(set)?);
        Ok(Self {
            // Only the canonical form is compared.
            der: Box::default(),
            relative: OnceLock::from(relative),
        })
    }

    /// The attributes in their order.
    pub fn attributes(&self) -> Vec<Attribute<'_>> {
        self.read_attributes().unwrap_or_default()
    }

    fn read_attributes(&self) -> Result<Vec<Attribute<'_>>, Rejection> {
        let mut found = Vec::new();
        let mut names = der::only(&self.der, der::SEQUENCE)?;
        let mut relative_name = 0;
        while !names.is_empty() {
            let mut set = names.inside(der::SET)?;
            while !set.is_empty() {
                let (oid, value) = attribute(set.any()?)?;
                found.push(Attribute {
                    oid,
                    tag: value.tag,
                    value: value.content,
                    relative_name,
                });
            }
            relative_name += 1;
        }
        Ok(found)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        (!self.der.is_empty() && self.der == other.der) || self.relative() == other.relative()
    }
}

impl Eq for Name {}

/// Types and values, for operators; nothing is ever read back from it.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.attributes().iter().map(Attribute::text))
            .finish()
    }
}

fn canonical_form(der: &[u8]) -> Result<Vec<Box<[u8]>>, Rejection> {
    let mut relative = Vec::new();
    let mut names = der::only(der, der::SEQUENCE)?;
    while !names.is_empty() {
        relative.push(relative_name(names.read(der::SET)?)?);
    }
    Ok(relative)
}

/// The canonical form of a relative name: its attributes in canonical form, sorted.
fn relative_name(set: &[u8]) -> Result<Box<[u8]>, Rejection> {
    let mut set = Reader::new(set);
    let mut attributes = Vec::new();
    while !set.is_empty() {
        let (oid, value) = attribute(set.any()?)?;
        attributes.push((oid.to_vec(), canonical(value)));
    }
    if attributes.is_empty() {
        return Err(Rejection::NameMalformed);
    }
    attributes.sort();
    let mut form = Vec::new();
    for (oid, value) in attributes {
        for part in [oid, value] {
            form.extend_from_slice(&part.len().to_be_bytes());
            form.extend_from_slice(&part);
        }
    }
    Ok(form.into())
}

fn attribute(element: Element<'_>) -> Result<(&[u8], Element<'_>), Rejection> {
    if element.tag != der::SEQUENCE {
        return Err(Rejection::NameMalformed);
    }
    let mut parts = Reader::new(element.content);
    let oid = parts.read(der::OID)?;
    let value = parts.any()?;
    parts.end()?;
    Ok((oid, value))
}

/// Text in lower case with single spaces, under one marker for all string types; anything else as
/// it came, under its own tag.
fn canonical(value: Element<'_>) -> Vec<u8> {
    match text(value.tag, value.content) {
        Some(text) => {
            let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
            let words: Vec<&str> = folded.split_whitespace().collect();
            [&[0][..], words.join(" ").as_bytes()].concat()
        }
        None => [&[1, value.tag][..], value.content].concat(),
    }
}

fn text(tag: u8, value: &[u8]) -> Option<String> {
    let latin = || value.iter().copied().map(char::from).collect();
    let from_units = |units: &mut dyn Iterator<Item = u32>| units.map(char::from_u32).collect();
    match tag {
        0x0c => String::from_utf8(value.to_vec()).ok(),
        // Numeric, printable, IA5, visible: ASCII.
        0x12 | 0x13 | 0x16 | 0x1a => value.is_ascii().then(latin),
        0x14 => Some(latin()),
        0x1e => {
            let pairs = value.chunks_exact(2);
            if !pairs.remainder().is_empty() {
                return None;
            }
            from_units(&mut pairs.map(|p| p.iter().fold(0, |n, d| n << 8 | u32::from(*d))))
        }
        0x1c => {
            let fours = value.chunks_exact(4);
            if !fours.remainder().is_empty() {
                return None;
            }
            from_units(&mut fours.map(|p| p.iter().fold(0, |n, d| n << 8 | u32::from(*d))))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 0x80);
        [&[tag, length], content].concat()
    }

    /// A name of relative names of (last octet of an id-at type, string type, value).
    pub(crate) fn name(relative: &[&[(u8, u8, &[u8])]]) -> Name {
        let sets: Vec<u8> = relative
            .iter()
            .flat_map(|set| {
                let attributes: Vec<u8> = set
                    .iter()
                    .flat_map(|(kind, tag, value)| {
                        let oid = element(der::OID, &[0x55, 0x04, *kind]);
                        element(der::SEQUENCE, &[oid, element(*tag, value)].concat())
                    })
                    .collect();
                element(der::SET, &attributes)
            })
            .collect();
        Name::parse(&element(der::SEQUENCE, &sets)).unwrap()
    }

    #[test]
    fn case_space_and_string_type_do_not_matter() {
        let utf8 = name(&[&[(3, 0x0c, "Sở  Y tế ".as_bytes())]]);
        let bmp: Vec<u8> = "SỞ Y TẾ"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(utf8, name(&[&[(3, 0x1e, &bmp)]]));
        assert_eq!(
            name(&[&[(3, 0x13, b"Ca One")]]),
            name(&[&[(3, 0x16, b"ca  one")]])
        );
        assert_ne!(
            utf8,
            name(&[&[(10, 0x0c, "Sở Y tế".as_bytes())]]),
            "another type"
        );
        assert_ne!(
            name(&[&[(3, 0x13, b"CaOne")]]),
            name(&[&[(3, 0x13, b"Ca One")]])
        );
        assert_eq!(utf8.attributes()[0].text().as_deref(), Some("Sở  Y tế "));
    }

    #[test]
    fn order_matters_between_relative_names_and_not_within_one() {
        let (o, cn) = ((10, 0x13, &b"org"[..]), (3, 0x13, &b"cn"[..]));
        assert_eq!(name(&[&[o, cn]]), name(&[&[cn, o]]));
        assert_ne!(name(&[&[o], &[cn]]), name(&[&[cn], &[o]]));
        assert_ne!(name(&[&[o], &[cn]]), name(&[&[o, cn]]));
    }

    #[test]
    fn a_name_is_within_what_it_begins_with() {
        let top = name(&[&[(10, 0x13, b"org")]]);
        let below = name(&[&[(10, 0x0c, b"ORG")], &[(3, 0x13, b"cn")]]);
        assert!(below.is_within(&top) && top.is_within(&top) && !top.is_within(&below));
        let cn = element(
            der::SEQUENCE,
            &[element(der::OID, &[0x55, 4, 3]), element(0x0c, b"CN")].concat(),
        );
        assert_eq!(top.below(&cn).unwrap(), below);
    }

    #[test]
    fn broken_names_are_refused() {
        for broken in [
            &[0x30, 0x02, 0x31, 0x00][..],
            &[0x30, 0x04, 0x31, 0x02, 0x30, 0x00],
            &[0x31, 0x00],
            &[0x30, 0x00, 0x00],
        ] {
            assert!(Name::parse(broken).is_err(), "{broken:02x?}");
        }
        assert!(Name::parse(&[0x30, 0x00]).unwrap().is_empty());
    }
}
