//! Whether a certificate is revoked, by revocation lists (RFC 5280 §6.3).

mod list;
mod signer;
#[cfg(test)]
mod tests;

pub use list::{Entry, MAX_LIST_BYTES, RevocationList, RevocationReason};

use self::signer::Signers;
use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::distribution_point::{DistributionPoint, IssuingDistributionPoint, PointName, Reasons};
use crate::error::Rejection;
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::path::{PathRules, ValidPath};
use crate::signature::{KeyInfo, Strength};
use crate::status::{Freshness, Source};

/// What is at hand to answer from. Nothing is fetched here: whoever asks brings it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// Lists of any issuer, complete and delta ones.
    pub lists: &'a [RevocationList],
    /// Certificates of whoever signs lists in the place of an issuer.
    pub certificates: &'a [Certificate],
}

/// Checks every certificate of a path, from the anchor down: none is revoked, for any reason, and
/// current lists say so.
///
/// A list counts when it is signed by the issuer's own key or by a certificate of the list's issuer
/// that a path leads to from the same anchor, may sign lists, and is not itself revoked; when it is
/// current (`nextUpdate` is required); when its scope and reasons cover the certificate. A delta
/// list amends the complete one it was made for.
///
/// # Errors
/// [`Rejection::Revoked`]; [`Rejection::RevocationUnknown`] when some reason is left open and
/// nothing more exact is known, else why the list that should have answered does not count;
/// [`Rejection::BudgetSpent`].
pub fn check(
    path: &ValidPath,
    evidence: Evidence<'_>,
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<(), Rejection> {
    for at in 0..path.certificates().len() {
        check_one(path, at, evidence, rules, budget)?;
    }
    Ok(())
}

/// Checks one certificate of a path, by its place from 0 for the one that the anchor issued: for
/// whoever asks for some of them elsewhere, and for the others here. How fresh the lists are that say
/// so.
///
/// # Errors
/// As [`check`]; [`Rejection::PathLengthUnfit`] when the path has no such certificate.
pub fn check_one(
    path: &ValidPath,
    at: usize,
    evidence: Evidence<'_>,
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<Freshness, Rejection> {
    let mut question = Question {
        path,
        evidence,
        rules,
        budget,
        signers: Vec::new(),
    };
    let (certificate, issuer) = path
        .with_issuers()
        .nth(at)
        .ok_or(Rejection::PathLengthUnfit)?;
    question.status(certificate, issuer)
}

/// One question with everything it may be answered from.
struct Question<'a, 'b> {
    path: &'a ValidPath,
    evidence: Evidence<'a>,
    rules: &'a PathRules,
    budget: &'b mut Budget,
    /// The signers of lists whose own status is being asked for already.
    signers: Vec<Certificate>,
}

/// What the lists said so far.
struct Answer {
    covered: Reasons,
    /// How fresh the lists are that said so.
    fresh: Option<Freshness>,
    /// Why a list of the right issuer did not count.
    why_not: Option<Rejection>,
}

impl Question<'_, '_> {
    fn strength(&self) -> Strength {
        self.path.anchor().strength
    }

    fn status(
        &mut self,
        certificate: &Certificate,
        issuer: (&Name, &KeyInfo),
    ) -> Result<Freshness, Rejection> {
        let mut answer = Answer {
            covered: Reasons::NONE,
            fresh: None,
            why_not: None,
        };
        for point in &certificate.extensions.crl_distribution_points {
            self.ask(certificate, issuer, point, &mut answer)?;
        }
        // RFC 5280 §6.3.3 at the end: lists of the certificate's issuer that no point names.
        let implied = DistributionPoint {
            name: Some(PointName::Full(vec![GeneralName::Directory(
                certificate.issuer().clone(),
            )])),
            reasons: None,
            issuer: Vec::new(),
        };
        self.ask(certificate, issuer, &implied, &mut answer)?;
        if let (Reasons::ALL, Some(fresh)) = (answer.covered, answer.fresh) {
            return Ok(fresh);
        }
        Err(answer.why_not.unwrap_or(Rejection::RevocationUnknown))
    }

    fn ask(
        &mut self,
        certificate: &Certificate,
        issuer: (&Name, &KeyInfo),
        point: &DistributionPoint,
        answer: &mut Answer,
    ) -> Result<(), Rejection> {
        let lists = self.evidence.lists;
        self.budget.comparisons(lists.len())?;
        for list in lists.iter().filter(|list| list.base().is_none()) {
            if answer.covered == Reasons::ALL {
                break;
            }
            if !is_issuer_of(list, point, certificate) {
                continue;
            }
            match self.one(list, certificate, issuer, (point, answer.covered)) {
                Ok((reasons, fresh)) => {
                    answer.covered = answer.covered.or(reasons);
                    answer.fresh = Some(answer.fresh.map_or(fresh, |known| known.or_older(fresh)));
                }
                Err(fatal @ (Rejection::Revoked | Rejection::BudgetSpent)) => return Err(fatal),
                Err(Rejection::CrlOfOtherScope) => {}
                Err(why) => {
                    answer.why_not.get_or_insert(why);
                }
            }
        }
        Ok(())
    }

    /// §6.3.3 (b) to (l) for one complete list: the reasons for which it says that the certificate
    /// is not revoked, and how fresh it is, or its delta list.
    fn one(
        &mut self,
        list: &RevocationList,
        certificate: &Certificate,
        issuer: (&Name, &KeyInfo),
        (point, covered): (&DistributionPoint, Reasons),
    ) -> Result<(Reasons, Freshness), Rejection> {
        let only = list.scope().and_then(|scope| scope.only_reasons);
        let interim = point
            .reasons
            .unwrap_or(Reasons::ALL)
            .and(only.unwrap_or(Reasons::ALL));
        if !is_in_scope(list.scope(), point, (list.issuer(), certificate))
            || covered.contain(interim)
        {
            return Err(Rejection::CrlOfOtherScope);
        }
        self.is_current(list)?;
        let key = Signers {
            question: self,
            issuer,
        }
        .key_of(list)?;
        let serial = certificate.serial();
        let mut entry = list.find(certificate.issuer(), serial);
        let mut fresh = freshness(list);
        if let Some(delta) = self.delta(list, &key)? {
            entry = delta.find(certificate.issuer(), serial).or(entry);
            fresh = freshness(delta);
        }
        match entry {
            Some(entry) if entry.reason != RevocationReason::REMOVE_FROM_LIST => {
                Err(Rejection::Revoked)
            }
            _ => Ok((interim, fresh)),
        }
    }

    fn is_current(&self, list: &RevocationList) -> Result<(), Rejection> {
        if list.has_unknown_critical() {
            return Err(Rejection::CrlExtensionUnknown);
        }
        let until = list.next_update().ok_or(Rejection::CrlOutOfDate)?;
        (list.this_update() <= self.rules.time && self.rules.time <= until)
            .then_some(())
            .ok_or(Rejection::CrlOutOfDate)
    }

    /// §6.3.3 (c), (h): the newest current delta list for a complete one, under the same key.
    fn delta(
        &mut self,
        complete: &RevocationList,
        key: &KeyInfo,
    ) -> Result<Option<&RevocationList>, Rejection> {
        let mut newest: Option<&RevocationList> = None;
        let lists = self.evidence.lists;
        for delta in lists.iter().filter(|delta| amends(delta, complete)) {
            let is_newer = newest.is_none_or(|n| greater(delta.number(), n.number()));
            if !is_newer || self.is_current(delta).is_err() {
                continue;
            }
            self.budget.signature()?;
            if delta.verify_signature(key, self.strength()).is_ok() {
                newest = Some(delta);
            }
        }
        Ok(newest)
    }
}

fn freshness(list: &RevocationList) -> Freshness {
    Freshness {
        source: Source::List,
        this_update: list.this_update(),
        next_update: list.next_update(),
    }
}

/// §6.3.3 (b)(1): the point names the list's issuer, or the certificate's issuer made the list.
fn is_issuer_of(
    list: &RevocationList,
    point: &DistributionPoint,
    certificate: &Certificate,
) -> bool {
    if point.issuer.is_empty() {
        return list.issuer() == certificate.issuer();
    }
    let is_indirect = list.scope().is_some_and(|scope| scope.indirect);
    let named =
        |name: &GeneralName| matches!(name, GeneralName::Directory(n) if n == list.issuer());
    // A point may name the certificate's own issuer without any need.
    (is_indirect || list.issuer() == certificate.issuer()) && point.issuer.iter().any(named)
}

/// §6.3.3 (b)(2): the list's own scope covers point and certificate.
fn is_in_scope(
    scope: Option<&IssuingDistributionPoint>,
    point: &DistributionPoint,
    (list_issuer, certificate): (&Name, &Certificate),
) -> bool {
    let Some(scope) = scope else { return true };
    let is_ca = certificate.extensions.is_ca();
    if scope.only_attributes || (scope.only_users && is_ca) || (scope.only_authorities && !is_ca) {
        return false;
    }
    let Some(name) = &scope.name else { return true };
    let of_list = full_names(name, list_issuer);
    let of_point = match &point.name {
        Some(name) => {
            let below = point.issuer.iter().find_map(|n| match n {
                GeneralName::Directory(name) => Some(name),
                _ => None,
            });
            full_names(name, below.unwrap_or(certificate.issuer()))
        }
        None => point.issuer.clone(),
    };
    of_list.iter().any(|name| of_point.contains(name))
}

fn full_names(name: &PointName, issuer: &Name) -> Vec<GeneralName> {
    match name {
        PointName::Full(names) => names.clone(),
        PointName::RelativeToIssuer(set) => {
            let below = issuer.below(set).map(GeneralName::Directory);
            below.into_iter().collect()
        }
    }
}

/// §5.2.4: same issuer, scope and signing key, made for a list not newer than the complete one, and
/// newer than it itself.
fn amends(delta: &RevocationList, complete: &RevocationList) -> bool {
    let Some(base) = delta.base() else {
        return false;
    };
    delta.issuer() == complete.issuer()
        && delta.scope() == complete.scope()
        && delta.authority_key() == complete.authority_key()
        && !greater(Some(base), complete.number())
        && greater(delta.number(), complete.number())
}

/// Compares two numbers without leading zeros; nothing is greater than an absent one's absence.
fn greater(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a.len(), a) > (b.len(), b),
        _ => false,
    }
}
