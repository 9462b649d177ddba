//! The structure of signed data, read whole, nothing verified.

use super::attributes::SignedAttributes;
use crate::certificate::Certificate;
use crate::der::{self, Reader, constructed, context};
use crate::error::Rejection;
use crate::name::Name;
use crate::signature::{self, Algorithm, Digest};

/// The most octets of a message: certificates of a whole path, time stamps, but no content.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// The most certificates that come along; a path has at most ten.
pub const MAX_CERTIFICATES: usize = 16;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

/// How the signer is named (RFC 5652 §5.3).
#[derive(Clone, Debug)]
pub(super) enum SignerId {
    IssuerAndSerial(Name, Box<[u8]>),
    KeyIdentifier(Box<[u8]>),
}

impl SignerId {
    pub(super) fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial(issuer, serial) => {
                certificate.issuer() == issuer && certificate.serial() == &**serial
            }
            Self::KeyIdentifier(identifier) => {
                certificate.extensions().subject_key_identifier.as_ref() == Some(identifier)
            }
        }
    }
}

/// Detached signed data of one signer. That one exists says that its octets have the form; it proves
/// nothing before [`Self::verify`].
#[derive(Clone, Debug)]
pub struct SignedData {
    pub(super) certificates: Vec<Certificate>,
    pub(super) signer: SignerId,
    pub(super) digest: Digest,
    pub(super) attributes: SignedAttributes,
    pub(super) algorithm: Algorithm,
    pub(super) signature: Box<[u8]>,
}

impl SignedData {
    /// Parses the DER of a `ContentInfo` with signed data inside.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] beyond [`MAX_MESSAGE_BYTES`]; [`Rejection::CmsInBer`] for indefinite
    /// lengths and [`Rejection::DerMalformed`] for other BER; [`Rejection::CmsMalformed`];
    /// [`Rejection::CmsNotSignedData`]; [`Rejection::CmsVersionInvalid`];
    /// [`Rejection::CmsContentNotData`], [`Rejection::CmsContentAttached`];
    /// [`Rejection::CmsCertificatesUnfit`] and why a certificate is none;
    /// [`Rejection::CmsSignerCount`]; [`Rejection::CmsDigestMismatch`] and those of unsupported
    /// algorithms; [`Rejection::CmsSignedAttributesMissing`] and those of single attributes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        check_encoding(bytes)?;
        read(bytes).map_err(malformed)
    }

    /// The certificates that came along, in their order: candidates for a path.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// The certificates of a message that only carries them (`certs-only`, RFC 8551 §3.8), as some
/// authorities publish their own. Signers are not looked at: such certificates are candidates for a
/// path, and trusted in nothing.
///
/// # Errors
/// Those of [`SignedData::parse`] about the frame.
pub fn certificates_only(bytes: &[u8]) -> Result<Vec<Certificate>, Rejection> {
    check_encoding(bytes)?;
    frame(bytes)
        .map(|frame| frame.certificates)
        .map_err(malformed)
}

fn check_encoding(bytes: &[u8]) -> Result<(), Rejection> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(Rejection::TooLarge);
    }
    if bytes.get(1) == Some(&0x80) {
        return Err(Rejection::CmsInBer);
    }
    der::check_strict(bytes)
}

fn malformed(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::DerMalformed => Rejection::CmsMalformed,
        other => other,
    }
}

/// What stands around the signers.
struct Frame<'a> {
    version: u32,
    announced: Reader<'a>,
    certificates: Vec<Certificate>,
    signers: Reader<'a>,
}

/// `ContentInfo` and `SignedData` (RFC 5652 §3, §5.1).
fn frame(bytes: &[u8]) -> Result<Frame<'_>, Rejection> {
    let mut outer = der::only(bytes, der::SEQUENCE)?;
    if outer.read(der::OID)? != SIGNED_DATA {
        return Err(Rejection::CmsNotSignedData);
    }
    let mut explicit = outer.inside(constructed(0))?;
    outer.end()?;
    let mut fields = explicit.inside(der::SEQUENCE)?;
    explicit.end()?;
    let version = der::small(fields.read(der::INTEGER)?)?;
    let announced = fields.inside(der::SET)?;
    content(fields.inside(der::SEQUENCE)?)?;
    let certificates = match fields.optional(constructed(0))? {
        Some(certificates) => self::certificates(certificates)?,
        None => Vec::new(),
    };
    // Lists that come along are not looked at: whoever signs would choose them.
    fields.optional(constructed(1))?;
    let signers = fields.inside(der::SET)?;
    fields.end()?;
    Ok(Frame {
        version,
        announced,
        certificates,
        signers,
    })
}

fn read(bytes: &[u8]) -> Result<SignedData, Rejection> {
    let mut frame = frame(bytes)?;
    let Ok(signer) = frame.signers.inside(der::SEQUENCE) else {
        return Err(Rejection::CmsSignerCount);
    };
    if !frame.signers.is_empty() {
        return Err(Rejection::CmsSignerCount);
    }
    self::signer(signer, frame.version, frame.announced, frame.certificates)
}

/// `EncapsulatedContentInfo` (§5.2): data, and none of it here.
fn content(mut fields: Reader<'_>) -> Result<(), Rejection> {
    if fields.read(der::OID)? != DATA {
        return Err(Rejection::CmsContentNotData);
    }
    if fields.optional(constructed(0))?.is_some() {
        return Err(Rejection::CmsContentAttached);
    }
    fields.end()
}

/// `CertificateSet` (§10.2.3): X.509 certificates alone.
fn certificates(content: &[u8]) -> Result<Vec<Certificate>, Rejection> {
    let mut list = Reader::new(content);
    let mut read = Vec::new();
    while !list.is_empty() {
        let choice = list.any()?;
        if choice.tag != der::SEQUENCE || read.len() == MAX_CERTIFICATES {
            return Err(Rejection::CmsCertificatesUnfit);
        }
        read.push(Certificate::parse(choice.raw)?);
    }
    Ok(Certificate::distinct(read))
}

/// `SignerInfo` (§5.3).
fn signer(
    mut fields: Reader<'_>,
    outer_version: u32,
    announced: Reader<'_>,
    certificates: Vec<Certificate>,
) -> Result<SignedData, Rejection> {
    let version = der::small(fields.read(der::INTEGER)?)?;
    let identifier = fields.any()?;
    let (signer, expected) = if identifier.tag == der::SEQUENCE {
        let mut parts = Reader::new(identifier.content);
        let issuer = Name::parse(parts.any()?.raw)?;
        let serial = parts.read(der::INTEGER)?.into();
        parts.end()?;
        (SignerId::IssuerAndSerial(issuer, serial), 1)
    } else if identifier.tag == context(0) {
        (SignerId::KeyIdentifier(identifier.content.into()), 3)
    } else {
        return Err(Rejection::CmsMalformed);
    };
    // Data signed by X.509 certificates: the version of the whole is that of its one signer (§5.1).
    if version != expected || outer_version != version {
        return Err(Rejection::CmsVersionInvalid);
    }
    let digest = digest(fields.inside(der::SEQUENCE)?, announced)?;
    let attributes = fields
        .optional(constructed(0))?
        .ok_or(Rejection::CmsSignedAttributesMissing)?;
    let attributes = SignedAttributes::read(attributes)?;
    let algorithm = algorithm(fields.inside(der::SEQUENCE)?, digest)?;
    let signature = fields.read(der::OCTET_STRING)?.into();
    fields.optional(constructed(1))?;
    fields.end()?;
    Ok(SignedData {
        certificates,
        signer,
        digest,
        attributes,
        algorithm,
        signature,
    })
}

/// The signer's digest, which is announced and no SHA-1.
fn digest(signers: Reader<'_>, mut announced: Reader<'_>) -> Result<Digest, Rejection> {
    let digest = Digest::read(signers)?;
    if digest == Digest::Sha1 {
        return Err(Rejection::AlgorithmWeak);
    }
    let mut is_announced = false;
    while !announced.is_empty() {
        let one = announced.inside(der::SEQUENCE)?;
        is_announced |= Digest::read(one) == Ok(digest);
    }
    is_announced
        .then_some(digest)
        .ok_or(Rejection::CmsDigestMismatch)
}

/// The signature's algorithm: one that names its digest, which is the signer's, or `rsaEncryption`,
/// which leaves it to the signer's (RFC 3370 §3.2).
fn algorithm(fields: Reader<'_>, digest: Digest) -> Result<Algorithm, Rejection> {
    let mut ahead = fields;
    if ahead.read(der::OID)? == RSA_ENCRYPTION {
        der::absent_or_null(ahead)?;
        return Ok(Algorithm::RsaPkcs1(digest));
    }
    let algorithm = signature::algorithm(fields)?;
    match algorithm.digest() {
        None => Err(Rejection::AlgorithmUnsupported),
        Some(Digest::Sha1) => Err(Rejection::AlgorithmWeak),
        Some(same) if same == digest => Ok(algorithm),
        Some(_) => Err(Rejection::CmsDigestMismatch),
    }
}
