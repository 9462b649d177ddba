//! Trust and evidence from files alone, for whoever looks into a certificate without a server.

use std::collections::BTreeSet;

use pki::ocsp::Response;
use pki::pem::{self, Label};
use pki::revocation::RevocationList;
use pki::{Certificate, Rejection};

use crate::base::time::Timestamp;
use crate::model::trust::{
    Der, IdentityRule, RevocationRule, Tolerance, Trust, TrustAnchor, TrustPurpose,
};
use crate::ports::StatusEvidence;

/// The octets of files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// Authorities that are trusted: DER, or PEM with one or several in each.
    pub anchors: &'a [Vec<u8>],
    /// Certificates between: the same.
    pub intermediates: &'a [Vec<u8>],
    /// Revocation lists: DER or PEM.
    pub lists: &'a [Vec<u8>],
    /// Answers of responders: DER.
    pub answers: &'a [Vec<u8>],
}

/// What the files say: each authority is trusted to sign people in, by the strictest rules, whenever
/// it is asked about. Certificates between may sign lists and answers, too.
///
/// # Errors
/// Why the first file that is not what it should be is not: those of [`Certificate::parse`],
/// [`RevocationList::parse`], [`Response::parse`] and [`pem::blocks`].
pub fn read(files: Files<'_>) -> Result<(Trust, StatusEvidence), Rejection> {
    let between = certificates(files.intermediates)?;
    let kept: Vec<Der> = between.iter().map(|c| Der(c.der().to_vec())).collect();
    let anchors = certificates(files.anchors)?.into_iter().enumerate();
    let trusted = anchors.map(|(number, certificate)| TrustAnchor {
        name: (number + 1).to_string(),
        certificate: Der(certificate.der().to_vec()),
        purpose: TrustPurpose::Public,
        intermediates: kept.clone(),
        identity: IdentityRule::default(),
        revocation: RevocationRule::default(),
        tolerance: Tolerance::default(),
        purposes_required: BTreeSet::new(),
        policies_required: BTreeSet::new(),
        from: Timestamp::EPOCH,
        until: None,
        distrusted_at: None,
    });
    let trust = Trust {
        anchors: trusted.collect(),
    };
    let list =
        |octets: &Vec<u8>| RevocationList::parse(&pem::der_or_pem(Label::RevocationList, octets)?);
    let evidence = StatusEvidence {
        lists: files.lists.iter().map(list).collect::<Result<_, _>>()?,
        answers: files
            .answers
            .iter()
            .map(|octets| Response::parse(octets))
            .collect::<Result<_, _>>()?,
        certificates: between,
    };
    Ok((trust, evidence))
}

fn certificates(files: &[Vec<u8>]) -> Result<Vec<Certificate>, Rejection> {
    let mut all = Vec::new();
    for octets in files {
        let ders = match octets.first() {
            Some(0x30) => vec![octets.clone()],
            _ => pem::blocks(Label::Certificate, octets)?,
        };
        for der in ders {
            all.push(Certificate::parse(&der)?);
        }
    }
    Ok(all)
}
