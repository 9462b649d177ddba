//! Authorities, and what they certify.

use super::encode::{bits, element, explicit, extension, number, oid, sequence, time, yes};
use super::key::{Key, Scheme};
use super::subject::Subject;
use crate::path::TrustAnchor;
use crate::{Certificate, Digest, Time};

const YEAR: i64 = 365 * 86_400;

/// What is to be certified.
#[derive(Clone, Debug)]
pub struct Template {
    /// Of whom.
    pub subject: Subject,
    /// Octets of the serial number.
    pub serial: Vec<u8>,
    /// Valid from.
    pub not_before: Time,
    /// Valid until.
    pub not_after: Time,
    /// Whole extensions, in their order.
    pub extensions: Vec<Vec<u8>>,
}

impl Template {
    /// An end entity that signs (key usage `digitalSignature`), valid for a year around `now`.
    pub fn person(subject: Subject, now: Time) -> Self {
        Self {
            subject,
            serial: vec![0x54, 1],
            not_before: now.plus(-YEAR / 2),
            not_after: now.plus(YEAR / 2),
            extensions: vec![key_usage(&[7, 0x80])],
        }
    }

    /// A responder for answers about status: `OCSPSigning`, and `ocsp-nocheck` if asked.
    pub fn responder(name: &str, now: Time, no_check: bool) -> Self {
        let mut template = Self::person(Subject::named(name), now);
        template
            .extensions
            .push(extended_key_usage(&["1.3.6.1.5.5.7.3.9"]));
        if no_check {
            let null = element(0x05, &[]);
            template
                .extensions
                .push(extension("1.3.6.1.5.5.7.48.1.5", false, &null));
        }
        template
    }

    /// With this serial number.
    #[must_use]
    pub fn serial(mut self, serial: &[u8]) -> Self {
        self.serial = serial.to_vec();
        self
    }

    /// Naming a responder.
    #[must_use]
    pub fn asked_at(self, address: &str) -> Self {
        let at = element(0x86, address.as_bytes());
        let one = sequence(&[oid("1.3.6.1.5.5.7.48.1"), at]);
        self.extension(extension("1.3.6.1.5.5.7.1.1", false, &sequence(&[one])))
    }

    /// Naming a revocation list, at one place or several.
    #[must_use]
    pub fn listed_at(self, addresses: &[&str]) -> Self {
        let names = addresses.iter().map(|at| element(0x86, at.as_bytes()));
        let names = explicit(0, &names.collect::<Vec<_>>().concat());
        let point = sequence(&[explicit(0, &names)]);
        self.extension(extension("2.5.29.31", false, &sequence(&[point])))
    }

    /// With one more extension.
    #[must_use]
    pub fn extension(mut self, whole: Vec<u8>) -> Self {
        self.extensions.push(whole);
        self
    }
}

/// An authority: a name, a key, and the certificate that says so.
pub struct Authority {
    /// Its name.
    pub name: Subject,
    /// Its key.
    pub key: Key,
    /// The DER of its certificate.
    pub certificate: Vec<u8>,
    /// Around when everything of it is valid.
    pub now: Time,
}

impl Authority {
    /// A root that certifies itself for ten years around `now`.
    pub fn root(name: &str, key: Key, now: Time) -> Self {
        let name = Subject::named(name);
        let template = authority_template(&name, now);
        let certificate = certify(&template, &key.spki(), &name, &key);
        Self {
            name,
            key,
            certificate,
            now,
        }
    }

    /// An authority below this one.
    pub fn below(&self, name: &str, key: Key) -> Self {
        let name = Subject::named(name);
        let template = authority_template(&name, self.now);
        let certificate = certify(&template, &key.spki(), &self.name, &self.key);
        Self {
            name,
            key,
            certificate,
            now: self.now,
        }
    }

    /// Certifies a key: the DER of a certificate.
    pub fn issue(&self, template: &Template, key: &Key) -> Vec<u8> {
        certify(template, &key.spki(), &self.name, &self.key)
    }

    /// Certifies a person who signs, parsed.
    pub fn person(&self, subject: Subject, key: &Key) -> Certificate {
        let der = self.issue(&Template::person(subject, self.now), key);
        Certificate::parse(&der).unwrap()
    }

    /// Its own certificate, parsed.
    pub fn parsed(&self) -> Certificate {
        Certificate::parse(&self.certificate).unwrap()
    }

    /// It as a trust anchor.
    pub fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_certificate(&self.parsed())
    }
}

/// The `keyUsage` extension, critical; the content of its BIT STRING.
pub(crate) fn key_usage(content: &[u8]) -> Vec<u8> {
    extension("2.5.29.15", true, &element(0x03, content))
}

/// The `extendedKeyUsage` extension, not critical.
pub(crate) fn extended_key_usage(purposes: &[&str]) -> Vec<u8> {
    let purposes: Vec<Vec<u8>> = purposes.iter().map(|purpose| oid(purpose)).collect();
    extension("2.5.29.37", false, &sequence(&purposes))
}

fn authority_template(name: &Subject, now: Time) -> Template {
    Template {
        subject: name.clone(),
        // Long as real ones are, and always the same for a name.
        serial: [&[0x54][..], &Digest::Sha1.of(&name.der())[..16]].concat(),
        not_before: now.plus(-5 * YEAR),
        not_after: now.plus(5 * YEAR),
        extensions: vec![
            extension("2.5.29.19", true, &sequence(&[yes()])),
            key_usage(&[1, 0x06]),
        ],
    }
}

fn certify(template: &Template, spki: &[u8], issuer: &Subject, key: &Key) -> Vec<u8> {
    let scheme = key.scheme();
    let extensions = if template.extensions.is_empty() {
        Vec::new()
    } else {
        explicit(3, &sequence(&template.extensions))
    };
    let version = if extensions.is_empty() {
        Vec::new()
    } else {
        explicit(0, &number(2))
    };
    let tbs = sequence(&[
        version,
        element(0x02, &template.serial),
        scheme.identifier(),
        issuer.der(),
        sequence(&[time(template.not_before), time(template.not_after)]),
        template.subject.der(),
        spki.to_vec(),
        extensions,
    ]);
    signed(tbs, scheme, key)
}

/// `SEQUENCE { tbs, algorithm, signature }`.
pub(super) fn signed(tbs: Vec<u8>, scheme: Scheme, key: &Key) -> Vec<u8> {
    let signature = bits(&key.sign(scheme, &tbs));
    sequence(&[tbs, scheme.identifier(), signature])
}
