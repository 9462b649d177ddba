//! One revocation list (RFC 5280 §5), parsed whole and indexed, nothing verified.

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use crate::der::{self, Reader, constructed};
use crate::distribution_point::{DistributionPoint, IssuingDistributionPoint};
use crate::error::Rejection;
use crate::extensions;
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::oid;
use crate::signature::{KeyInfo, Signed, Strength};
use crate::time::Time;

/// The most octets of a list: a million entries take about 40 MiB.
pub const MAX_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Why a certificate was revoked (RFC 5280 §5.3.1), by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationReason(pub u8);

impl RevocationReason {
    /// Nothing was said.
    pub const UNSPECIFIED: Self = Self(0);
    /// The entry of a delta list takes a hold back.
    pub const REMOVE_FROM_LIST: Self = Self(8);
}

/// A revocation list. Beside its octets it keeps 16 octets for each entry, sorted by serial number,
/// so that looking one up costs a few comparisons whatever the length. Copies share all of it.
#[derive(Clone, Debug)]
pub struct RevocationList {
    der: Arc<[u8]>,
    signed: Signed,
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    number: Option<Box<[u8]>>,
    base: Option<Box<[u8]>>,
    authority_key: Option<Box<[u8]>>,
    scope: Option<IssuingDistributionPoint>,
    scope_octets: Option<Box<[u8]>>,
    freshest: Vec<DistributionPoint>,
    unknown_critical: bool,
    index: Arc<[Place]>,
    /// Issuers that entries of an indirect list name, in their order.
    entry_issuers: Arc<[Vec<GeneralName>]>,
    /// The key under which the signature was found to be right, and which keys counted then: the
    /// octets never change, so that it is right for ever. Hashing forty megabytes at each question
    /// would cost more than everything else together.
    proved: Arc<OnceLock<(KeyInfo, Strength)>>,
}

/// Where the entry for a serial number is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The first octets of the serial number, for a quick comparison.
    prefix: u64,
    /// Where the INTEGER's content begins in the list.
    at: u32,
    /// 0 for the list's own issuer, otherwise one more than the place among the entries' issuers.
    issuer: u32,
}

/// What a list says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since when.
    pub at: Time,
    /// Why.
    pub reason: RevocationReason,
}

impl RevocationList {
    /// Parses the DER of one list.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] beyond [`MAX_LIST_BYTES`]; [`Rejection::DerMalformed`];
    /// [`Rejection::CrlMalformed`]; [`Rejection::VersionInvalid`] for version 1 with extensions;
    /// [`Rejection::AlgorithmMismatch`]; those of names, times, extensions.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_LIST_BYTES {
            return Err(Rejection::TooLarge);
        }
        der::check_strict(bytes)?;
        let mut outer = der::only(bytes, der::SEQUENCE)?;
        let mut fields = outer.inside(der::SEQUENCE)?;
        let version = fields.optional(der::INTEGER)?.map(der::small).transpose()?;
        let inner_algorithm = fields.read(der::SEQUENCE)?;
        if outer.read(der::SEQUENCE)? != inner_algorithm {
            return Err(Rejection::AlgorithmMismatch);
        }
        let issuer = Name::parse(fields.any()?.raw)?;
        let this_update = Time::read(&mut fields)?;
        let next_update = match Reader::clone(&fields).any().map(|e| e.tag) {
            Ok(der::UTC_TIME | der::GENERALIZED_TIME) => Some(Time::read(&mut fields)?),
            _ => None,
        };
        let entries = fields.optional(der::SEQUENCE)?;
        let extensions = fields.optional(constructed(0))?;
        fields.end()?;
        if version.is_some_and(|v| v != 1) || (version.is_none() && extensions.is_some()) {
            return Err(Rejection::VersionInvalid);
        }
        let mut list = Self {
            der: bytes.into(),
            signed: Signed::read(bytes)?,
            issuer,
            this_update,
            next_update,
            number: None,
            base: None,
            authority_key: None,
            scope: None,
            scope_octets: None,
            freshest: Vec::new(),
            unknown_critical: false,
            index: Arc::default(),
            entry_issuers: Arc::default(),
            proved: Arc::default(),
        };
        if let Some(extensions) = extensions {
            list.read_extensions(extensions)?;
        }
        list.read_entries(bytes, entries.unwrap_or_default())?;
        Ok(list)
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Made.
    pub const fn this_update(&self) -> Time {
        self.this_update
    }

    /// The next one comes by then; `None` when the list does not say, and then it is never current.
    pub const fn next_update(&self) -> Option<Time> {
        self.next_update
    }

    /// Its number without leading zeros; a later list has a greater one.
    pub fn number(&self) -> Option<&[u8]> {
        self.number.as_deref()
    }

    /// The number of the complete list that this one amends, if it is a delta list.
    pub fn base(&self) -> Option<&[u8]> {
        self.base.as_deref()
    }

    /// What it says of its own scope.
    pub const fn scope(&self) -> Option<&IssuingDistributionPoint> {
        self.scope.as_ref()
    }

    /// The octets by which it says its own scope: two lists of one issuer that differ in them do not
    /// replace each other.
    pub fn scope_octets(&self) -> Option<&[u8]> {
        self.scope_octets.as_deref()
    }

    /// Where its delta lists are found (RFC 5280 §5.2.6).
    pub fn freshest(&self) -> &[DistributionPoint] {
        &self.freshest
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many octets it keeps for its content and its index; for whoever bounds a cache.
    pub fn kept_bytes(&self) -> usize {
        self.der.len() + size_of_val(&*self.index)
    }

    pub(super) fn authority_key(&self) -> Option<&[u8]> {
        self.authority_key.as_deref()
    }

    pub(super) const fn has_unknown_critical(&self) -> bool {
        self.unknown_critical
    }

    /// Whether its signature is right under a key. Who holds the key, and whether they may sign
    /// lists, is for [`check_one`](super::check_one). A right answer is remembered.
    ///
    /// # Errors
    /// [`Rejection::SignatureWrong`]; [`Rejection::KeyWeak`], [`Rejection::AlgorithmWeak`] and others
    /// for keys and algorithms that do not count.
    pub fn verify_signature(&self, key: &KeyInfo, strength: Strength) -> Result<(), Rejection> {
        let known = self.proved.get();
        if known.is_some_and(|(by, under)| by == key && *under == strength) {
            return Ok(());
        }
        self.signed.verify(&self.der, key, strength)?;
        // Whoever was faster proved something that is right as well.
        let _ = self.proved.set((key.clone(), strength));
        Ok(())
    }

    /// Its octets.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What it says of a serial number of an issuer. The number is as [`crate::Certificate::serial`]
    /// gives it.
    pub fn find(&self, issuer: &Name, serial: &[u8]) -> Option<Entry> {
        let prefix = prefix(serial);
        let order = |place: &Place| {
            place
                .prefix
                .cmp(&prefix)
                .then_with(|| self.serial_at(place.at).cmp(serial))
        };
        let first = self
            .index
            .partition_point(|place| order(place) == Ordering::Less);
        let same = self.index.get(first..)?.iter();
        same.take_while(|place| order(place) == Ordering::Equal)
            .find(|place| self.is_of(place, issuer))
            .and_then(|place| self.entry_at(place.at).ok())
    }

    fn is_of(&self, place: &Place, issuer: &Name) -> bool {
        let named = usize::try_from(place.issuer)
            .ok()
            .and_then(|n| n.checked_sub(1));
        match named {
            None => self.issuer == *issuer,
            Some(named) => self.entry_issuers.get(named).is_some_and(|names| {
                names
                    .iter()
                    .any(|n| matches!(n, GeneralName::Directory(n) if n == issuer))
            }),
        }
    }

    fn serial_at(&self, at: u32) -> &[u8] {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some((&[length], content)) = at
            .checked_sub(1)
            .and_then(|before| self.der.get(before..))
            .and_then(<[u8]>::split_first_chunk)
        else {
            return &[];
        };
        content.get(..usize::from(length)).unwrap_or_default()
    }

    /// Reads what follows the serial number of an entry.
    fn entry_at(&self, at: u32) -> Result<Entry, Rejection> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let length = at.checked_sub(1).and_then(|before| self.der.get(before));
        let after = at + length.copied().map_or(0, usize::from);
        let mut rest = Reader::new(self.der.get(after..).unwrap_or_default());
        let at = Time::read(&mut rest)?;
        let mut reason = RevocationReason::UNSPECIFIED;
        // What comes next is this entry's extensions only if a list of extensions follows; the
        // next entry begins with an INTEGER instead.
        if let Ok(Some(extensions)) = rest.optional(der::SEQUENCE) {
            let mut extensions = Reader::new(extensions);
            while let Ok(mut extension) = extensions.inside(der::SEQUENCE) {
                let Ok(oid) = extension.read(der::OID) else {
                    break;
                };
                extension.optional(der::BOOLEAN)?;
                if oid.strip_prefix(oid::ID_CE) == Some(&[oid::REASON_CODE]) {
                    reason = reason_code(extension.read(der::OCTET_STRING)?)?;
                }
            }
        }
        Ok(Entry { at, reason })
    }

    fn read_extensions(&mut self, wrapped: &[u8]) -> Result<(), Rejection> {
        let mut list = der::only(wrapped, der::SEQUENCE)?;
        let mut seen: Vec<&[u8]> = Vec::new();
        while !list.is_empty() {
            let (oid, critical, value) = extensions::one(list.inside(der::SEQUENCE)?)?;
            if seen.contains(&oid) {
                return Err(Rejection::ExtensionRepeated);
            }
            seen.push(oid);
            match oid.strip_prefix(oid::ID_CE) {
                Some([oid::CRL_NUMBER]) => self.number = Some(integer(value)?),
                Some([oid::DELTA_CRL_INDICATOR]) => self.base = Some(integer(value)?),
                Some([oid::ISSUING_DISTRIBUTION_POINT]) => {
                    self.scope = Some(IssuingDistributionPoint::parse(value)?);
                    self.scope_octets = Some(value.into());
                }
                Some([oid::AUTHORITY_KEY_IDENTIFIER]) => {
                    let mut fields = der::only(value, der::SEQUENCE)?;
                    self.authority_key = fields.optional(der::context(0))?.map(Into::into);
                }
                Some([oid::FRESHEST_CRL]) => self.freshest = DistributionPoint::parse_all(value)?,
                Some([oid::ISSUER_ALT_NAME]) => {}
                _ => self.unknown_critical |= critical,
            }
        }
        Ok(())
    }

    /// Walks the entries once: each is checked and gets its place in the index.
    fn read_entries(&mut self, whole: &[u8], entries: &[u8]) -> Result<(), Rejection> {
        let malformed = Rejection::CrlMalformed;
        let start = whole.as_ptr().addr();
        let mut entries = Reader::new(entries);
        let (mut index, mut issuers) = (Vec::new(), Vec::new());
        while !entries.is_empty() {
            let mut entry = entries.inside(der::SEQUENCE)?;
            let serial = entry.read(der::INTEGER)?;
            Time::read(&mut entry)?;
            if let Some(extensions) = entry.optional(der::SEQUENCE)? {
                issuers.extend(self.read_entry_extensions(extensions)?);
            }
            entry.end()?;
            let issuer = u32::try_from(issuers.len()).map_err(|_| malformed)?;
            let at = serial.as_ptr().addr().wrapping_sub(start);
            let at = u32::try_from(at).map_err(|_| malformed)?;
            if serial.len() >= 0x80 || !der::is_shortest_integer(serial) {
                return Err(malformed);
            }
            let prefix = prefix(serial);
            index.push(Place { prefix, at, issuer });
        }
        index.sort_unstable_by(|a, b| {
            let by_number = || self.serial_at(a.at).cmp(self.serial_at(b.at));
            a.prefix.cmp(&b.prefix).then_with(by_number)
        });
        self.index = index.into();
        self.entry_issuers = issuers.into();
        Ok(())
    }

    /// The issuer that an entry names for itself and those that follow (§5.3.3).
    fn read_entry_extensions(
        &mut self,
        extensions: &[u8],
    ) -> Result<Option<Vec<GeneralName>>, Rejection> {
        let mut list = Reader::new(extensions);
        let mut issuer = None;
        while !list.is_empty() {
            let (oid, critical, value) = extensions::one(list.inside(der::SEQUENCE)?)?;
            match oid.strip_prefix(oid::ID_CE) {
                Some([oid::CERTIFICATE_ISSUER]) => {
                    issuer = Some(GeneralName::read_all(der::only(value, der::SEQUENCE)?)?);
                }
                Some([oid::REASON_CODE]) => {
                    reason_code(value)?;
                }
                Some([oid::INVALIDITY_DATE]) => {}
                _ => self.unknown_critical |= critical,
            }
        }
        Ok(issuer)
    }
}

fn integer(value: &[u8]) -> Result<Box<[u8]>, Rejection> {
    let mut reader = Reader::new(value);
    let digits = der::non_negative(reader.read(der::INTEGER)?)?;
    reader.end()?;
    Ok(digits.into())
}

fn reason_code(value: &[u8]) -> Result<RevocationReason, Rejection> {
    match *value {
        [der::ENUMERATED, 1, code @ 0..=10] => Ok(RevocationReason(code)),
        _ => Err(Rejection::CrlMalformed),
    }
}

/// The first eight octets of a number; shorter ones are filled with zeros.
fn prefix(serial: &[u8]) -> u64 {
    let octets = serial.iter().copied().chain(std::iter::repeat(0));
    octets
        .take(8)
        .fold(0, |sum, octet| sum << 8 | u64::from(octet))
}
