//! The Distinguished Encoding Rules (X.690 §10), read strictly: definite lengths in their shortest
//! form, tags of one octet, nothing left over.

use crate::error::Rejection;

/// Structures nest at most so deep.
const DEEPEST: usize = 32;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A context-specific tag, `[n]` primitive.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// A context-specific tag, `[n]` constructed.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element: its tag, what is inside, and the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// Reads elements one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Rejection> {
        let (element, rest) = split(self.rest).ok_or(Rejection::DerMalformed)?;
        self.rest = rest;
        Ok(element)
    }

    /// The content of the next element, which has this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Result<&'a [u8], Rejection> {
        let element = self.any()?;
        (element.tag == tag)
            .then_some(element.content)
            .ok_or(Rejection::DerMalformed)
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The content of the next element, if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Rejection> {
        if self.rest.first() == Some(&tag) {
            self.read(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// What is inside the next element, which has this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Result<Self, Rejection> {
        self.read(tag).map(Self::new)
    }

    /// Nothing is left.
    pub(crate) fn end(self) -> Result<(), Rejection> {
        self.rest
            .is_empty()
            .then_some(())
            .ok_or(Rejection::DerMalformed)
    }
}

/// The one element that makes up these octets.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Result<Reader<'_>, Rejection> {
    let mut outer = Reader::new(bytes);
    let inner = outer.inside(tag)?;
    outer.end()?;
    Ok(inner)
}

/// What follows an algorithm's identifier when it has no parameters: nothing, or NULL.
pub(crate) fn absent_or_null(mut rest: Reader<'_>) -> Result<(), Rejection> {
    if rest.optional(NULL)?.is_some_and(|null| !null.is_empty()) {
        return Err(Rejection::DerMalformed);
    }
    rest.end()
}

/// Writes one element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let mut written = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => written.push(short),
        _ => {
            let digits = length.iter().skip_while(|digit| **digit == 0);
            let count = u8::try_from(digits.clone().count()).unwrap_or(0);
            written.push(0x80 | count);
            written.extend(digits);
        }
    }
    written.extend_from_slice(content);
    written
}

/// Writes a non-negative INTEGER of these octets, however many zeros they begin with.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let digits = octets.get(zeros..).unwrap_or_default();
    let needs_zero = digits.first().is_none_or(|first| first & 0x80 != 0);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    element(INTEGER, &[zero, digits].concat())
}

fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, after_first) = after_tag.split_first()?;
    let (length, header) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let octets = usize::from(first & 0x7f);
        if !(1..=4).contains(&octets) {
            return None;
        }
        let digits = after_first.get(..octets)?;
        let length = digits.iter().try_fold(0_usize, |sum, d| {
            sum.checked_mul(256)?.checked_add((*d).into())
        })?;
        let shortest = length >= 0x80 && digits.first() != Some(&0);
        (shortest.then_some(length)?, 2 + octets)
    };
    let end = header.checked_add(length)?;
    let (raw, rest) = bytes.split_at_checked(end)?;
    let content = raw.get(header..)?;
    Some((Element { tag, content, raw }, rest))
}

/// Walks through everything that is constructed: BER that is not DER is refused here, before any
/// other parser sees it.
pub(crate) fn check_strict(bytes: &[u8]) -> Result<(), Rejection> {
    fn walk(bytes: &[u8], depth: usize) -> Option<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (element, after) = split(rest)?;
            if element.tag & 0x20 != 0 {
                walk(element.content, depth.checked_sub(1)?)?;
            }
            rest = after;
        }
        Some(())
    }
    walk(bytes, DEEPEST).ok_or(Rejection::DerMalformed)
}

/// A BOOLEAN: DER knows 0x00 and 0xff only.
pub(crate) fn boolean(content: &[u8]) -> Result<bool, Rejection> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(Rejection::DerMalformed),
    }
}

/// A non-negative INTEGER that fits 32 bits.
pub(crate) fn small(content: &[u8]) -> Result<u32, Rejection> {
    let digits = non_negative(content)?;
    if digits.len() > 4 {
        return Err(Rejection::DerMalformed);
    }
    Ok(digits.iter().fold(0, |sum, d| sum << 8 | u32::from(*d)))
}

/// The octets of a non-negative INTEGER in its shortest form, without the leading zero.
pub(crate) fn non_negative(content: &[u8]) -> Result<&[u8], Rejection> {
    match content {
        [] => Err(Rejection::DerMalformed),
        [0] => Ok(content),
        [0, next, ..] if next & 0x80 != 0 => content.get(1..).ok_or(Rejection::DerMalformed),
        [first, ..] if *first == 0 || first & 0x80 != 0 => Err(Rejection::DerMalformed),
        _ => Ok(content),
    }
}

/// Whether these are the content octets of an INTEGER of either sign in its shortest form.
pub(crate) const fn is_shortest_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0, next, ..] => *next & 0x80 != 0,
        [0xff, next, ..] => *next & 0x80 == 0,
        _ => true,
    }
}

/// The octets of a BIT STRING whose length is a multiple of eight.
pub(crate) fn whole_bits(content: &[u8]) -> Result<&[u8], Rejection> {
    match content.split_first() {
        Some((0, bits)) => Ok(bits),
        _ => Err(Rejection::DerMalformed),
    }
}

/// A named bit list (X.690 §11.2.2) of at most 16 bits; bit 0 is the highest of the result.
pub(crate) fn named_bits(content: &[u8]) -> Result<u16, Rejection> {
    let malformed = Rejection::DerMalformed;
    let (&unused, bits) = content.split_first().ok_or(malformed)?;
    let (high, low) = match bits {
        [] => (0, 0),
        [one] => (*one, 0),
        [one, two] => (*one, *two),
        _ => return Err(malformed),
    };
    let last = bits.last().copied().unwrap_or(0);
    let padding_is_zero = unused < 8 && u16::from(last) & ((1_u16 << unused) - 1) == 0;
    (padding_is_zero && (unused == 0 || !bits.is_empty()))
        .then(|| u16::from(high) << 8 | u16::from(low))
        .ok_or(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_shortest_definite_lengths_are_der() {
        for (bytes, strict) in [
            (&[0x30, 0x00][..], true),
            (&[0x30, 0x03, 0x02, 0x01, 0x05], true),
            // Indefinite, too long a form, cut, high tag number, an element cut inside.
            (&[0x30, 0x80, 0x00, 0x00], false),
            (&[0x30, 0x81, 0x03, 0x02, 0x01, 0x05], false),
            (&[0x30, 0x82, 0x00, 0x80], false),
            (&[0x30, 0x04, 0x02, 0x01, 0x05], false),
            (&[0x1f, 0x81, 0x00, 0x00], false),
            (&[0x30, 0x02, 0x02, 0x05], false),
            (&[0x30], false),
        ] {
            assert_eq!(check_strict(bytes).is_ok(), strict, "{bytes:02x?}");
        }
        let mut deep = Vec::new();
        for _ in 0..=DEEPEST {
            let length = u8::try_from(deep.len()).unwrap();
            deep = [&[0x30, length][..], &deep].concat();
        }
        assert!(check_strict(&deep).is_err());
    }

    #[test]
    fn numbers_bits_and_booleans_have_one_form() {
        assert_eq!(small(&[0]), Ok(0));
        assert_eq!(small(&[0, 0x80]), Ok(128));
        assert_eq!(small(&[0x7f, 0xff, 0xff, 0xff]), Ok(0x7fff_ffff));
        for wrong in [&[][..], &[0, 1], &[0x80], &[1, 2, 3, 4, 5]] {
            assert_eq!(small(wrong), Err(Rejection::DerMalformed), "{wrong:02x?}");
        }
        assert_eq!(boolean(&[0xff]), Ok(true));
        assert_eq!(boolean(&[0x01]), Err(Rejection::DerMalformed));
        assert_eq!(named_bits(&[7, 0x80]), Ok(0x8000));
        assert_eq!(named_bits(&[7, 0x00, 0x80]), Ok(0x0080));
        assert_eq!(named_bits(&[0]), Ok(0));
        for wrong in [&[][..], &[1], &[8, 0x80], &[7, 0x81], &[0, 1, 2, 3]] {
            assert_eq!(
                named_bits(wrong),
                Err(Rejection::DerMalformed),
                "{wrong:02x?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check_strict(&bytes);
            let mut reader = Reader::new(&bytes);
            while let Ok(element) = reader.any() {
                prop_assert!(element.content.len() < element.raw.len());
            }
        }
    }
}
