//! Answers about the status of certificates (RFC 6960), right or wrong as asked.

use super::authority::Authority;
use super::encode::{
    big_number, bits, element, explicit, extension, generalized_time, octets, oid, sequence,
};
use super::key::{Key, digest_identifier};
use crate::{Certificate, Digest, KeyInfo, Time};

/// How the answer names its signer.
#[derive(Clone, Debug)]
pub enum ResponderId {
    /// The DER of a name.
    Name(Vec<u8>),
    /// The SHA-1 of a key.
    KeyHash(Vec<u8>),
}

impl ResponderId {
    /// By the subject of a certificate.
    pub fn name_of(certificate: &Certificate) -> Self {
        Self::Name(certificate.subject().der().to_vec())
    }

    /// By the key of a certificate.
    pub fn key_of(certificate: &Certificate) -> Self {
        Self::KeyHash(Digest::Sha1.of(certificate.key().bits()).to_vec())
    }
}

/// What is said of one certificate.
#[derive(Clone, Debug)]
pub enum StatusTemplate {
    /// Not revoked.
    Good,
    /// Revoked then, for this reason.
    Revoked(Time, Option<u8>),
    /// The responder does not know it.
    Unknown,
}

/// One answer about one certificate.
#[derive(Clone, Debug)]
pub struct SingleTemplate {
    /// The digest of the certificate's identifier.
    pub digest: Digest,
    /// The DER of the issuer's name.
    pub issuer_name: Vec<u8>,
    /// The octets of the issuer's key.
    pub issuer_key: Vec<u8>,
    /// Octets of the serial number.
    pub serial: Vec<u8>,
    /// What is said.
    pub status: StatusTemplate,
    /// Known to be so.
    pub this_update: Time,
    /// News come by then.
    pub next_update: Option<Time>,
    /// Whole extensions.
    pub extensions: Vec<Vec<u8>>,
}

impl SingleTemplate {
    /// A certificate of an authority is good, known since an hour, news in a day.
    pub fn good(authority: &Authority, certificate: &Certificate) -> Self {
        let key = KeyInfo::parse(&authority.key.spki()).unwrap();
        Self {
            digest: Digest::Sha1,
            issuer_name: authority.name.der(),
            issuer_key: key.bits().to_vec(),
            serial: certificate.serial().to_vec(),
            status: StatusTemplate::Good,
            this_update: authority.now.plus(-3600),
            next_update: Some(authority.now.plus(86_400)),
            extensions: Vec::new(),
        }
    }

    fn der(&self) -> Vec<u8> {
        let id = sequence(&[
            digest_identifier(self.digest),
            octets(&self.digest.of(&self.issuer_name)),
            octets(&self.digest.of(&self.issuer_key)),
            big_number(&self.serial),
        ]);
        let status = match &self.status {
            StatusTemplate::Good => element(0x80, &[]),
            StatusTemplate::Unknown => element(0x82, &[]),
            StatusTemplate::Revoked(at, reason) => {
                let reason = reason.map(|code| explicit(0, &element(0x0a, &[code])));
                explicit(
                    1,
                    &[generalized_time(*at), reason.unwrap_or_default()].concat(),
                )
            }
        };
        let next = self
            .next_update
            .map(|next| explicit(0, &generalized_time(next)));
        sequence(&[
            id,
            status,
            generalized_time(self.this_update),
            next.unwrap_or_default(),
            extensions(&self.extensions),
        ])
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct ResponseTemplate {
    /// `responseStatus`.
    pub status: u8,
    /// `responseType`, with dots.
    pub kind: String,
    /// Who signs.
    pub responder: ResponderId,
    /// When.
    pub produced_at: Time,
    /// What is said.
    pub singles: Vec<SingleTemplate>,
    /// The nonce that comes back.
    pub nonce: Option<Vec<u8>>,
    /// More whole extensions.
    pub extensions: Vec<Vec<u8>>,
    /// Certificates that come along.
    pub certificates: Vec<Vec<u8>>,
}

impl ResponseTemplate {
    /// A successful answer, produced a minute ago.
    pub fn new(responder: ResponderId, singles: Vec<SingleTemplate>, now: Time) -> Self {
        Self {
            status: 0,
            kind: "1.3.6.1.5.5.7.48.1.1".to_owned(),
            responder,
            produced_at: now.plus(-60),
            singles,
            nonce: None,
            extensions: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// Signs it: its DER.
    pub fn sign(&self, key: &Key) -> Vec<u8> {
        let responder = match &self.responder {
            ResponderId::Name(name) => explicit(1, name),
            ResponderId::KeyHash(hash) => explicit(2, &octets(hash)),
        };
        let mut listed = self.extensions.clone();
        if let Some(nonce) = &self.nonce {
            listed.push(extension("1.3.6.1.5.5.7.48.1.2", false, &octets(nonce)));
        }
        let singles: Vec<Vec<u8>> = self.singles.iter().map(SingleTemplate::der).collect();
        let data = sequence(&[
            responder,
            generalized_time(self.produced_at),
            sequence(&singles),
            extensions(&listed),
        ]);
        let scheme = key.scheme();
        let signature = bits(&key.sign(scheme, &data));
        let certificates = if self.certificates.is_empty() {
            Vec::new()
        } else {
            explicit(0, &sequence(&self.certificates))
        };
        let basic = sequence(&[data, scheme.identifier(), signature, certificates]);
        let inside = sequence(&[oid(&self.kind), octets(&basic)]);
        sequence(&[element(0x0a, &[self.status]), explicit(0, &inside)])
    }

    /// A refusal: a status and nothing else.
    pub fn refusal(status: u8) -> Vec<u8> {
        sequence(&[element(0x0a, &[status])])
    }
}

fn extensions(listed: &[Vec<u8>]) -> Vec<u8> {
    if listed.is_empty() {
        Vec::new()
    } else {
        explicit(1, &sequence(listed))
    }
}
