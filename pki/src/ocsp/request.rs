//! What is sent to a responder.

use crate::der::{self, Reader, constructed, element};
use crate::error::Rejection;
use crate::name::Name;
use crate::oid;
use crate::signature::{Digest, KeyInfo};

/// Octets of a nonce: what RFC 9654 §2.1 asks of a client, and the most that responders of RFC 8954
/// take.
pub const NONCE_BYTES: usize = 32;

/// A number used once, so that an old answer cannot stand in for a new one. It is random and comes
/// from whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; NONCE_BYTES]);

/// Which certificate is meant (RFC 6960 §4.1.1): its serial number under the digests of its
/// issuer's name and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    digest: Digest,
    issuer_name: Box<[u8]>,
    issuer_key: Box<[u8]>,
    serial: Box<[u8]>,
}

impl CertId {
    /// The identifier of a certificate. `issuer_name` is the issuer's name as the certificate itself
    /// writes it, `issuer_key` the issuer's key. RFC 5019 responders know SHA-1 alone, which names
    /// here and proves nothing.
    pub fn new(digest: Digest, issuer_name: &Name, issuer_key: &KeyInfo, serial: &[u8]) -> Self {
        Self {
            digest,
            issuer_name: digest.of(issuer_name.der()),
            issuer_key: digest.of(issuer_key.bits()),
            serial: serial.into(),
        }
    }

    /// The digest by which name and key are told.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn read(mut fields: Reader<'_>) -> Result<Self, Rejection> {
        let digest = Digest::read(fields.inside(der::SEQUENCE)?)?;
        let issuer_name = fields.read(der::OCTET_STRING)?;
        let issuer_key = fields.read(der::OCTET_STRING)?;
        let serial = fields.read(der::INTEGER)?;
        fields.end()?;
        Ok(Self {
            digest,
            issuer_name: issuer_name.into(),
            issuer_key: issuer_key.into(),
            serial: serial.into(),
        })
    }

    fn write(&self) -> Vec<u8> {
        let null = element(der::NULL, &[]);
        let algorithm = [element(der::OID, &self.digest.oid()), null].concat();
        let parts = [
            element(der::SEQUENCE, &algorithm),
            element(der::OCTET_STRING, &self.issuer_name),
            element(der::OCTET_STRING, &self.issuer_key),
            element(der::INTEGER, &self.serial),
        ];
        element(der::SEQUENCE, &parts.concat())
    }
}

/// An unsigned request about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which certificate.
    pub id: CertId,
    /// To be sent back; responders that produce their answers in advance ignore it.
    pub nonce: Option<Nonce>,
}

impl Request {
    /// Its DER (RFC 6960 §4.1.1), to be sent as `application/ocsp-request`.
    pub fn der(&self) -> Vec<u8> {
        let list = element(der::SEQUENCE, &element(der::SEQUENCE, &self.id.write()));
        let extensions = self.nonce.map(|Nonce(octets)| {
            let value = element(der::OCTET_STRING, &octets);
            let parts = [
                element(der::OID, oid::OCSP_NONCE),
                element(der::OCTET_STRING, &value),
            ];
            let one = element(der::SEQUENCE, &parts.concat());
            element(constructed(2), &element(der::SEQUENCE, &one))
        });
        let request = [list, extensions.unwrap_or_default()].concat();
        element(der::SEQUENCE, &element(der::SEQUENCE, &request))
    }
}
