//! Whether a certificate counts here, under the anchors that the operator trusts: for signing in,
//! for clients that authenticate, and for applications that ask.
//!
//! It is asked in steps. [`find`] leads from the certificate to an anchor and needs nothing from
//! outside; only then may its addresses be asked, as [`Found::question`] says; [`Found::verify`]
//! decides by what is known. Whose account it is, is for [`crate::authn`].

pub mod describe;
pub mod explain;
pub mod offline;
#[cfg(test)]
pub(crate) mod sample;
pub mod status;
#[cfg(test)]
mod tests;

use pki::ocsp::Bounds;
use pki::path::{PathRules, TrustAnchor as PathAnchor};
use pki::profile::Profile;
use pki::revocation::Evidence;
use pki::sign_in::{Candidate, VerifiedCertificate};
use pki::status::Known;
use pki::{Budget, Certificate, Oid, Time};

pub use pki::Rejection;

use crate::base::time::Timestamp;
use crate::model::trust::{Der, Trust, TrustAnchor, TrustPurpose};
use crate::ports::{StatusEvidence, StatusQuestion};

/// What authorities are for below which people and organisations sign in.
pub const SIGNS_IN: [TrustPurpose; 3] = [
    TrustPurpose::Government,
    TrustPurpose::Public,
    TrustPurpose::RemoteSigning,
];

/// The most moments at which evidence of before is tried in an outage.
const MOST_MOMENTS: usize = 8;

/// A certificate that leads to an anchor; its status is open.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    anchor: &'a TrustAnchor,
    candidate: Candidate,
}

/// A certificate that counts. Nobody but [`Found::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Good<'a> {
    anchor: &'a TrustAnchor,
    verified: VerifiedCertificate,
    status_at: Timestamp,
    outdated: bool,
}

/// Leads a certificate to one of the anchors that count at `now` and are for one of `purposes`.
/// `sent` came with it; what the operator keeps of the authorities between is tried as well.
///
/// # Errors
/// [`Rejection::NoPath`] when no such anchor is above it; otherwise, of the first anchor that is,
/// those of [`pki::sign_in::find`].
pub fn find<'a>(
    end: &Certificate,
    sent: &[Certificate],
    trust: &'a Trust,
    purposes: &[TrustPurpose],
    now: Timestamp,
) -> Result<Found<'a>, Rejection> {
    let counts =
        |anchor: &&TrustAnchor| purposes.contains(&anchor.purpose) && anchor.counts_at(now);
    let mut why = Rejection::NoPath;
    for anchor in trust.anchors.iter().filter(counts) {
        match below(anchor, end, sent, now) {
            Ok(candidate) => return Ok(Found { anchor, candidate }),
            Err(Rejection::NoPath) => {}
            Err(other) if why == Rejection::NoPath => why = other,
            Err(_) => {}
        }
    }
    Err(why)
}

/// Leads a certificate to this very anchor, whether or not it counts at `now`: for whoever asks that
/// elsewhere.
///
/// # Errors
/// As [`find`].
pub fn find_under<'a>(
    anchor: &'a TrustAnchor,
    end: &Certificate,
    sent: &[Certificate],
    now: Timestamp,
) -> Result<Found<'a>, Rejection> {
    let candidate = below(anchor, end, sent, now)?;
    Ok(Found { anchor, candidate })
}

/// The candidate, if a path leads to this very anchor.
fn below(
    anchor: &TrustAnchor,
    end: &Certificate,
    sent: &[Certificate],
    now: Timestamp,
) -> Result<Candidate, Rejection> {
    let mut top = PathAnchor::from_certificate(&Certificate::parse(&anchor.certificate.0)?);
    top.strength.sha1 = anchor.tolerance.sha1;
    let kept = parsed(&anchor.intermediates)?;
    let above: Vec<Certificate> = sent.iter().chain(&kept).cloned().collect();
    let rules = path_rules(anchor, time(now));
    let asked = (&profile(anchor), &rules);
    pki::sign_in::find(
        end,
        &Certificate::distinct(above),
        &[top],
        asked,
        &mut Budget::default(),
    )
}

fn parsed(certificates: &[Der]) -> Result<Vec<Certificate>, Rejection> {
    certificates
        .iter()
        .map(|der| Certificate::parse(&der.0))
        .collect()
}

fn oids(dotted: &std::collections::BTreeSet<String>) -> impl Iterator<Item = Oid> {
    dotted.iter().filter_map(|text| Oid::from_dotted(text))
}

fn profile(anchor: &TrustAnchor) -> Profile {
    let mut profile = Profile {
        non_repudiation_alone: anchor.tolerance.non_repudiation_alone,
        ..Profile::default()
    };
    if !anchor.purposes_required.is_empty() {
        profile.purposes = oids(&anchor.purposes_required).collect();
        profile.purpose_required = true;
    }
    profile
}

fn path_rules(anchor: &TrustAnchor, time: Time) -> PathRules {
    let mut rules = PathRules::at(time);
    if !anchor.policies_required.is_empty() {
        rules.initial_policies = oids(&anchor.policies_required).collect();
        rules.explicit_policy = true;
    }
    rules
}

/// What is known, as the anchor's rules take it.
fn known<'e>(
    anchor: &TrustAnchor,
    evidence: &'e StatusEvidence,
    pinned: &'e [Certificate],
) -> Known<'e> {
    Known {
        answers: &evidence.answers,
        pinned,
        evidence: Evidence {
            lists: &evidence.lists,
            certificates: &evidence.certificates,
        },
        bounds: Bounds {
            max_age: i64::from(anchor.revocation.answer_seconds),
            ..Bounds::default()
        },
    }
}

/// The time as certificates tell it: whole seconds.
pub(crate) fn time(moment: Timestamp) -> Time {
    Time::from_seconds(moment.seconds())
}

/// And back.
pub(crate) fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_seconds(time.seconds())
}

impl<'a> Found<'a> {
    /// The anchor.
    pub const fn anchor(&self) -> &'a TrustAnchor {
        self.anchor
    }

    /// The certificate with its path.
    pub const fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// What may now be asked outside.
    pub const fn question(&self, now: Timestamp) -> StatusQuestion<'_> {
        StatusQuestion {
            path: self.candidate.path(),
            rule: &self.anchor.revocation,
            now,
        }
    }

    /// Decides by what is known of the status of every certificate of the path. Where nothing
    /// current is known and the anchor's rule for outages allows it, the newest answers count that
    /// were current within the hours before; whoever they call revoked is.
    ///
    /// # Errors
    /// Those of [`pki::status::check`], as of `now`.
    pub fn verify(&self, evidence: &StatusEvidence, now: Timestamp) -> Result<Good<'a>, Rejection> {
        let why = match self.verify_at(evidence, time(now)) {
            Ok(verified) => return Ok(self.good(verified, false)),
            Err(why) => why,
        };
        if !is_outage(why) {
            return Err(why);
        }
        for moment in self.moments(evidence, now) {
            match self.verify_at(evidence, moment) {
                Ok(verified) => return Ok(self.good(verified, true)),
                Err(Rejection::Revoked) => return Err(Rejection::Revoked),
                Err(_) => {}
            }
        }
        Err(why)
    }

    fn verify_at(
        &self,
        evidence: &StatusEvidence,
        moment: Time,
    ) -> Result<VerifiedCertificate, Rejection> {
        let pinned = parsed(&self.anchor.revocation.pinned_responders)?;
        let known = known(self.anchor, evidence, &pinned);
        let rules = path_rules(self.anchor, moment);
        self.candidate
            .clone()
            .verify(known, &rules, &mut Budget::default())
    }

    /// When evidence was last current, newest first, as far back as the anchor's rule goes.
    fn moments(&self, evidence: &StatusEvidence, now: Timestamp) -> Vec<Time> {
        let oldest = time(now - self.anchor.revocation.outage.grace());
        let lists = evidence.lists.iter().filter_map(|list| list.next_update());
        let answers = evidence.answers.iter().flat_map(pki::ocsp::Response::ends);
        let mut ends: Vec<Time> = lists
            .chain(answers)
            .filter(|end| oldest < *end && *end < time(now))
            .collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        ends.dedup();
        ends.truncate(MOST_MOMENTS);
        ends
    }

    fn good(&self, verified: VerifiedCertificate, outdated: bool) -> Good<'a> {
        let oldest = verified
            .status()
            .iter()
            .map(|fresh| fresh.this_update)
            .min();
        Good {
            anchor: self.anchor,
            status_at: oldest.map_or(Timestamp::EPOCH, timestamp),
            outdated,
            verified,
        }
    }
}

/// Whether somebody should have said more than is known.
pub const fn is_outage(why: Rejection) -> bool {
    matches!(
        why,
        Rejection::RevocationUnknown
            | Rejection::CrlOutOfDate
            | Rejection::OcspOutOfDate
            | Rejection::OcspTooOld
    )
}

impl<'a> Good<'a> {
    /// The anchor.
    pub const fn anchor(&self) -> &'a TrustAnchor {
        self.anchor
    }

    /// The certificate, its path, its identifiers.
    pub const fn verified(&self) -> &VerifiedCertificate {
        &self.verified
    }

    /// Known then to be good: the oldest of what is known about the path.
    pub const fn status_at(&self) -> Timestamp {
        self.status_at
    }

    /// Whether it counts only by the anchor's rule for outages.
    pub const fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// The certificate policies that hold, as dotted OIDs.
    pub fn policies(&self) -> Vec<String> {
        let policies = self.verified.path().policies();
        policies.iter().filter_map(Oid::dotted).collect()
    }
}
