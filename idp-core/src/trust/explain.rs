//! The same question as for a sign-in, answered step by step: what was looked at, what holds, and
//! which rule does not. The verdict is that of [`super::find`] and [`Found::verify`]; the steps only
//! tell how it came about.

use pki::cms::SignedData;
use pki::identity::{self, Holder, Identity};
use pki::path::{self, TrustAnchor as PathAnchor, ValidPath};
use pki::pem::{self, Label};
use pki::status::{self, Source};
use pki::{Budget, Certificate, Rejection};

pub use super::describe::Shown;

use super::describe::Described;
use super::{Found, find, known, parsed, path_rules, profile, time};
use crate::base::time::Timestamp;
use crate::model::identifier::masked;
use crate::model::trust::{Trust, TrustAnchor, TrustPurpose};
use crate::ports::StatusEvidence;

/// The most octets of what a signature is over.
pub const MOST_CONTENT: usize = 16 * 1024 * 1024;

/// One thing that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepName {
    /// The octets are a certificate, or a signature.
    Read,
    /// The signature is of this certificate's key over this content.
    Signature,
    /// A path leads to an authority that is trusted.
    Path,
    /// A certificate of that path.
    Certificate,
    /// What the certificate may be used for.
    Profile,
    /// Whom it names.
    Identity,
    /// Whether a certificate of the path is revoked.
    Status,
    /// The authority's rule for outages let an answer count that was to be renewed before.
    Outage,
}

impl StepName {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Signature => "signature",
            Self::Path => "path",
            Self::Certificate => "certificate",
            Self::Profile => "profile",
            Self::Identity => "identity",
            Self::Status => "status",
            Self::Outage => "outage",
        }
    }
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub name: StepName,
    /// Whether it holds; otherwise the rule that does not.
    pub verdict: Result<(), Rejection>,
    /// What was seen, by names of a closed list: `subject`, `issuer`, `serial`, `fingerprint`, `key`,
    /// `not_before`, `not_after`, `anchor`, `policy`, `holder`, `identifier`, `mail`, `source`
    /// (`responder`, `list`), `this_update`, `next_update`, `signing_time`. Numbers of people are
    /// masked.
    pub details: Vec<(&'static str, Shown)>,
}

/// What is known of a certificate that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The authority above it, as the operator calls it.
    pub anchor: String,
    /// Known to be good then: the oldest of what is known about the path.
    pub status_at: Timestamp,
    /// Whether it counts only by the authority's rule for outages.
    pub outdated: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// Whether the certificate counts; otherwise the first rule that does not hold.
    pub verdict: Result<Sound, Rejection>,
}

/// What somebody sent.
#[derive(Clone, Debug)]
pub struct Presented {
    certificate: Certificate,
    sent: Vec<Certificate>,
    steps: Vec<Step>,
}

impl Presented {
    /// Reads a certificate (DER, or PEM in which those between may follow it); or, where there is
    /// `content`, a detached CMS signature over it, of which it then is verified that the key of the
    /// certificate made it.
    ///
    /// # Errors
    /// The explanation of what is wrong with it.
    pub fn read(octets: &[u8], content: Option<&[u8]>) -> Result<Self, Explanation> {
        let refused = |name, why| {
            let steps = vec![step(name, Err(why))];
            let verdict = Err(why);
            Explanation { steps, verdict }
        };
        match content {
            None => Self::of_certificates(octets).map_err(|why| refused(StepName::Read, why)),
            Some(content) => {
                let signed = signed(octets).map_err(|why| refused(StepName::Read, why))?;
                Self::of_signature(&signed, content)
                    .map_err(|why| refused(StepName::Signature, why))
            }
        }
    }

    fn of_certificates(octets: &[u8]) -> Result<Self, Rejection> {
        let all = match octets.first() {
            Some(0x30) => vec![octets.to_vec()],
            _ => pem::blocks(Label::Certificate, octets)?,
        };
        let mut all = all.iter().map(|der| Certificate::parse(der));
        let certificate = all.next().unwrap_or(Err(Rejection::PemMalformed))?;
        let sent = all
            .take(pki::cms::MAX_CERTIFICATES)
            .collect::<Result<_, _>>()?;
        let mut read = step(StepName::Read, Ok(()));
        read.details = described(&certificate);
        Ok(Self {
            certificate,
            sent,
            steps: vec![read],
        })
    }

    fn of_signature(signed: &SignedData, content: &[u8]) -> Result<Self, Rejection> {
        if content.len() > MOST_CONTENT {
            return Err(Rejection::TooLarge);
        }
        let signature = signed.verify(content, &[], &mut Budget::default())?;
        let mut made = step(StepName::Signature, Ok(()));
        let said = signature.signing_time();
        made.details
            .extend(said.map(|at| ("signing_time", at.into())));
        let mut read = step(StepName::Read, Ok(()));
        read.details = described(signature.certificate());
        Ok(Self {
            certificate: signature.certificate().clone(),
            sent: signature.others().to_vec(),
            steps: vec![read, made],
        })
    }

    /// The certificate that is asked about.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Leads it to an authority, as [`super::find`] does. Only where that is there may anybody outside
    /// be asked.
    ///
    /// # Errors
    /// The explanation of why none is.
    pub fn find<'a>(
        mut self,
        trust: &'a Trust,
        purposes: &[TrustPurpose],
        now: Timestamp,
    ) -> Result<Judged<'a>, Explanation> {
        let found = find(&self.certificate, &self.sent, trust, purposes, now);
        let counts = |a: &&TrustAnchor| purposes.contains(&a.purpose) && a.counts_at(now);
        let anchor = match &found {
            Ok(found) => Ok((found.anchor(), found.candidate().path().clone())),
            Err(_) => self.path(trust.anchors.iter().filter(counts), now),
        };
        match anchor {
            Ok((anchor, path)) => {
                self.steps.extend(path_steps(anchor, &path));
                let holds = profile(anchor).check(&self.certificate);
                self.steps.push(step(StepName::Profile, holds));
            }
            Err(why) => self.steps.push(step(StepName::Path, Err(why))),
        }
        self.steps.push(named(&self.certificate));
        match found {
            Ok(found) => Ok(Judged {
                found,
                steps: self.steps,
            }),
            Err(why) => Err(Explanation {
                steps: self.steps,
                verdict: Err(why),
            }),
        }
    }

    /// The path to the first authority to which there is one, whatever the certificate is for.
    fn path<'a>(
        &self,
        anchors: impl Iterator<Item = &'a TrustAnchor>,
        now: Timestamp,
    ) -> Result<(&'a TrustAnchor, ValidPath), Rejection> {
        let mut why = Rejection::NoPath;
        for anchor in anchors {
            match self.path_to(anchor, now) {
                Ok(path) => return Ok((anchor, path)),
                Err(other) if why == Rejection::NoPath => why = other,
                Err(_) => {}
            }
        }
        Err(why)
    }

    fn path_to(&self, anchor: &TrustAnchor, now: Timestamp) -> Result<ValidPath, Rejection> {
        let mut top = PathAnchor::from_certificate(&Certificate::parse(&anchor.certificate.0)?);
        top.strength.sha1 = anchor.tolerance.sha1;
        let kept = parsed(&anchor.intermediates)?;
        let above: Vec<Certificate> = self.sent.iter().chain(&kept).cloned().collect();
        path::find(
            &self.certificate,
            &Certificate::distinct(above),
            &[top],
            &path_rules(anchor, time(now)),
            &mut Budget::default(),
        )
    }
}

/// A certificate that leads to an authority; its status is open.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    found: Found<'a>,
    steps: Vec<Step>,
}

impl<'a> Judged<'a> {
    /// What was found.
    pub const fn found(&self) -> &Found<'a> {
        &self.found
    }

    /// Decides by what is known of the status, as [`Found::verify`] does.
    pub fn conclude(mut self, evidence: &StatusEvidence, now: Timestamp) -> Explanation {
        let path = self.found.candidate().path();
        let statuses = (0..path.certificates().len())
            .map(|at| self.status(path, at, evidence, now))
            .collect::<Vec<_>>();
        self.steps.extend(statuses);
        let good = self.found.verify(evidence, now);
        let verdict = good.map(|good| Sound {
            anchor: good.anchor().name.clone(),
            status_at: good.status_at(),
            outdated: good.is_outdated(),
        });
        if let Ok(sound) = &verdict
            && sound.outdated
        {
            let mut outage = step(StepName::Outage, Ok(()));
            let since = Shown::Time(sound.status_at);
            outage.details.push(("this_update", since));
            self.steps.push(outage);
        }
        Explanation {
            steps: self.steps,
            verdict,
        }
    }

    fn status(
        &self,
        path: &ValidPath,
        at: usize,
        evidence: &StatusEvidence,
        now: Timestamp,
    ) -> Step {
        let anchor = self.found.anchor();
        let rules = path_rules(anchor, time(now));
        let fresh = parsed(&anchor.revocation.pinned_responders).and_then(|pinned| {
            let known = known(anchor, evidence, &pinned);
            status::check_one(path, at, known, &rules, &mut Budget::default())
        });
        let mut told = step(StepName::Status, fresh.map(drop));
        if let Some(certificate) = path.certificates().get(at) {
            let subject = super::describe::name(certificate.subject());
            told.details.push(("subject", subject.into()));
        }
        if let Ok(fresh) = fresh {
            let source = match fresh.source {
                Source::Responder => "responder",
                Source::List => "list",
            };
            told.details.push(("source", source.into()));
            told.details.push(("this_update", fresh.this_update.into()));
            let next = fresh.next_update.map(|at| ("next_update", at.into()));
            told.details.extend(next);
        }
        told
    }
}

fn step(name: StepName, verdict: Result<(), Rejection>) -> Step {
    Step {
        name,
        verdict,
        details: Vec::new(),
    }
}

fn signed(octets: &[u8]) -> Result<SignedData, Rejection> {
    SignedData::parse(&pem::der_or_pem(Label::Cms, octets)?)
}

fn described(certificate: &Certificate) -> Vec<(&'static str, Shown)> {
    let seen = Described::of(certificate);
    let mut details = vec![
        ("subject", seen.subject.into()),
        ("issuer", seen.issuer.into()),
        ("serial", seen.serial.into()),
        ("fingerprint", seen.fingerprint.into()),
        ("key", seen.key.into()),
        ("not_before", Shown::Time(seen.not_before)),
        ("not_after", Shown::Time(seen.not_after)),
    ];
    if seen.by_sha1 {
        details.push(("signed_over", "SHA-1".into()));
    }
    details
}

/// The path, then each certificate above the one that is asked about, from the authority down.
fn path_steps(anchor: &TrustAnchor, path: &ValidPath) -> Vec<Step> {
    let mut holds = step(StepName::Path, Ok(()));
    holds.details.push(("anchor", anchor.name.as_str().into()));
    let policies = path.policies().iter().filter_map(pki::Oid::dotted);
    holds
        .details
        .extend(policies.map(|oid| ("policy", oid.into())));
    let (_, above) = path.certificates().split_last().unzip();
    let above: &[Certificate] = above.unwrap_or_default();
    let between = above.iter().map(|certificate| Step {
        details: described(certificate),
        ..step(StepName::Certificate, Ok(()))
    });
    std::iter::once(holds).chain(between).collect()
}

/// Whom it names, as far as it says.
fn named(certificate: &Certificate) -> Step {
    let identity = match Identity::of(certificate.subject()) {
        Ok(identity) => identity,
        Err(why) => return step(StepName::Identity, Err(why)),
    };
    let holder = match identity.holder() {
        Holder::Person => "person",
        Holder::Organisation => "organisation",
        Holder::Unstated => "unstated",
    };
    let mut told = step(StepName::Identity, Ok(()));
    told.details.push(("holder", holder.into()));
    for identifier in identity.identifiers() {
        let number = match identifier.scheme().is_personal() {
            true => masked(identifier.number()),
            false => identifier.number().to_owned(),
        };
        let text = format!("{}:{number}", identifier.scheme().prefix());
        told.details.push(("identifier", text.into()));
    }
    let mails = identity::mail_addresses(certificate);
    told.details
        .extend(mails.into_iter().map(|mail| ("mail", mail.into())));
    told
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
