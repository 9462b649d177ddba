//! What OpenSSL makes, judged here, and what is made here, read by OpenSSL: the program must be
//! there when the tests run.

use std::path::PathBuf;
use std::process::Command;

use crate::cms::SignedData;
use crate::ocsp::{
    Answer, Bounds, CertId, CertStatus, NONCE_BYTES, Nonce, NonceRule, Question, Request, Response,
};
use crate::path::{self, PathRules};
use crate::revocation::Evidence;
use crate::test_ca::encode::{extension, octets};
use crate::test_ca::{Authority, Key, Subject, Template};
use crate::{Algorithm, Budget, Certificate, Curve, Digest, Rejection, Time};

/// 2026-01-01T00:00:00Z.
const NOW: Time = Time::from_seconds(1_767_225_600);
const CONTENT: &[u8] = b"the octets of a challenge";

/// A folder in which OpenSSL runs.
struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let this = Self { folder };
        this.put("content", CONTENT);
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.path(name), octets).unwrap();
    }

    /// Runs OpenSSL with these words.
    fn run(&self, words: &str) {
        let done = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .expect("the program openssl");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "openssl {words}: {said}");
    }

    /// Runs OpenSSL with these words; what it wrote into `out`.
    fn openssl(&self, words: &str) -> Vec<u8> {
        self.run(words);
        std::fs::read(self.path("out")).unwrap()
    }

    /// Signs the content with OpenSSL, with more words.
    fn sign(&self, words: &str) -> Vec<u8> {
        self.openssl(&format!(
            "cms -sign -binary -in content -signer person.der -inkey key.der -keyform DER \
             -outform DER -out out {words}"
        ))
    }

    /// A person with this key.
    fn person(&self, key: &Key) -> Certificate {
        let authority = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let identifier = extension("2.5.29.14", false, &octets(&[0xa5; 20]));
        let template = Template::person(Subject::named("Trần Văn Bình"), NOW);
        let der = authority.issue(&template.extension(identifier), key);
        self.put("person.der", &der);
        self.put("key.der", &key.pkcs8());
        Certificate::parse(&der).unwrap()
    }
}

fn judge(der: &[u8]) -> Result<Algorithm, Rejection> {
    let signed = SignedData::parse(der)?;
    let signature = signed.verify(CONTENT, &[], &mut Budget::default())?;
    Ok(signature.algorithm())
}

#[test]
fn signatures_of_openssl_are_accepted_with_the_required_attributes() {
    let workshop = Workshop::new();
    let pss = "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen";
    let rsa = Key::rsa(2048);
    for (words, expected) in [
        ("-cades".to_owned(), Algorithm::RsaPkcs1(Digest::Sha256)),
        (
            "-cades -md sha384".to_owned(),
            Algorithm::RsaPkcs1(Digest::Sha384),
        ),
        (
            "-cades -md sha512".to_owned(),
            Algorithm::RsaPkcs1(Digest::Sha512),
        ),
        (
            "-cades -keyid".to_owned(),
            Algorithm::RsaPkcs1(Digest::Sha256),
        ),
        (
            format!("-cades {pss}:32"),
            Algorithm::RsaPss(Digest::Sha256),
        ),
        (
            format!("-cades -md sha512 {pss}:64"),
            Algorithm::RsaPss(Digest::Sha512),
        ),
    ] {
        workshop.person(&rsa);
        assert_eq!(judge(&workshop.sign(&words)), Ok(expected), "{words}");
    }
    for (curve, digest, words) in [
        (Curve::P256, Digest::Sha256, "-cades -md sha256"),
        (Curve::P384, Digest::Sha384, "-cades -md sha384"),
        (Curve::P521, Digest::Sha512, "-cades -md sha512"),
    ] {
        workshop.person(&Key::on(curve, digest));
        assert_eq!(
            judge(&workshop.sign(words)),
            Ok(Algorithm::Ecdsa(digest)),
            "{curve:?}"
        );
    }
}

#[test]
fn looser_messages_of_openssl_are_refused() {
    let workshop = Workshop::new();
    workshop.person(&Key::rsa(2048));
    let pss = "-cades -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20";
    for (words, why) in [
        ("", Rejection::CmsSigningCertificateMissing),
        ("-noattr", Rejection::CmsSignedAttributesMissing),
        ("-cades -nodetach", Rejection::CmsContentAttached),
        ("-cades -nodetach -stream", Rejection::CmsInBer),
        ("-cades -md sha1", Rejection::AlgorithmWeak),
        ("-cades -md md5", Rejection::AlgorithmUnsupported),
        ("-cades -nocerts", Rejection::CmsSignerUnknown),
        (
            "-cades -econtent_type 1.2.840.113549.1.9.16.1.4",
            Rejection::CmsContentNotData,
        ),
        (pss, Rejection::AlgorithmUnsupported),
    ] {
        assert_eq!(judge(&workshop.sign(words)), Err(why), "{words}");
    }
    for (from, to) in [("person.der", "other.der"), ("key.der", "other.key")] {
        std::fs::rename(workshop.path(from), workshop.path(to)).unwrap();
    }
    workshop.person(&Key::p256());
    let twice = workshop.sign("-cades -signer other.der -inkey other.key");
    assert_eq!(judge(&twice), Err(Rejection::CmsSignerCount));
    for words in [
        "cms -data_create -in content -outform DER -out out",
        "cms -digest_create -md sha256 -in content -outform DER -out out",
        "cms -encrypt -aes256 -in content -outform DER -out out person.der",
    ] {
        let other = workshop.openssl(words);
        // Some of them are written in BER, and refused for that first.
        let refused = judge(&other);
        let expected = [Err(Rejection::CmsNotSignedData), Err(Rejection::CmsInBer)];
        assert!(expected.contains(&refused), "{words}: {refused:?}");
    }
    // A curve with another digest than its own is for nobody here.
    workshop.person(&Key::p256());
    let over_512 = judge(&workshop.sign("-cades -md sha512"));
    assert_eq!(over_512, Err(Rejection::AlgorithmUnsupported));
    let elsewhere = SignedData::parse(&workshop.sign("-cades -md sha256")).unwrap();
    let elsewhere = elsewhere.verify(b"other", &[], &mut Budget::default());
    assert_eq!(elsewhere.err(), Some(Rejection::CmsMessageDigestWrong));
}

/// One certificate that OpenSSL says is good, one that it says is revoked; it knows no others.
const INDEX: &str = "V\t491231235959Z\t\t11\tunknown\t/CN=good\n\
                     R\t491231235959Z\t260101000000Z,keyCompromise\t12\tunknown\t/CN=revoked\n";

/// OpenSSL as the responder of an issuer.
struct Responder {
    workshop: Workshop,
    issuer: Authority,
    key: Key,
}

impl Responder {
    fn at(now: Time) -> Self {
        let workshop = Workshop::new();
        let issuer = Authority::root("Gốc thử nghiệm", Key::p256(), now);
        workshop.put("issuer.der", &issuer.certificate);
        workshop.put("issuer.key", &issuer.key.pkcs8());
        workshop.run("x509 -in issuer.der -out issuer.pem");
        workshop.run("pkey -inform DER -in issuer.key -out issuer.key.pem");
        workshop.put("index", INDEX.as_bytes());
        let key = Key::p256();
        Self {
            workshop,
            issuer,
            key,
        }
    }

    fn certify(&self, serial: u8) -> Certificate {
        let subject = Subject::named("Lê Thị Hồng");
        let template = Template::person(subject, self.issuer.now).serial(&[serial]);
        Certificate::parse(&self.issuer.issue(&template, &self.key)).unwrap()
    }

    /// Asks about a certificate.
    fn ask(&self, about: &Certificate, digest: Digest, nonce: Nonce) -> Response {
        let issuer = self.issuer.parsed();
        let request = Request {
            id: CertId::new(digest, about.issuer(), issuer.key(), about.serial()),
            nonce: Some(nonce),
        };
        self.workshop.put("request", &request.der());
        let answer = self.workshop.openssl(
            "ocsp -index index -CA issuer.pem -rsigner issuer.pem -rkey issuer.key.pem -ndays 1 \
             -reqin request -respout out",
        );
        Response::parse(&answer).unwrap()
    }

    fn judge(&self, about: &Certificate, response: &Response, nonce: &Nonce) -> Answer {
        let (rules, anchors) = (PathRules::at(self.issuer.now), [self.issuer.anchor()]);
        let mut budget = Budget::default();
        let path = path::find(about, &[], &anchors, &rules, &mut budget).unwrap();
        let question = Question {
            path: &path,
            at: 0,
            pinned: &[],
            evidence: Evidence::default(),
            nonce: NonceRule::Required(nonce),
            bounds: Bounds::default(),
            rules: &rules,
        };
        question.verify(response, &mut budget).unwrap()
    }
}

#[test]
fn openssl_answers_our_requests_about_status() {
    // OpenSSL answers by its clock, which a first answer tells.
    let nonce = Nonce([1; NONCE_BYTES]);
    let first = Responder::at(NOW);
    let now = first
        .ask(&first.certify(1), Digest::Sha1, nonce)
        .produced_at();
    let responder = Responder::at(now);
    for (serial, digest, expected) in [
        (0x11, Digest::Sha1, Ok(())),
        (0x11, Digest::Sha256, Ok(())),
        (0x12, Digest::Sha256, Err(Rejection::Revoked)),
        (0x13, Digest::Sha1, Err(Rejection::RevocationUnknown)),
    ] {
        let certificate = responder.certify(serial);
        let nonce = Nonce([serial; NONCE_BYTES]);
        let response = responder.ask(&certificate, digest, nonce);
        let answer = responder.judge(&certificate, &response, &nonce);
        assert_eq!(answer.require_good(), expected, "{serial:#x}");
        assert!(answer.nonce_came_back());
        if let CertStatus::Revoked { at, reason } = answer.status() {
            assert_eq!((at, reason.0), (NOW, 1));
        }
    }
}
