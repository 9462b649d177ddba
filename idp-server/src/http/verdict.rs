//! The answer to "what is this certificate worth?", as both APIs send it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use idp_admin_api::certificate::{
    CertificateVerdict, CertificateVerification, EnrolledCertificate, EnrolledCertificates,
    VerificationDetail, VerificationStep,
};
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::flow::certificate_verification::Question;
use idp_core::model::credential::CertificateCredential;
use idp_core::trust::Rejection;
use idp_core::trust::explain::{Explanation, Shown, Step};

/// What was asked, from the wire.
///
/// # Errors
/// [`Reason::VerificationContentMalformed`] for content that is no base64, [`Reason::VerificationTimeMalformed`].
pub fn question(sent: &CertificateVerification) -> Result<Question, Reason> {
    let decoded = |text: &String| STANDARD.decode(text);
    let content = sent.content.as_ref().map(decoded).transpose();
    let at = sent.at.as_deref().map(DateTime::parse_from_rfc3339);
    let at = at
        .transpose()
        .map_err(|_| Reason::VerificationTimeMalformed)?;
    Ok(Question {
        presented: octets(&sent.certificate),
        content: content.map_err(|_| Reason::VerificationContentMalformed)?,
        at: at.map(|at| Timestamp::from_millis(at.timestamp_millis())),
    })
}

/// DER from base64; anything else is taken as PEM, and refused as such where it is none.
pub fn octets(text: &str) -> Vec<u8> {
    let compact: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(compact);
    der.unwrap_or_else(|_| text.as_bytes().to_vec())
}

/// The verdict as of `at`, for the wire.
pub fn verdict(explanation: &Explanation, at: Timestamp) -> CertificateVerdict {
    let why = explanation.verdict.as_ref().err().copied();
    let sound = explanation.verdict.as_ref().ok();
    CertificateVerdict {
        good: sound.is_some(),
        reason: why.map(Rejection::reason),
        section: why.and_then(section),
        anchor: sound.map(|sound| sound.anchor.clone()),
        status_at: sound.map(|sound| time(sound.status_at)),
        status_outdated: sound.is_some_and(|sound| sound.outdated),
        at: time(at),
        steps: explanation.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> VerificationStep {
    let why = step.verdict.err();
    let details = step.details.iter().map(|(name, shown)| VerificationDetail {
        name: (*name).to_owned(),
        value: match shown {
            Shown::Text(text) => text.clone(),
            Shown::Time(at) => time(*at),
        },
    });
    VerificationStep {
        step: step.name.name().to_owned(),
        holds: why.is_none(),
        reason: why.map(Rejection::reason),
        section: why.and_then(section),
        details: details.collect(),
    }
}

/// Rules and bounds of this server's own stand nowhere else.
fn section(why: Rejection) -> Option<String> {
    let section = Some(why.section()).filter(|section| !section.is_empty());
    section.map(str::to_owned)
}

/// Certificates that somebody holds, for the wire.
pub fn enrolled(held: &[CertificateCredential]) -> EnrolledCertificates {
    let one = |held: &CertificateCredential| EnrolledCertificate {
        certificate: STANDARD.encode(&held.certificate.0),
        anchor: held.anchor.clone(),
        expires_at: time(held.expires_at),
    };
    EnrolledCertificates {
        certificates: held.iter().map(one).collect(),
    }
}

fn time(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
