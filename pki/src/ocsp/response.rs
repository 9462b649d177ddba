//! What a responder sent, parsed whole, nothing verified.

use super::request::CertId;
use crate::certificate::Certificate;
use crate::der::{self, Element, Reader, constructed, context};
use crate::error::Rejection;
use crate::name::Name;
use crate::oid;
use crate::revocation::RevocationReason;
use crate::signature::{self, Algorithm};
use crate::time::Time;

/// The most octets of an answer: real ones, a responder's certificate included, have two thousand.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// More certificates than these are not looked at: one is needed.
const MAX_CERTIFICATES: usize = 8;
/// More answers than these are not looked at: one was asked for.
const MAX_SINGLES: usize = 64;

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked. Alone it does not even say that the certificate exists.
    Good,
    /// Revoked.
    Revoked {
        /// Since when.
        at: Time,
        /// Why, if it says so.
        reason: RevocationReason,
    },
    /// The responder does not know the certificate. This is not good.
    Unknown,
}

/// Who signed, as the answer says.
#[derive(Clone, Debug)]
pub(super) enum ResponderId {
    Name(Name),
    KeyHash(Box<[u8]>),
}

/// An answer about one certificate.
#[derive(Clone, Debug)]
pub(super) struct Single {
    pub(super) id: CertId,
    pub(super) status: CertStatus,
    pub(super) this_update: Time,
    pub(super) next_update: Option<Time>,
}

/// A successful basic answer (RFC 6960 §4.2.1). That one exists says that its octets have the form;
/// it proves nothing before [`Question::verify`](super::Question::verify).
#[derive(Clone, Debug)]
pub struct Response {
    pub(super) data: Box<[u8]>,
    pub(super) algorithm: Result<Algorithm, Rejection>,
    pub(super) signature: Box<[u8]>,
    pub(super) responder: ResponderId,
    pub(super) produced_at: Time,
    pub(super) singles: Vec<Single>,
    pub(super) nonce: Option<Box<[u8]>>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) unknown_critical: bool,
}

impl Response {
    /// Parses the DER of an `OCSPResponse`.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] beyond [`MAX_RESPONSE_BYTES`]; [`Rejection::DerMalformed`]; what the
    /// responder itself refused with, [`Rejection::OcspTryLater`] among others;
    /// [`Rejection::OcspTypeUnknown`]; [`Rejection::OcspMalformed`]; [`Rejection::TimeMalformed`];
    /// [`Rejection::ExtensionRepeated`]; [`Rejection::AlgorithmUnsupported`] for a certificate
    /// identifier under another digest than SHA-1 and SHA-2.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_RESPONSE_BYTES {
            return Err(Rejection::TooLarge);
        }
        der::check_strict(bytes)?;
        let basic = successful(bytes).map_err(malformed)?;
        der::check_strict(basic)?;
        Self::basic(basic).map_err(malformed)
    }

    /// When newer answers are due, for each certificate that it speaks of and says so.
    pub fn ends(&self) -> impl Iterator<Item = Time> {
        self.singles.iter().filter_map(|single| single.next_update)
    }

    /// When the responder signed, as it says.
    pub const fn produced_at(&self) -> Time {
        self.produced_at
    }

    fn basic(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut fields = der::only(bytes, der::SEQUENCE)?;
        let data = fields.any()?;
        let algorithm = signature::algorithm(fields.inside(der::SEQUENCE)?);
        let signature = der::whole_bits(fields.read(der::BIT_STRING)?)?;
        let certificates = fields.optional(constructed(0))?;
        fields.end()?;
        let mut response = Self::data(data)?;
        response.algorithm = algorithm;
        response.signature = signature.into();
        if let Some(certificates) = certificates {
            response.certificates = self::certificates(certificates)?;
        }
        Ok(response)
    }

    /// `ResponseData`.
    fn data(whole: Element<'_>) -> Result<Self, Rejection> {
        let mut fields = der::only(whole.raw, der::SEQUENCE)?;
        // The only version is the default, which DER leaves out.
        let responder = fields.any()?;
        let mut inside = Reader::new(responder.content);
        let responder = match responder.tag {
            tag if tag == constructed(1) => ResponderId::Name(Name::parse(inside.any()?.raw)?),
            tag if tag == constructed(2) => {
                ResponderId::KeyHash(inside.read(der::OCTET_STRING)?.into())
            }
            _ => return Err(Rejection::OcspMalformed),
        };
        inside.end()?;
        let produced_at = Time::read_generalized(&mut fields)?;
        let mut list = fields.inside(der::SEQUENCE)?;
        let mut response = Self {
            data: whole.raw.into(),
            algorithm: Err(Rejection::AlgorithmUnsupported),
            signature: Box::default(),
            responder,
            produced_at,
            singles: Vec::new(),
            nonce: None,
            certificates: Vec::new(),
            unknown_critical: false,
        };
        while !list.is_empty() {
            let single = response.single(list.inside(der::SEQUENCE)?)?;
            response.singles.push(single);
            if response.singles.len() > MAX_SINGLES {
                return Err(Rejection::TooLarge);
            }
        }
        if let Some(extensions) = fields.optional(constructed(1))? {
            response.read_extensions(extensions)?;
        }
        fields.end()?;
        Ok(response)
    }

    fn single(&mut self, mut fields: Reader<'_>) -> Result<Single, Rejection> {
        let id = CertId::read(fields.inside(der::SEQUENCE)?)?;
        let status = status(fields.any()?)?;
        let this_update = Time::read_generalized(&mut fields)?;
        let next_update = match fields.optional(constructed(0))? {
            Some(next) => {
                let mut next = Reader::new(next);
                let time = Time::read_generalized(&mut next)?;
                next.end()?;
                Some(time)
            }
            None => None,
        };
        if let Some(extensions) = fields.optional(constructed(1))? {
            for_each_extension(extensions, |_, critical, _| {
                self.unknown_critical |= critical;
                Ok(())
            })?;
        }
        fields.end()?;
        Ok(Single {
            id,
            status,
            this_update,
            next_update,
        })
    }

    fn read_extensions(&mut self, extensions: &[u8]) -> Result<(), Rejection> {
        for_each_extension(extensions, |kind, critical, value| {
            if kind == oid::OCSP_NONCE {
                let mut reader = Reader::new(value);
                self.nonce = Some(reader.read(der::OCTET_STRING)?.into());
                return reader.end();
            }
            self.unknown_critical |= critical;
            Ok(())
        })
    }
}

/// The basic answer inside a successful one.
fn successful(bytes: &[u8]) -> Result<&[u8], Rejection> {
    let mut outer = der::only(bytes, der::SEQUENCE)?;
    let status = outer.read(der::ENUMERATED)?;
    match status {
        [0] => {}
        [1] => return Err(Rejection::OcspRequestMalformed),
        [2] => return Err(Rejection::OcspInternalError),
        [3] => return Err(Rejection::OcspTryLater),
        [5] => return Err(Rejection::OcspSignatureRequired),
        [6] => return Err(Rejection::OcspUnauthorized),
        _ => return Err(Rejection::OcspMalformed),
    }
    let mut explicit = outer.inside(constructed(0))?;
    outer.end()?;
    let mut inside = explicit.inside(der::SEQUENCE)?;
    explicit.end()?;
    if inside.read(der::OID)? != oid::OCSP_BASIC {
        return Err(Rejection::OcspTypeUnknown);
    }
    let basic = inside.read(der::OCTET_STRING)?;
    inside.end()?;
    Ok(basic)
}

fn malformed(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::DerMalformed | Rejection::NameMalformed => Rejection::OcspMalformed,
        other => other,
    }
}

fn status(element: Element<'_>) -> Result<CertStatus, Rejection> {
    match (element.tag, element.content) {
        (tag, []) if tag == context(0) => Ok(CertStatus::Good),
        (tag, []) if tag == context(2) => Ok(CertStatus::Unknown),
        (tag, content) if tag == constructed(1) => {
            let mut fields = Reader::new(content);
            let at = Time::read_generalized(&mut fields)?;
            let reason = match fields.optional(constructed(0))? {
                None => RevocationReason::UNSPECIFIED,
                Some([der::ENUMERATED, 1, code @ (0..=6 | 8..=10)]) => RevocationReason(*code),
                Some(_) => return Err(Rejection::OcspMalformed),
            };
            fields.end()?;
            Ok(CertStatus::Revoked { at, reason })
        }
        _ => Err(Rejection::OcspMalformed),
    }
}

/// Certificates that cannot be parsed are none: they only help to find the signer.
fn certificates(content: &[u8]) -> Result<Vec<Certificate>, Rejection> {
    let mut list = der::only(content, der::SEQUENCE)?;
    let mut read = Vec::new();
    while !list.is_empty() {
        if read.len() == MAX_CERTIFICATES {
            return Err(Rejection::TooLarge);
        }
        read.extend(Certificate::parse(list.any()?.raw).ok());
    }
    Ok(read)
}

/// Reads `Extensions`, each once.
fn for_each_extension<'a>(
    content: &'a [u8],
    mut each: impl FnMut(&'a [u8], bool, &'a [u8]) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    let mut list = der::only(content, der::SEQUENCE)?;
    let mut seen: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        let (kind, critical, value) = crate::extensions::one(list.inside(der::SEQUENCE)?)?;
        if seen.contains(&kind) {
            return Err(Rejection::ExtensionRepeated);
        }
        seen.push(kind);
        each(kind, critical, value)?;
    }
    Ok(())
}
