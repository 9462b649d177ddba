//! The attributes that are signed beside the content (RFC 5652 §11, RFC 5035 §3).

use crate::certificate::Certificate;
use crate::der::{self, Reader};
use crate::error::Rejection;
use crate::general_name::GeneralName;
use crate::signature::Digest;
use crate::time::Time;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const PKCS9: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
const SIGNING_CERTIFICATE_V2: &[u8] = &[16, 2, 47];
/// More attributes than these are not looked at: three are required, five are usual.
const MAX_ATTRIBUTES: usize = 32;

/// The signed attributes of one signer, each once.
#[derive(Clone, Debug)]
pub(super) struct SignedAttributes {
    /// The DER that is signed: a SET OF in the order of X.690 §11.6, whatever order they came in.
    pub(super) signed: Box<[u8]>,
    pub(super) message_digest: Box<[u8]>,
    pub(super) signing_certificate: NamedCertificate,
    pub(super) signing_time: Option<Time>,
}

/// The first `ESSCertIDv2` (RFC 5035 §4).
#[derive(Clone, Debug)]
pub(super) struct NamedCertificate {
    digest: Digest,
    value: Box<[u8]>,
    issuer_and_serial: Option<(Vec<GeneralName>, Box<[u8]>)>,
}

impl SignedAttributes {
    /// Reads the content of `signedAttrs`.
    pub(super) fn read(content: &[u8]) -> Result<Self, Rejection> {
        let mut list = Reader::new(content);
        let mut whole: Vec<&[u8]> = Vec::new();
        let mut kinds: Vec<&[u8]> = Vec::new();
        let mut found = Found::default();
        while !list.is_empty() {
            let element = list.any()?;
            if element.tag != der::SEQUENCE || whole.len() == MAX_ATTRIBUTES {
                return Err(Rejection::CmsMalformed);
            }
            let mut fields = Reader::new(element.content);
            let kind = fields.read(der::OID)?;
            let values = fields.inside(der::SET)?;
            fields.end()?;
            if kinds.contains(&kind) {
                return Err(Rejection::CmsAttributeRepeated);
            }
            found.read(kind, values)?;
            kinds.push(kind);
            whole.push(element.raw);
        }
        whole.sort_unstable();
        found.all(der::element(der::SET, &whole.concat()))
    }
}

#[derive(Default)]
struct Found<'a> {
    content_type: Option<&'a [u8]>,
    message_digest: Option<&'a [u8]>,
    signing_certificate: Option<NamedCertificate>,
    signing_time: Option<Time>,
}

impl<'a> Found<'a> {
    fn read(&mut self, kind: &'a [u8], values: Reader<'a>) -> Result<(), Rejection> {
        match kind.strip_prefix(PKCS9) {
            Some([3]) => self.content_type = Some(one(values)?.read(der::OID)?),
            Some([4]) => self.message_digest = Some(one(values)?.read(der::OCTET_STRING)?),
            // Real signers write local times here and call them UTC; a broken one is none.
            Some([5]) => self.signing_time = Time::read(&mut one(values)?).ok(),
            Some(SIGNING_CERTIFICATE_V2) => {
                self.signing_certificate = Some(NamedCertificate::read(one(values)?)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn all(self, signed: Vec<u8>) -> Result<SignedAttributes, Rejection> {
        match self.content_type {
            None => return Err(Rejection::CmsContentTypeMissing),
            Some(DATA) => {}
            Some(_) => return Err(Rejection::CmsContentTypeWrong),
        }
        Ok(SignedAttributes {
            signed: signed.into(),
            message_digest: self
                .message_digest
                .ok_or(Rejection::CmsMessageDigestMissing)?
                .into(),
            signing_certificate: self
                .signing_certificate
                .ok_or(Rejection::CmsSigningCertificateMissing)?,
            signing_time: self.signing_time,
        })
    }
}

/// The one value of an attribute.
fn one(values: Reader<'_>) -> Result<Reader<'_>, Rejection> {
    let mut rest = values;
    let first = rest.any();
    if first.is_err() || !rest.is_empty() {
        return Err(Rejection::CmsAttributeRepeated);
    }
    Ok(values)
}

impl NamedCertificate {
    /// `SigningCertificateV2`; what follows the first certificate names others and policies.
    fn read(mut value: Reader<'_>) -> Result<Self, Rejection> {
        let mut fields = value.inside(der::SEQUENCE)?;
        let mut list = fields.inside(der::SEQUENCE)?;
        fields.optional(der::SEQUENCE)?;
        fields.end()?;
        let mut first = list.inside(der::SEQUENCE)?;
        // The default is SHA-256; some signers spell it out.
        let digest = match first.tag() {
            Some(der::SEQUENCE) => Digest::read(first.inside(der::SEQUENCE)?)?,
            _ => Digest::Sha256,
        };
        if digest == Digest::Sha1 {
            return Err(Rejection::AlgorithmWeak);
        }
        let value = first.read(der::OCTET_STRING)?.into();
        let issuer_and_serial = match first.tag() {
            Some(der::SEQUENCE) => {
                let mut parts = first.inside(der::SEQUENCE)?;
                let issuer = GeneralName::read_all(parts.inside(der::SEQUENCE)?)?;
                let serial = parts.read(der::INTEGER)?.into();
                parts.end()?;
                Some((issuer, serial))
            }
            _ => None,
        };
        first.end()?;
        Ok(Self {
            digest,
            value,
            issuer_and_serial,
        })
    }

    /// Whether this certificate is the one named, by digest and, where they are given, by issuer and
    /// serial number (RFC 5035 §5.4).
    pub(super) fn is(&self, certificate: &Certificate) -> bool {
        let same_issuer = |names: &[GeneralName], serial: &[u8]| {
            let [GeneralName::Directory(issuer)] = names else {
                return false;
            };
            issuer == certificate.issuer() && serial == certificate.serial()
        };
        *self.value == *self.digest.of(certificate.der())
            && self
                .issuer_and_serial
                .as_ref()
                .is_none_or(|(names, serial)| same_issuer(names, serial))
    }
}
