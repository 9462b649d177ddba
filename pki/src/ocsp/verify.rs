//! What an answer proves.

use super::request::{CertId, Nonce};
use super::response::{CertStatus, ResponderId, Response, Single};
use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::name::Name;
use crate::oid::{self, Oid};
use crate::path::{self, PathRules, ValidPath};
use crate::revocation::{self, Evidence};
use crate::signature::{self, Digest, KeyInfo, Strength};
use crate::time::Time;

/// How far clocks may differ and how old an answer may be, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// By how much the responder's clock may differ from ours.
    pub skew: i64,
    /// The greatest age since `thisUpdate`, whatever `nextUpdate` allows.
    pub max_age: i64,
}

impl Default for Bounds {
    /// Five minutes of skew; seven days, as long as public authorities' answers live.
    fn default() -> Self {
        Self {
            skew: 300,
            max_age: 7 * 86_400,
        }
    }
}

/// What is asked of the nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceRule<'a> {
    /// None was sent; one that comes back all the same means nothing.
    Ignored,
    /// This one was sent; an answer made in advance, without any, will do.
    IfPresent(&'a Nonce),
    /// This one was sent and must come back.
    Required(&'a Nonce),
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Responder {
    /// The issuer of the certificate itself.
    Issuer,
    /// Somebody whom the issuer certified for it.
    Delegate(Certificate),
    /// Somebody whom the operator pinned.
    Pinned(Certificate),
}

/// A verified answer, with how fresh it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: CertStatus,
    this_update: Time,
    next_update: Option<Time>,
    produced_at: Time,
    responder: Responder,
    nonce_came_back: bool,
}

impl Answer {
    /// What was said.
    pub const fn status(&self) -> CertStatus {
        self.status
    }

    /// Known to be so at that time; this is how fresh the answer is.
    pub const fn this_update(&self) -> Time {
        self.this_update
    }

    /// News come by then; the answer may be kept so long.
    pub const fn next_update(&self) -> Option<Time> {
        self.next_update
    }

    /// Signed.
    pub const fn produced_at(&self) -> Time {
        self.produced_at
    }

    /// Who said it.
    pub const fn responder(&self) -> &Responder {
        &self.responder
    }

    /// Whether it was made for this very question.
    pub const fn nonce_came_back(&self) -> bool {
        self.nonce_came_back
    }

    /// Good and nothing else is good.
    ///
    /// # Errors
    /// [`Rejection::Revoked`]; [`Rejection::RevocationUnknown`].
    pub const fn require_good(&self) -> Result<(), Rejection> {
        match self.status {
            CertStatus::Good => Ok(()),
            CertStatus::Revoked { .. } => Err(Rejection::Revoked),
            CertStatus::Unknown => Err(Rejection::RevocationUnknown),
        }
    }
}

/// What an answer is held against.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// A path that holds.
    pub path: &'a ValidPath,
    /// Which certificate of the path, from 0 for the one that the anchor issued.
    pub at: usize,
    /// Responders that the operator pinned for this issuer, besides those that it certified.
    pub pinned: &'a [Certificate],
    /// Revocation lists for a delegate that is not exempt by `id-pkix-ocsp-nocheck`.
    pub evidence: Evidence<'a>,
    /// What is asked of the nonce.
    pub nonce: NonceRule<'a>,
    /// Bounds of time.
    pub bounds: Bounds,
    /// When, among others.
    pub rules: &'a PathRules,
}

impl Question<'_> {
    /// Verifies an answer (RFC 6960 §3.2): it speaks of this certificate exactly once, is signed by
    /// whom it names, who may speak for the issuer, and is of a time that counts. A revoked or
    /// unknown certificate is an answer, too: see [`Answer::require_good`].
    ///
    /// The signer may be the issuer's own key; a certificate that the issuer itself signed, with
    /// `OCSPSigning`, valid and not revoked; or a pinned one, valid.
    ///
    /// # Errors
    /// [`Rejection::PathLengthUnfit`] when the path has no such certificate;
    /// [`Rejection::OcspExtensionUnknown`]; [`Rejection::OcspOfOtherCertificate`],
    /// [`Rejection::OcspAmbiguous`]; [`Rejection::OcspResponderUnknown`],
    /// [`Rejection::OcspResponderUnauthorized`] or why the delegate's path does not hold;
    /// [`Rejection::SignatureWrong`] and those of weak keys and algorithms;
    /// [`Rejection::OcspNotYetValid`], [`Rejection::OcspOutOfDate`], [`Rejection::OcspTooOld`];
    /// [`Rejection::OcspNonceMissing`], [`Rejection::OcspNonceWrong`];
    /// [`Rejection::RevocationUnknown`] and others for a delegate of unknown status;
    /// [`Rejection::BudgetSpent`].
    pub fn verify(&self, response: &Response, budget: &mut Budget) -> Result<Answer, Rejection> {
        let (certificate, issuer) = self
            .path
            .with_issuers()
            .nth(self.at)
            .ok_or(Rejection::PathLengthUnfit)?;
        if response.unknown_critical {
            return Err(Rejection::OcspExtensionUnknown);
        }
        let single = about(response, certificate, issuer.1)?;
        self.check_times(response, single)?;
        let nonce_came_back = self.check_nonce(response)?;
        let responder = self.responder(response, issuer, budget)?;
        Ok(Answer {
            status: single.status,
            this_update: single.this_update,
            next_update: single.next_update,
            produced_at: response.produced_at,
            responder,
            nonce_came_back,
        })
    }

    fn check_times(&self, response: &Response, single: &Single) -> Result<(), Rejection> {
        let now = self.rules.time;
        let Bounds { skew, max_age } = self.bounds;
        let latest = now.plus(skew);
        let backwards = single
            .next_update
            .is_some_and(|next| next < single.this_update);
        let before_known = response.produced_at.plus(skew) < single.this_update;
        if single.this_update > latest || response.produced_at > latest || backwards || before_known
        {
            return Err(Rejection::OcspNotYetValid);
        }
        if single.next_update.is_some_and(|next| next.plus(skew) < now) {
            return Err(Rejection::OcspOutOfDate);
        }
        if single.this_update.plus(max_age) < now {
            return Err(Rejection::OcspTooOld);
        }
        Ok(())
    }

    /// Whether the nonce that was sent came back.
    fn check_nonce(&self, response: &Response) -> Result<bool, Rejection> {
        let (sent, required) = match self.nonce {
            NonceRule::Ignored => return Ok(false),
            NonceRule::IfPresent(nonce) => (nonce, false),
            NonceRule::Required(nonce) => (nonce, true),
        };
        match response.nonce.as_deref() {
            Some(came) if came == sent.0 => Ok(true),
            Some(_) => Err(Rejection::OcspNonceWrong),
            None if required => Err(Rejection::OcspNonceMissing),
            None => Ok(false),
        }
    }

    /// Finds who signed: the issuer, then pinned ones, then certificates that came along.
    fn responder(
        &self,
        response: &Response,
        (name, key): (&Name, &KeyInfo),
        budget: &mut Budget,
    ) -> Result<Responder, Rejection> {
        let strength = self.path.anchor().strength;
        if is_named(&response.responder, name, key) {
            verify_by(response, key, strength, budget)?;
            return Ok(Responder::Issuer);
        }
        let named = |c: &&Certificate| is_named(&response.responder, c.subject(), c.key());
        let mut why_not = Rejection::OcspResponderUnknown;
        // A renewed responder keeps its name: all of that name are tried.
        for pinned in self.pinned.iter().filter(named) {
            let answered = path::check_time(pinned, self.rules.time)
                .and_then(|()| verify_by(response, pinned.key(), strength, budget));
            match answered {
                Ok(()) => return Ok(Responder::Pinned(pinned.clone())),
                Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
                Err(why) => why_not = why,
            }
        }
        for delegate in response.certificates.iter().filter(named) {
            let answered = self
                .check_delegate(delegate, name, budget)
                .and_then(|()| verify_by(response, delegate.key(), strength, budget));
            match answered {
                Ok(()) => return Ok(Responder::Delegate(delegate.clone())),
                Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
                Err(why) => why_not = why,
            }
        }
        Err(why_not)
    }

    /// RFC 6960 §4.2.2.2: issued by this very issuer, meant for this, and not revoked.
    fn check_delegate(
        &self,
        delegate: &Certificate,
        issuer: &Name,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        let unauthorized = Rejection::OcspResponderUnauthorized;
        let extensions = delegate.extensions();
        let signing = Oid::from_content(oid::OCSP_SIGNING);
        let is_meant = extensions
            .extended_key_usage
            .as_ref()
            .is_some_and(|purposes| purposes.contains(&signing));
        let may_sign = extensions
            .key_usage
            .is_none_or(|usage| usage.digital_signature() || usage.non_repudiation());
        if delegate.issuer() != issuer || !is_meant || !may_sign {
            return Err(unauthorized);
        }
        let above = self.path.certificates().get(..self.at).unwrap_or_default();
        let certificates = [above, std::slice::from_ref(delegate)].concat();
        let path = path::validate(self.path.anchor(), &certificates, self.rules, budget).map_err(
            |why| match why {
                // A namesake of the issuer signed it.
                Rejection::SignatureWrong | Rejection::AlgorithmOfOtherKey => unauthorized,
                other => other,
            },
        )?;
        if extensions.ocsp_no_check {
            return Ok(());
        }
        revocation::check_one(&path, self.at, self.evidence, self.rules, budget).map(|_| ())
    }
}

/// The one answer about this certificate.
fn about<'r>(
    response: &'r Response,
    certificate: &Certificate,
    issuer: &KeyInfo,
) -> Result<&'r Single, Rejection> {
    let id = |digest| CertId::new(digest, certificate.issuer(), issuer, certificate.serial());
    let mut matching = response
        .singles
        .iter()
        .filter(|single| single.id == id(single.id.digest()));
    match (matching.next(), matching.next()) {
        (Some(single), None) => Ok(single),
        (None, _) => Err(Rejection::OcspOfOtherCertificate),
        (Some(_), Some(_)) => Err(Rejection::OcspAmbiguous),
    }
}

/// Whether the answer names this one as its signer; keys are named by their SHA-1.
fn is_named(responder: &ResponderId, name: &Name, key: &KeyInfo) -> bool {
    match responder {
        ResponderId::Name(named) => named == name,
        ResponderId::KeyHash(hash) => **hash == *Digest::Sha1.of(key.bits()),
    }
}

fn verify_by(
    response: &Response,
    key: &KeyInfo,
    strength: Strength,
    budget: &mut Budget,
) -> Result<(), Rejection> {
    strength.check(key)?;
    budget.signature()?;
    signature::verify(
        response.algorithm?,
        key,
        &response.data,
        &response.signature,
        strength,
    )
}
