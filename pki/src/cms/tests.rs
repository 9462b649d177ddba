//! Messages by a test authority: right ones, and each way in which one can be wrong.

use std::sync::OnceLock;

use super::*;
use crate::path::{self, PathRules};
use crate::test_ca::encode::{
    element, explicit, extension, null, number, octets, oid, sequence, set, utf8,
};
use crate::test_ca::{
    Attributes, Authority, Key, Scheme, SignedDataTemplate, Subject, Template, digest_identifier,
    pss,
};
use crate::{Algorithm, Budget, Certificate, Curve, Digest, Rejection, Time};

/// 2026-01-01T00:00:00Z.
const NOW: Time = Time::from_seconds(1_767_225_600);
const CONTENT: &[u8] = b"the octets of a challenge";
const KEY_IDENTIFIER: &[u8] = &[0xa5; 20];
const PKCS1: Scheme = Scheme::RsaPkcs1(Digest::Sha256);

/// A person with an RSA key.
struct Person {
    key: Key,
    issuer: Authority,
    certificate: Certificate,
}

fn certify(issuer: &Authority, key: &Key, serial: u8) -> Certificate {
    let subject = Subject::person("Lê Thị Hồng", &["CCCD:001185000002"]);
    let identifier = extension("2.5.29.14", false, &octets(KEY_IDENTIFIER));
    let template = Template::person(subject, NOW).serial(&[serial]);
    Certificate::parse(&issuer.issue(&template.extension(identifier), key)).unwrap()
}

fn person() -> &'static Person {
    static PERSON: OnceLock<Person> = OnceLock::new();
    PERSON.get_or_init(|| {
        let issuer = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let key = Key::rsa(2048);
        let certificate = certify(&issuer, &key, 7);
        Person {
            key,
            issuer,
            certificate,
        }
    })
}

fn template() -> SignedDataTemplate {
    SignedDataTemplate::new(CONTENT, &person().certificate, PKCS1)
}

fn judge(der: &[u8]) -> Result<Signature, Rejection> {
    SignedData::parse(der)?.verify(CONTENT, &[], &mut Budget::default())
}

/// What is wrong with a template after a change.
fn wrong(change: impl FnOnce(&mut SignedDataTemplate)) -> Option<Rejection> {
    let mut template = template();
    change(&mut template);
    judge(&template.sign(&person().key)).err()
}

#[test]
fn every_allowed_algorithm_signs() {
    let ec = |curve, digest| (Key::on(curve, digest), Scheme::Ecdsa(digest));
    let mut cases = vec![
        ec(Curve::P256, Digest::Sha256),
        ec(Curve::P384, Digest::Sha384),
        ec(Curve::P521, Digest::Sha256),
        ec(Curve::P521, Digest::Sha384),
        ec(Curve::P521, Digest::Sha512),
    ];
    let rsa = std::iter::repeat_with(|| Key::rsa(2048));
    let digests = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
    cases.extend(rsa.zip(digests.map(Scheme::RsaPkcs1)));
    cases.push((Key::rsa(3072), Scheme::RsaPss(Digest::Sha256)));
    for (key, scheme) in cases {
        let certificate = certify(&person().issuer, &key, 7);
        let mut template = SignedDataTemplate::new(CONTENT, &certificate, scheme);
        template.attributes.push(Attributes::signing_time(NOW));
        let signature = judge(&template.sign(&key)).unwrap();
        assert_eq!(signature.certificate(), &certificate);
        assert_eq!(signature.signing_time(), Some(NOW));
        let expected = match scheme {
            Scheme::RsaPkcs1(digest) => Algorithm::RsaPkcs1(digest),
            Scheme::RsaPss(digest) => Algorithm::RsaPss(digest),
            Scheme::Ecdsa(digest) => Algorithm::Ecdsa(digest),
            Scheme::Ed25519 => Algorithm::Ed25519,
        };
        assert_eq!(signature.algorithm(), expected);
    }
}

#[test]
fn what_real_signers_do_is_accepted() {
    let person = person();
    let accepted = |change: &dyn Fn(&mut SignedDataTemplate)| assert_eq!(wrong(change), None);
    accepted(&|_| {});
    // The algorithm says RSA alone, and the digest stands beside it.
    accepted(&|t| t.algorithm = sequence(&[oid("1.2.840.113549.1.1.1"), null()]));
    accepted(&|t| *t = t.clone().signer_by_key(KEY_IDENTIFIER));
    // Attributes in the order in which the signer thought of them, signed in DER's.
    accepted(&|t| {
        t.attributes.reverse();
        t.unsorted = true;
    });
    accepted(&|t| t.announced.insert(0, digest_identifier(Digest::Sha512)));
    accepted(&|t| {
        t.attributes
            .push(Attributes::attribute("1.2.3.4", &[utf8("x")]));
    });
    // Unsigned attributes say nothing, whatever they say.
    let time = Attributes::attribute("1.2.840.113549.1.9.16.2.14", &[octets(b"no time stamp")]);
    accepted(&|t| t.unsigned = vec![time.clone(), time.clone()]);
    for (digest, with_serial) in [(Digest::Sha256, false), (Digest::Sha512, true)] {
        accepted(&|t| {
            t.attributes[2] =
                Attributes::signing_certificate(digest, &person.certificate, with_serial);
        });
    }
    // A signing time that is none is no signing time.
    let local = Attributes::attribute("1.2.840.113549.1.9.5", &[element(0x17, b"2601010000+0700")]);
    let mut odd = template();
    odd.attributes.push(local);
    assert_eq!(judge(&odd.sign(&person.key)).unwrap().signing_time(), None);
    let mut late = template();
    late.attributes
        .push(Attributes::signing_time_generalized(NOW));
    assert_eq!(
        judge(&late.sign(&person.key)).unwrap().signing_time(),
        Some(NOW)
    );
}

#[test]
fn certificates_that_come_along_lead_to_an_anchor() {
    let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
    let between = root.below("CA công vụ thử nghiệm", Key::p256());
    let key = Key::p256();
    let certificate = certify(&between, &key, 9);
    let scheme = Scheme::Ecdsa(Digest::Sha256);
    let mut template = SignedDataTemplate::new(CONTENT, &certificate, scheme);
    template.certificates.push(between.certificate.clone());
    template.certificates.push(root.certificate.clone());
    let mut budget = Budget::default();
    let signed = SignedData::parse(&template.sign(&key)).unwrap();
    assert_eq!(signed.certificates().len(), 3);
    let signature = signed.verify(CONTENT, &[], &mut budget).unwrap();
    assert_eq!(signature.others().len(), 2);
    let (anchors, rules) = ([root.anchor()], PathRules::at(NOW));
    let end = signature.certificate();
    let found = path::find(end, signature.others(), &anchors, &rules, &mut budget).unwrap();
    assert_eq!(found.certificates().len(), 2);
    let spent = signed.verify(CONTENT, &[], &mut Budget::new(0, 0));
    assert_eq!(spent.err(), Some(Rejection::BudgetSpent));
}

#[test]
fn messages_that_only_carry_certificates_are_read_as_such() {
    let mut template = template();
    template.signers = 0;
    template.announced.clear();
    template
        .certificates
        .push(person().issuer.certificate.clone());
    let carrier = template.with_signature(&[]);
    let mut carried = certificates_only(&carrier).unwrap();
    carried.sort_by_key(Certificate::is_self_issued);
    assert_eq!(
        carried,
        [person().certificate.clone(), person().issuer.parsed()]
    );
    template.certificates.push(sequence(&[number(1)]));
    let broken = certificates_only(&template.with_signature(&[]));
    assert_eq!(broken.err(), Some(Rejection::CertificateMalformed));
    assert_eq!(
        certificates_only(&[0x30, 0x80]).err(),
        Some(Rejection::CmsInBer)
    );
    let other = sequence(&[oid("1.2.840.113549.1.7.1")]);
    assert_eq!(
        certificates_only(&other).err(),
        Some(Rejection::CmsNotSignedData)
    );
}

/// A change to the template.
type Change = fn(&mut SignedDataTemplate);

fn refused(cases: &[(&str, Rejection, Change)]) {
    for (what, why, change) in cases {
        assert_eq!(wrong(change), Some(*why), "{what}");
    }
}

#[test]
fn the_frame_is_that_of_one_detached_signature() {
    refused(&[
        ("digested data", Rejection::CmsNotSignedData, |t| {
            t.kind = "1.2.840.113549.1.7.5".to_owned();
        }),
        ("enveloped data", Rejection::CmsNotSignedData, |t| {
            t.kind = "1.2.840.113549.1.7.3".to_owned();
        }),
        ("content comes along", Rejection::CmsContentAttached, |t| {
            t.attached = true;
        }),
        (
            "content is a time stamp",
            Rejection::CmsContentNotData,
            |t| {
                t.content_kind = "1.2.840.113549.1.9.16.1.4".to_owned();
            },
        ),
        (
            "content is signed data",
            Rejection::CmsContentNotData,
            |t| {
                t.content_kind = "1.2.840.113549.1.7.2".to_owned();
            },
        ),
        ("no signer", Rejection::CmsSignerCount, |t| t.signers = 0),
        ("two signers", Rejection::CmsSignerCount, |t| t.signers = 2),
        ("version 0", Rejection::CmsVersionInvalid, |t| {
            t.versions = (0, 0);
        }),
        (
            "version 3 for a serial number",
            Rejection::CmsVersionInvalid,
            |t| t.versions = (3, 3),
        ),
        ("versions differ", Rejection::CmsVersionInvalid, |t| {
            t.versions = (3, 1);
        }),
        (
            "version 1 for a key identifier",
            Rejection::CmsVersionInvalid,
            |t| {
                *t = t.clone().signer_by_key(KEY_IDENTIFIER);
                t.versions = (1, 1);
            },
        ),
        (
            "an attribute certificate",
            Rejection::CmsCertificatesUnfit,
            |t| {
                t.certificates.push(element(0xa2, &[5, 0]));
            },
        ),
        (
            "too many certificates",
            Rejection::CmsCertificatesUnfit,
            |t| {
                t.certificates = vec![t.certificates[0].clone(); MAX_CERTIFICATES + 1];
            },
        ),
        (
            "a certificate that is none",
            Rejection::CertificateMalformed,
            |t| {
                t.certificates.push(sequence(&[number(1)]));
            },
        ),
        (
            "a signer named by something else",
            Rejection::CmsMalformed,
            |t| {
                t.signer = utf8("Lê Thị Hồng");
            },
        ),
    ]);
}

#[test]
fn signed_attributes_are_exactly_those_required() {
    refused(&[
        ("none", Rejection::CmsSignedAttributesMissing, |t| {
            t.attributes.clear();
        }),
        ("no content-type", Rejection::CmsContentTypeMissing, |t| {
            t.attributes.remove(0);
        }),
        (
            "no message-digest",
            Rejection::CmsMessageDigestMissing,
            |t| {
                t.attributes.remove(1);
            },
        ),
        (
            "no signing-certificate-v2",
            Rejection::CmsSigningCertificateMissing,
            |t| {
                t.attributes.remove(2);
            },
        ),
        ("content-type twice", Rejection::CmsAttributeRepeated, |t| {
            t.attributes.push(t.attributes[0].clone());
        }),
        (
            "message-digest twice",
            Rejection::CmsAttributeRepeated,
            |t| {
                t.attributes
                    .push(Attributes::message_digest(Digest::Sha256, b"other"));
            },
        ),
        (
            "signing-certificate-v2 twice",
            Rejection::CmsAttributeRepeated,
            |t| {
                t.attributes.push(t.attributes[2].clone());
            },
        ),
        (
            "an unknown one twice",
            Rejection::CmsAttributeRepeated,
            |t| {
                let unknown = Attributes::attribute("1.2.3.4", &[null()]);
                t.attributes.extend([unknown.clone(), unknown]);
            },
        ),
        (
            "content-type of no value",
            Rejection::CmsAttributeRepeated,
            |t| {
                t.attributes[0] = Attributes::attribute("1.2.840.113549.1.9.3", &[]);
            },
        ),
        (
            "content-type of two values",
            Rejection::CmsAttributeRepeated,
            |t| {
                let values = [oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.2")];
                t.attributes[0] = Attributes::attribute("1.2.840.113549.1.9.3", &values);
            },
        ),
        (
            "message-digest of two values",
            Rejection::CmsAttributeRepeated,
            |t| {
                let right = octets(&Digest::Sha256.of(CONTENT));
                let values = [right, octets(&[0; 32])];
                t.attributes[1] = Attributes::attribute("1.2.840.113549.1.9.4", &values);
            },
        ),
        (
            "signing-time of two values",
            Rejection::CmsAttributeRepeated,
            |t| {
                let times = [
                    element(0x17, b"260101000000Z"),
                    element(0x17, b"260101000001Z"),
                ];
                t.attributes
                    .push(Attributes::attribute("1.2.840.113549.1.9.5", &times));
            },
        ),
        (
            "content-type names other content",
            Rejection::CmsContentTypeWrong,
            |t| {
                t.attributes[0] = Attributes::content_type("1.2.840.113549.1.9.16.1.4");
            },
        ),
        (
            "content-type is no identifier",
            Rejection::CmsMalformed,
            |t| {
                t.attributes[0] = Attributes::attribute("1.2.840.113549.1.9.3", &[utf8("data")]);
            },
        ),
        (
            "message-digest is no octets",
            Rejection::CmsMalformed,
            |t| {
                t.attributes[1] = Attributes::attribute("1.2.840.113549.1.9.4", &[number(5)]);
            },
        ),
        ("an attribute that is none", Rejection::CmsMalformed, |t| {
            t.attributes.push(null());
        }),
        (
            "an attribute with something left over",
            Rejection::CmsMalformed,
            |t| {
                t.attributes
                    .push(sequence(&[oid("1.2.3.4"), set(&[null()]), null()]));
            },
        ),
        ("too many of them", Rejection::CmsMalformed, |t| {
            let more = |n: usize| Attributes::attribute(&format!("1.2.3.{n}"), &[null()]);
            t.attributes.extend((0..32).map(more));
        }),
    ]);
}

#[test]
fn the_content_is_the_one_that_was_asked_about() {
    refused(&[
        (
            "a digest of other content",
            Rejection::CmsMessageDigestWrong,
            |t| {
                t.attributes[1] = Attributes::message_digest(Digest::Sha256, b"other");
            },
        ),
        (
            "a digest by another algorithm",
            Rejection::CmsMessageDigestWrong,
            |t| {
                t.attributes[1] = Attributes::message_digest(Digest::Sha512, CONTENT);
            },
        ),
        (
            "a digest cut short",
            Rejection::CmsMessageDigestWrong,
            |t| {
                let cut = octets(&Digest::Sha256.of(CONTENT)[..31]);
                t.attributes[1] = Attributes::attribute("1.2.840.113549.1.9.4", &[cut]);
            },
        ),
        (
            "a digest of nothing",
            Rejection::CmsMessageDigestWrong,
            |t| {
                t.attributes[1] = Attributes::attribute("1.2.840.113549.1.9.4", &[octets(&[])]);
            },
        ),
    ]);
    let der = template().sign(&person().key);
    let other = SignedData::parse(&der).unwrap();
    let other = other.verify(b"other content", &[], &mut Budget::default());
    assert_eq!(other.err(), Some(Rejection::CmsMessageDigestWrong));
}

#[test]
fn the_certificate_used_is_the_one_that_is_signed() {
    let person = person();
    // The same key under another serial number; another person's certificate.
    let again = certify(&person.issuer, &person.key, 8);
    let names = |digest, certificate: &Certificate, with_serial| {
        Attributes::signing_certificate(digest, certificate, with_serial)
    };
    let wrong_one = Some(Rejection::CmsSigningCertificateWrong);
    for (digest, with_serial) in [(Digest::Sha256, true), (Digest::Sha512, false)] {
        let attribute = names(digest, &again, with_serial);
        assert_eq!(wrong(|t| t.attributes[2] = attribute), wrong_one);
    }
    // Swapped after signing: everything still verifies but the attribute.
    let mut swapped = template();
    swapped.signer = sequence(&[again.issuer().der().to_vec(), element(2, again.serial())]);
    swapped.certificates = vec![again.der().to_vec()];
    assert_eq!(judge(&swapped.sign(&person.key)).err(), wrong_one);
    // The right digest beside another serial number, and beside another issuer.
    let digest = octets(&Digest::Sha256.of(person.certificate.der()));
    let with = |issuer: Vec<u8>, serial: &[u8]| {
        let both = sequence(&[sequence(&[issuer]), element(2, serial)]);
        let value = sequence(&[sequence(&[sequence(&[digest.clone(), both])])]);
        let attribute = Attributes::attribute("1.2.840.113549.1.9.16.2.47", &[value]);
        wrong(|t| t.attributes[2] = attribute)
    };
    let issuer = explicit(4, person.certificate.issuer().der());
    assert_eq!(with(issuer.clone(), &[7]), None);
    assert_eq!(with(issuer, &[8]), wrong_one);
    assert_eq!(
        with(explicit(4, &Subject::named("Khác").der()), &[7]),
        wrong_one
    );
    assert_eq!(with(element(0x82, b"so.example"), &[7]), wrong_one);
    refused(&[
        ("named by SHA-1", Rejection::AlgorithmWeak, |t| {
            t.attributes[2] =
                Attributes::signing_certificate(Digest::Sha1, &person_certificate(), false);
        }),
        ("named by no certificate", Rejection::CmsMalformed, |t| {
            let value = sequence(&[sequence(&[])]);
            t.attributes[2] = Attributes::attribute("1.2.840.113549.1.9.16.2.47", &[value]);
        }),
        (
            "only the first version of the attribute",
            Rejection::CmsSigningCertificateMissing,
            |t| {
                let digest = octets(&Digest::Sha1.of(person_certificate().der()));
                let value = sequence(&[sequence(&[sequence(&[digest])])]);
                t.attributes[2] = Attributes::attribute("1.2.840.113549.1.9.16.2.12", &[value]);
            },
        ),
    ]);
}

fn person_certificate() -> Certificate {
    person().certificate.clone()
}

#[test]
fn the_signer_is_one_certificate() {
    let person = person();
    refused(&[
        ("no certificate", Rejection::CmsSignerUnknown, |t| {
            t.certificates.clear();
        }),
        ("another serial number", Rejection::CmsSignerUnknown, |t| {
            t.signer = sequence(&[person_certificate().issuer().der().to_vec(), number(8)]);
        }),
        ("another issuer", Rejection::CmsSignerUnknown, |t| {
            t.signer = sequence(&[Subject::named("Khác").der(), number(7)]);
        }),
        ("another key identifier", Rejection::CmsSignerUnknown, |t| {
            *t = t.clone().signer_by_key(&[1; 20]);
        }),
    ]);
    // Two of one key identifier.
    let twin = certify(&person.issuer, &person.key, 8);
    let twins = wrong(|t| {
        *t = t.clone().signer_by_key(KEY_IDENTIFIER);
        t.certificates.push(twin.der().to_vec());
    });
    assert_eq!(twins, Some(Rejection::CmsSignerAmbiguous));
    // The same one twice is one; and one that is known already need not come along.
    let mut same = template();
    same.certificates.push(same.certificates[0].clone());
    assert!(judge(&same.sign(&person.key)).is_ok());
    let mut without = template();
    without.certificates.clear();
    let without = SignedData::parse(&without.sign(&person.key)).unwrap();
    let known = [person.certificate.clone()];
    assert!(
        without
            .verify(CONTENT, &known, &mut Budget::default())
            .is_ok()
    );
}

#[test]
fn algorithms_agree_and_are_strong() {
    refused(&[
        (
            "a digest that nobody announced",
            Rejection::CmsDigestMismatch,
            |t| t.announced.clear(),
        ),
        (
            "another digest announced",
            Rejection::CmsDigestMismatch,
            |t| {
                t.announced = vec![digest_identifier(Digest::Sha384)];
            },
        ),
        (
            "signed over another digest",
            Rejection::CmsDigestMismatch,
            |t| {
                t.algorithm = Scheme::RsaPkcs1(Digest::Sha512).identifier();
            },
        ),
        (
            "PSS over another digest",
            Rejection::CmsDigestMismatch,
            |t| {
                t.algorithm = Scheme::RsaPss(Digest::Sha512).identifier();
            },
        ),
        ("a SHA-1 digest", Rejection::AlgorithmWeak, |t| {
            t.digest = Digest::Sha1;
        }),
        ("signed over SHA-1", Rejection::AlgorithmWeak, |t| {
            t.algorithm = Scheme::RsaPkcs1(Digest::Sha1).identifier();
        }),
        ("ECDSA over SHA-1", Rejection::AlgorithmUnsupported, |t| {
            t.algorithm = Scheme::Ecdsa(Digest::Sha1).identifier();
        }),
        (
            "PSS without parameters",
            Rejection::AlgorithmUnsupported,
            |t| {
                t.algorithm = sequence(&[oid("1.2.840.113549.1.1.10")]);
            },
        ),
        (
            "PSS with the defaults of SHA-1",
            Rejection::AlgorithmUnsupported,
            |t| {
                t.algorithm = sequence(&[oid("1.2.840.113549.1.1.10"), sequence(&[])]);
            },
        ),
        (
            "PSS with a short salt",
            Rejection::AlgorithmUnsupported,
            |t| {
                t.algorithm = pss(Digest::Sha256, Digest::Sha256, 20);
            },
        ),
        ("PSS with no salt", Rejection::AlgorithmUnsupported, |t| {
            t.algorithm = pss(Digest::Sha256, Digest::Sha256, 0);
        }),
        (
            "PSS with another mask",
            Rejection::AlgorithmUnsupported,
            |t| {
                t.algorithm = pss(Digest::Sha256, Digest::Sha1, 32);
            },
        ),
        ("RSA with parameters", Rejection::CmsMalformed, |t| {
            t.algorithm = sequence(&[oid("1.2.840.113549.1.1.11"), number(1)]);
        }),
        ("MD5 with RSA", Rejection::AlgorithmUnsupported, |t| {
            t.algorithm = sequence(&[oid("1.2.840.113549.1.1.4"), null()]);
        }),
        ("DSA", Rejection::AlgorithmUnsupported, |t| {
            t.algorithm = sequence(&[oid("2.16.840.1.101.3.4.3.2")]);
        }),
        (
            "ECDSA for an RSA key",
            Rejection::AlgorithmOfOtherKey,
            |t| {
                t.algorithm = Scheme::Ecdsa(Digest::Sha256).identifier();
            },
        ),
        ("Ed25519", Rejection::AlgorithmUnsupported, |t| {
            t.algorithm = Scheme::Ed25519.identifier();
        }),
        (
            "PSS announced, PKCS #1 signed",
            Rejection::SignatureWrong,
            |t| {
                t.algorithm = Scheme::RsaPss(Digest::Sha256).identifier();
            },
        ),
    ]);
}

#[test]
fn signatures_are_of_this_key_over_these_attributes() {
    let person = person();
    let by_other = judge(&template().sign(&Key::rsa(2048)));
    assert_eq!(by_other.err(), Some(Rejection::SignatureWrong));
    let empty = judge(&template().with_signature(&[]));
    assert_eq!(empty.err(), Some(Rejection::SignatureWrong));
    // Over the content instead of the attributes; over them with the tag that they have inside.
    let over = |octets: &[u8]| judge(&template().with_signature(&person.key.sign(PKCS1, octets)));
    assert_eq!(over(CONTENT).err(), Some(Rejection::SignatureWrong));
    let signed = set(&template().attributes);
    assert_eq!(over(&signed).err(), None);
    let inside = [&[0xa0], &signed[1..]].concat();
    assert_eq!(over(&inside).err(), Some(Rejection::SignatureWrong));
    // Over the attributes in the wrong order.
    let mut reversed = template();
    reversed.attributes.sort();
    reversed.attributes.reverse();
    reversed.unsorted = true;
    let unsorted = element(0x31, &reversed.attributes.concat());
    let unsorted = reversed.with_signature(&person.key.sign(PKCS1, &unsorted));
    assert_eq!(judge(&unsorted).err(), Some(Rejection::SignatureWrong));
    // An attribute added after signing.
    let mut more = template();
    let signature = person.key.sign(PKCS1, &set(&more.attributes));
    more.attributes.push(Attributes::signing_time(NOW));
    assert_eq!(
        judge(&more.with_signature(&signature)).err(),
        Some(Rejection::SignatureWrong)
    );
}

#[test]
fn other_encodings_and_sizes_are_refused() {
    let whole = template().sign(&person().key);
    let (header, rest) = (&whole[..1], &whole[4..]);
    let endless = [header, &[0x80], rest, &[0, 0]].concat();
    assert_eq!(judge(&endless).err(), Some(Rejection::CmsInBer));
    let padded = [header, &[0x83, 0], &whole[2..]].concat();
    assert_eq!(judge(&padded).err(), Some(Rejection::DerMalformed));
    let trailing = [whole.as_slice(), &[0]].concat();
    assert!(judge(&trailing).is_err());
    let long = vec![0x30; MAX_MESSAGE_BYTES + 1];
    assert_eq!(judge(&long).err(), Some(Rejection::TooLarge));
    let deep = (0..40).fold(Vec::new(), |inside: Vec<u8>, _| element(0x30, &inside));
    assert_eq!(judge(&deep).err(), Some(Rejection::DerMalformed));
    for text in [&b""[..], b"-----BEGIN CMS-----", b"\x30\x00", b"\x31\x00"] {
        assert!(judge(text).is_err(), "{text:?}");
    }
    for cut in 0..whole.len() {
        assert!(judge(&whole[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn no_octet_can_be_changed() {
    let person = person();
    let whole = template().sign(&person.key);
    let mut accepted = Vec::new();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        accepted.extend(judge(&changed).is_ok().then_some(at));
    }
    assert_eq!(accepted, Vec::<usize>::new());
}
