//! One question, put to `pki`. Names and purposes of end entities are no matter of that crate; they
//! are compared here, as an application would.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use pki::path::{self, PathRules, TrustAnchor};
use pki::revocation::{self, Evidence, RevocationList};
use pki::{Budget, Certificate, GeneralName, Rejection, Time};

use super::suite::{Case, PeerName};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The path holds.
    Accepted,
    /// It does not, and why.
    Refused(String),
    /// The question cannot be put, and why.
    Skipped(&'static str),
}

impl From<Rejection> for Verdict {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.reason())
    }
}

/// Answers one question; `now` stands for the present.
pub fn judge(case: &Case, now: Time) -> Verdict {
    if !case.signature_algorithms.is_empty() {
        return Verdict::Skipped("which signature algorithms count is no input of a path");
    }
    let time = match case
        .validation_time
        .as_deref()
        .map(DateTime::parse_from_rfc3339)
    {
        None => now,
        Some(Ok(time)) => Time::from_seconds(time.timestamp()),
        Some(Err(_)) => return Verdict::Skipped("the time cannot be read"),
    };
    match accept(case, time) {
        Ok(()) => Verdict::Accepted,
        Err(verdict) => verdict,
    }
}

fn accept(case: &Case, time: Time) -> Result<(), Verdict> {
    let end = certificate(&case.peer_certificate)?;
    // Those that cannot be parsed are no candidates: somebody else's broken certificate is no reason
    // to refuse a path that does not need it.
    let parsed = |list: &[String]| -> Vec<Certificate> {
        list.iter()
            .filter_map(|pem| certificate(pem).ok())
            .collect()
    };
    let anchors: Vec<TrustAnchor> = parsed(&case.trusted_certs)
        .iter()
        .map(TrustAnchor::from_certificate)
        .collect();
    let authorities = parsed(&case.untrusted_intermediates);
    let rules = PathRules::at(time);
    let mut budget = Budget::default();
    let found = path::find(&end, &authorities, &anchors, &rules, &mut budget)?;
    let between = found.certificates().len().saturating_sub(1);
    if case.max_chain_depth.is_some_and(|most| between > most) {
        return Err(Verdict::Refused("deeper than asked".to_owned()));
    }
    if !case.crls.is_empty() {
        let lists = case.crls.iter().map(|pem| list(pem));
        let lists: Vec<RevocationList> = lists.collect::<Result<_, _>>()?;
        let evidence = Evidence {
            lists: &lists,
            certificates: &authorities,
        };
        revocation::check(&found, evidence, &rules, &mut budget)?;
    }
    check_usage(case, &end)?;
    check_purpose(case, &end)?;
    check_names(case, &end)
}

/// What is inside the first PEM block.
fn decoded(pem: &str) -> Result<Vec<u8>, Verdict> {
    let inside: String = pem
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("-----BEGIN "))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END "))
        .collect();
    STANDARD
        .decode(inside)
        .map_err(|_| Verdict::Refused("not PEM".to_owned()))
}

fn certificate(pem: &str) -> Result<Certificate, Verdict> {
    Ok(Certificate::parse(&decoded(pem)?)?)
}

fn list(pem: &str) -> Result<RevocationList, Verdict> {
    Ok(RevocationList::parse(&decoded(pem)?)?)
}

fn check_usage(case: &Case, end: &Certificate) -> Result<(), Verdict> {
    let Some(usage) = end.extensions().key_usage else {
        return Ok(());
    };
    for wanted in &case.key_usage {
        let has = match wanted.as_str() {
            "digitalSignature" => usage.digital_signature(),
            "contentCommitment" => usage.non_repudiation(),
            "keyCertSign" => usage.key_cert_sign(),
            "cRLSign" => usage.crl_sign(),
            _ => return Err(Verdict::Skipped("a key usage that no rule here rests on")),
        };
        if !has {
            return Err(Verdict::Refused(format!("no key usage {wanted}")));
        }
    }
    Ok(())
}

/// Strict even where the extension is not critical; absent, it allows everything (RFC 5280
/// §4.2.1.12).
fn check_purpose(case: &Case, end: &Certificate) -> Result<(), Verdict> {
    let Some(purposes) = &end.extensions().extended_key_usage else {
        return Ok(());
    };
    let dotted = |name: &str| {
        Some(match name {
            "serverAuth" => "1.3.6.1.5.5.7.3.1",
            "clientAuth" => "1.3.6.1.5.5.7.3.2",
            "codeSigning" => "1.3.6.1.5.5.7.3.3",
            "emailProtection" => "1.3.6.1.5.5.7.3.4",
            "timeStamping" => "1.3.6.1.5.5.7.3.8",
            "OCSPSigning" => "1.3.6.1.5.5.7.3.9",
            "anyExtendedKeyUsage" => "2.5.29.37.0",
            _ => return None,
        })
    };
    let has = |wanted: &String| {
        let wanted = dotted(wanted);
        wanted.is_some() && purposes.iter().any(|p| p.dotted().as_deref() == wanted)
    };
    if case.extended_key_usage.is_empty() || case.extended_key_usage.iter().any(has) {
        return Ok(());
    }
    Err(Verdict::Refused("another purpose".to_owned()))
}

/// Every expected name is among the alternative names (RFC 9525 §6).
fn check_names(case: &Case, end: &Certificate) -> Result<(), Verdict> {
    let expected = case
        .expected_peer_name
        .iter()
        .chain(&case.expected_peer_names);
    let names = &end.extensions().subject_alt_names;
    for wanted in expected {
        if !names.iter().any(|name| is_named(name, wanted)) {
            return Err(Verdict::Refused(format!("not named {}", wanted.value)));
        }
    }
    Ok(())
}

fn is_named(name: &GeneralName, wanted: &PeerName) -> bool {
    match (name, wanted.kind.as_str()) {
        (GeneralName::Dns(pattern), "DNS") => is_host(pattern, &wanted.value),
        (GeneralName::Mail(mail), "RFC822") => *mail == wanted.value,
        (GeneralName::Ip(_), "IP") => {
            let wanted: Option<IpAddr> = wanted.value.parse().ok();
            wanted.is_some() && name.ip() == wanted
        }
        _ => false,
    }
}

/// The same host, or a whole first label in place of `*` below at least two others.
fn is_host(pattern: &str, host: &str) -> bool {
    if let Some(above) = pattern.strip_prefix("*.") {
        let rest = host.split_once('.').map(|(_, rest)| rest);
        return above.contains('.')
            && !above.contains('*')
            && rest.is_some_and(|rest| rest.eq_ignore_ascii_case(above));
    }
    !pattern.contains('*') && pattern.eq_ignore_ascii_case(host)
}
