//! Signed data (RFC 5652), right or wrong as asked.

use super::encode::{
    element, explicit, generalized_time, number, octets, oid, sequence, set, wrap,
};
use super::key::{Key, Scheme, digest_identifier};
use crate::{Certificate, Digest, Time};

const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// Attributes as whole elements, made one by one.
pub struct Attributes;

impl Attributes {
    /// An attribute of any type with any values.
    pub fn attribute(kind: &str, values: &[Vec<u8>]) -> Vec<u8> {
        sequence(&[oid(kind), set(values)])
    }

    /// `content-type`.
    pub fn content_type(kind: &str) -> Vec<u8> {
        Self::attribute(CONTENT_TYPE, &[oid(kind)])
    }

    /// `message-digest` of some content.
    pub fn message_digest(digest: Digest, content: &[u8]) -> Vec<u8> {
        Self::attribute(MESSAGE_DIGEST, &[octets(&digest.of(content))])
    }

    /// `signing-time`.
    pub fn signing_time(time: Time) -> Vec<u8> {
        Self::attribute(SIGNING_TIME, &[super::encode::time(time)])
    }

    /// `signing-time` in the form for years from 2050.
    pub fn signing_time_generalized(time: Time) -> Vec<u8> {
        Self::attribute(SIGNING_TIME, &[generalized_time(time)])
    }

    /// `signing-certificate-v2` naming a certificate by its digest, and by issuer and serial number
    /// if asked.
    pub fn signing_certificate(digest: Digest, of: &Certificate, with_serial: bool) -> Vec<u8> {
        let algorithm = match digest {
            // The default, which DER leaves out.
            Digest::Sha256 => Vec::new(),
            other => digest_identifier(other),
        };
        let serial = if with_serial {
            let names = sequence(&[explicit(4, of.issuer().der())]);
            sequence(&[names, element(0x02, of.serial())])
        } else {
            Vec::new()
        };
        let named = sequence(&[algorithm, octets(&digest.of(of.der())), serial]);
        let value = sequence(&[sequence(&[named])]);
        Self::attribute(SIGNING_CERTIFICATE_V2, &[value])
    }

    /// The three that are required, for some content and a certificate.
    pub fn required(digest: Digest, content: &[u8], certificate: &Certificate) -> Vec<Vec<u8>> {
        vec![
            Self::content_type(DATA),
            Self::message_digest(digest, content),
            Self::signing_certificate(Digest::Sha256, certificate, true),
        ]
    }
}

/// Detached signed data with one signer.
#[derive(Clone, Debug)]
pub struct SignedDataTemplate {
    /// What is signed.
    pub content: Vec<u8>,
    /// How.
    pub scheme: Scheme,
    /// The signer's digest algorithm.
    pub digest: Digest,
    /// Whole identifiers of the digests that are announced.
    pub announced: Vec<Vec<u8>>,
    /// The whole identifier of the signature algorithm.
    pub algorithm: Vec<u8>,
    /// Whole signed attributes; without any the content itself is signed.
    pub attributes: Vec<Vec<u8>>,
    /// The whole identifier of the signer.
    pub signer: Vec<u8>,
    /// The content type inside.
    pub content_kind: String,
    /// The content type outside.
    pub kind: String,
    /// Whether the content comes along.
    pub attached: bool,
    /// Certificates that come along.
    pub certificates: Vec<Vec<u8>>,
    /// Version of the whole, and of the signer.
    pub versions: (u64, u64),
    /// How many signers; all the same.
    pub signers: usize,
    /// Whole unsigned attributes.
    pub unsigned: Vec<Vec<u8>>,
    /// Leave the signed attributes in the order in which they are.
    pub unsorted: bool,
}

impl SignedDataTemplate {
    /// As it should be.
    pub fn new(content: &[u8], certificate: &Certificate, scheme: Scheme) -> Self {
        let digest = match scheme {
            Scheme::RsaPkcs1(digest) | Scheme::RsaPss(digest) | Scheme::Ecdsa(digest) => digest,
            Scheme::Ed25519 => Digest::Sha512,
        };
        Self {
            content: content.to_vec(),
            scheme,
            digest,
            announced: vec![digest_identifier(digest)],
            algorithm: scheme.identifier(),
            attributes: Attributes::required(digest, content, certificate),
            signer: sequence(&[
                certificate.issuer().der().to_vec(),
                element(0x02, certificate.serial()),
            ]),
            content_kind: DATA.to_owned(),
            kind: SIGNED_DATA.to_owned(),
            attached: false,
            certificates: vec![certificate.der().to_vec()],
            versions: (1, 1),
            signers: 1,
            unsigned: Vec::new(),
            unsorted: false,
        }
    }

    /// The signer named by `subjectKeyIdentifier`.
    #[must_use]
    pub fn signer_by_key(mut self, identifier: &[u8]) -> Self {
        self.signer = element(0x80, identifier);
        self.versions = (3, 3);
        self
    }

    /// Signs: the DER of the whole message.
    pub fn sign(&self, key: &Key) -> Vec<u8> {
        let signature = if self.attributes.is_empty() {
            key.sign(self.scheme, &self.content)
        } else {
            key.sign(self.scheme, &set(&self.attributes))
        };
        self.with_signature(&signature)
    }

    /// The whole message around a signature made elsewhere.
    pub fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let in_order = |tag: u8, attributes: &[Vec<u8>]| {
            let mut attributes = attributes.to_vec();
            if !self.unsorted {
                attributes.sort();
            }
            if attributes.is_empty() {
                Vec::new()
            } else {
                wrap(tag, &attributes)
            }
        };
        let signer = sequence(&[
            number(self.versions.1),
            self.signer.clone(),
            digest_identifier(self.digest),
            in_order(0xa0, &self.attributes),
            self.algorithm.clone(),
            octets(signature),
            in_order(0xa1, &self.unsigned),
        ]);
        let content = if self.attached {
            explicit(0, &octets(&self.content))
        } else {
            Vec::new()
        };
        let mut certificates = self.certificates.clone();
        certificates.sort();
        let certificates = if certificates.is_empty() {
            Vec::new()
        } else {
            wrap(0xa0, &certificates)
        };
        let data = sequence(&[
            number(self.versions.0),
            set(&self.announced),
            sequence(&[oid(&self.content_kind), content]),
            certificates,
            set(&vec![signer; self.signers]),
        ]);
        sequence(&[oid(&self.kind), explicit(0, &data)])
    }
}
