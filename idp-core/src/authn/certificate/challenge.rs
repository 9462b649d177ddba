//! What is signed to sign in: made for one browser, answered once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::challenge::{Audience, Challenge, Method, Way};
use pki::cms::SignedData;
use pki::pem::{Label, der_or_pem};
use pki::raw::EcdsaForm;
use pki::{Algorithm, Budget, Certificate, Digest as PkiDigest, Rejection};
use serde::{Deserialize, Serialize};

use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::session::CertificateWay;
use crate::model::trust::Der;
use crate::trust::time;

/// How long a challenge may be answered.
pub const LASTS: std::time::Duration = std::time::Duration::from_secs(300);

/// The most octets of what is sent back, in base64: signed data with its certificates.
pub const MOST_ANSWER: usize = 48 * 1024;

/// A challenge that waits for its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingChallenge {
    /// The digest of the cookie of the browser that it was made for.
    pub browser: Digest,
    /// The octets that are signed.
    pub octets: Der,
}

/// What the texts of a challenge say.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// The origin of the issuer, from the configuration.
    pub origin: &'a str,
    /// The client that the person is on the way to; `account` where there is none.
    pub client: &'a str,
    /// The line for people.
    pub line: &'a str,
}

/// How the answer is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// By a signing agent on the person's machine: RSA, PKCS #1, SHA-256, as the government's does.
    Agent,
    /// As detached signed data, by any program.
    Message,
}

/// Makes a challenge.
///
/// # Errors
/// A fault when a text of the configuration does not fit into one.
pub fn make(
    answering: Answering,
    purpose: Purpose<'_>,
    browser: Digest,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<WaitingChallenge, Fault> {
    let (way, method) = match answering {
        Answering::Agent => {
            let pkcs1 = Algorithm::RsaPkcs1(PkiDigest::Sha256);
            (Way::Raw, Method::Exactly(pkcs1, EcdsaForm::Der))
        }
        Answering::Message => (Way::Cms, Method::Any),
    };
    let audience = Audience {
        line: purpose.line,
        origin: purpose.origin,
        client: purpose.client,
    };
    let nonce: [u8; 32] = entropy.bytes();
    let made = Challenge::new(audience, way, method, time(now), &nonce);
    let challenge = made.map_err(|why| Fault::lasting("challenge", why))?;
    Ok(WaitingChallenge {
        browser,
        octets: Der(challenge.octets()),
    })
}

/// What came back, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct SentAnswer {
    /// Base64 of a raw signature, or signed data as base64 or PEM.
    pub signature: String,
    /// Base64 or PEM of the signer's certificate; empty where the signed data bring it along.
    pub certificate: String,
}

/// The holder of a certificate's key took part. Only [`prove`] and [`Proved::in_handshake`] make one.
#[derive(Clone, Debug)]
pub struct Proved {
    end: Certificate,
    sent: Vec<Certificate>,
    way: CertificateWay,
}

impl Proved {
    /// The key was proved in a TLS handshake; the client's own certificate comes first.
    ///
    /// # Errors
    /// [`Reason::SignInCertificateUnreadable`].
    pub fn in_handshake(chain: &[Vec<u8>]) -> Result<Self, Reason> {
        let read = chain.iter().map(|der| Certificate::parse(der));
        let read: Result<Vec<Certificate>, Rejection> = read.collect();
        let mut sent = read.map_err(|_| Reason::SignInCertificateUnreadable)?;
        if sent.is_empty() {
            return Err(Reason::SignInCertificateUnreadable);
        }
        Ok(Self {
            end: sent.remove(0),
            sent,
            way: CertificateWay::Tls,
        })
    }

    /// The certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.end
    }

    /// Those that came with it.
    pub fn sent(&self) -> &[Certificate] {
        &self.sent
    }

    /// How it was shown.
    pub const fn way(&self) -> CertificateWay {
        self.way
    }
}

/// Checks an answer against a challenge that was just taken, by the browser it was made for.
///
/// # Errors
/// [`Reason::SignInChallengeOfAnotherBrowser`], [`Reason::SignInChallengeExpired`],
/// [`Reason::SignInAnswerUnreadable`], [`Reason::SignInSignatureWrong`].
pub fn prove(
    waiting: &WaitingChallenge,
    sent: &SentAnswer,
    browser: Digest,
    now: Timestamp,
) -> Result<Proved, Reason> {
    if waiting.browser != browser {
        return Err(Reason::SignInChallengeOfAnotherBrowser);
    }
    let octets = waiting.octets.0.as_slice();
    let challenge = Challenge::parse(octets).and_then(|challenge| {
        challenge.check_time(time(now))?;
        Ok(challenge)
    });
    let challenge = challenge.map_err(|_| Reason::SignInChallengeExpired)?;
    let proved = match (challenge.way(), challenge.method()) {
        (Way::Raw, Method::Exactly(algorithm, form)) => by_raw(octets, sent, algorithm, form),
        _ => by_message(octets, sent),
    };
    proved.map_err(|why| match why {
        Rejection::SignatureWrong
        | Rejection::CmsMessageDigestWrong
        | Rejection::CmsSigningCertificateWrong => Reason::SignInSignatureWrong,
        _ => Reason::SignInAnswerUnreadable,
    })
}

fn by_raw(
    octets: &[u8],
    sent: &SentAnswer,
    algorithm: Algorithm,
    form: EcdsaForm,
) -> Result<Proved, Rejection> {
    let certificate = octets_of(Label::Certificate, &sent.certificate)?;
    let end = Certificate::parse(&certificate)?;
    let signature = decoded(&sent.signature)?;
    pki::raw::verify(end.key(), algorithm, form, octets, &signature)?;
    Ok(Proved {
        end,
        sent: Vec::new(),
        way: CertificateWay::Raw,
    })
}

fn by_message(octets: &[u8], sent: &SentAnswer) -> Result<Proved, Rejection> {
    let message = octets_of(Label::Cms, &sent.signature)?;
    let known = match sent.certificate.trim() {
        "" => Vec::new(),
        text => vec![Certificate::parse(&octets_of(Label::Certificate, text)?)?],
    };
    let signed = SignedData::parse(&message)?;
    let signature = signed.verify(octets, &known, &mut Budget::default())?;
    Ok(Proved {
        end: signature.certificate().clone(),
        sent: signature.others().to_vec(),
        way: CertificateWay::Cms,
    })
}

/// PEM, or base64 with any white space in it.
fn octets_of(label: Label, text: &str) -> Result<Vec<u8>, Rejection> {
    if text.len() > MOST_ANSWER {
        return Err(Rejection::TooLarge);
    }
    if text.trim_start().starts_with("-----BEGIN") {
        return der_or_pem(label, text.as_bytes()).map(std::borrow::Cow::into_owned);
    }
    decoded(text)
}

fn decoded(text: &str) -> Result<Vec<u8>, Rejection> {
    if text.len() > MOST_ANSWER {
        return Err(Rejection::TooLarge);
    }
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let octets = STANDARD.decode(plain).ok();
    octets
        .filter(|o| !o.is_empty())
        .ok_or(Rejection::PemMalformed)
}
