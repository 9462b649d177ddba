//! One certificate: parsed whole, nothing verified.

use std::collections::BTreeSet;
use std::sync::Arc;

use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;
use x509_parser::x509::X509Version;

use crate::der::{self, Reader};
use crate::error::Rejection;
use crate::extensions::Extensions;
use crate::name::Name;
use crate::signature::{Algorithm, KeyInfo, Signed};
use crate::time::Time;

/// The most octets of a certificate.
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;
/// The most octets of a serial number (RFC 5280 §4.1.2.2): 20, or 21 with a leading zero.
const MAX_SERIAL_BYTES: usize = 21;

/// A certificate (RFC 5280 §4.1). That one exists says that its octets are a certificate in DER,
/// with each extension at most once and well formed; neither signature nor time nor any rule for
/// its use was looked at.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Arc<[u8]>,
    signed: Signed,
    serial: Box<[u8]>,
    issuer: Name,
    subject: Name,
    not_before: Time,
    not_after: Time,
    key: KeyInfo,
    pub(crate) extensions: Extensions,
}

impl Certificate {
    /// Parses the DER of one certificate.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] beyond [`MAX_CERTIFICATE_BYTES`]; [`Rejection::DerMalformed`] for BER
    /// that is not DER and for trailing octets; [`Rejection::CertificateMalformed`],
    /// [`Rejection::SerialInvalid`], [`Rejection::TimeMalformed`], [`Rejection::NameMalformed`],
    /// [`Rejection::AlgorithmMismatch`] when the signed and the outer algorithm differ (§4.1.1.2),
    /// [`Rejection::VersionInvalid`] for extensions outside version 3, and those of the extensions.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return Err(Rejection::TooLarge);
        }
        der::check_strict(bytes)?;
        let malformed = Rejection::CertificateMalformed;
        let (rest, parsed) = X509CertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(bytes)
            .map_err(|_| malformed)?;
        if !rest.is_empty() {
            return Err(malformed);
        }
        let tbs = &parsed.tbs_certificate;
        if parsed.signature_algorithm != tbs.signature {
            return Err(Rejection::AlgorithmMismatch);
        }
        if tbs.version != X509Version::V3 && !tbs.extensions().is_empty() {
            return Err(Rejection::VersionInvalid);
        }
        let listed = tbs
            .extensions()
            .iter()
            .map(|e| (e.oid.as_bytes(), e.critical, e.value));
        let (not_before, not_after) = validity(tbs.as_ref())?;
        Ok(Self {
            signed: Signed::read(bytes)?,
            serial: serial(tbs.raw_serial())?.into(),
            issuer: Name::parse(tbs.issuer.as_raw())?,
            subject: Name::parse(tbs.subject.as_raw())?,
            not_before,
            not_after,
            key: KeyInfo::parse(tbs.subject_pki.raw)?,
            extensions: Extensions::parse(listed)?,
            der: bytes.into(),
        })
    }

    /// The DER as it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number as the content octets of its INTEGER: at most 21, the highest bit is the
    /// sign. Negative ones break the rule of RFC 5280 §4.1.2.2 and are known to exist.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Who says so.
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Of whom.
    pub const fn subject(&self) -> &Name {
        &self.subject
    }

    /// Valid from, inclusive.
    pub const fn not_before(&self) -> Time {
        self.not_before
    }

    /// Valid until, inclusive.
    pub const fn not_after(&self) -> Time {
        self.not_after
    }

    /// The subject's public key.
    pub const fn key(&self) -> &KeyInfo {
        &self.key
    }

    /// How it is signed, where that is understood here. Whether the signature is right was not
    /// looked at.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.signed.algorithm()
    }

    /// What is signed, how, and the signature.
    pub(crate) const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Issuer and subject are the same name (RFC 5280 §6.1 calls it self-issued).
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// What its extensions say.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The certificates in a set by their octets, each once.
    pub fn distinct(certificates: Vec<Self>) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let mut kept = certificates;
        kept.retain(|c| seen.insert(Arc::clone(&c.der)));
        kept
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// In the shortest form, and not too long.
fn serial(content: &[u8]) -> Result<&[u8], Rejection> {
    (der::is_shortest_integer(content) && content.len() <= MAX_SERIAL_BYTES)
        .then_some(content)
        .ok_or(Rejection::SerialInvalid)
}

/// Reads both times again from their octets: the parser takes forms that RFC 5280 §4.1.2.5 forbids.
fn validity(tbs: &[u8]) -> Result<(Time, Time), Rejection> {
    let mut fields = der::only(tbs, der::SEQUENCE)?;
    fields.optional(der::constructed(0))?;
    fields.read(der::INTEGER)?;
    fields.read(der::SEQUENCE)?;
    fields.read(der::SEQUENCE)?;
    let mut both: Reader<'_> = fields.inside(der::SEQUENCE)?;
    let times = (Time::read(&mut both)?, Time::read(&mut both)?);
    both.end()?;
    Ok(times)
}
