//! Finding a path from an end entity to an anchor among certificates of any origin.

use super::{LONGEST_PATH, PathRules, Signatures, TrustAnchor, ValidPath, judge};
use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;

/// Finds a valid path for `end` through `authorities` to one of `anchors`. Depth first, the most
/// likely candidates first: an issuer whose key identifier is the one named, then the others of
/// that name. Candidates whose signature does not fit are left at once. A certificate under the
/// anchor's own name and key is never part of a path.
///
/// # Errors
/// [`Rejection::BudgetSpent`]; the refusal of the first path that led to an anchor; where none did,
/// [`Rejection::SignatureWrong`] when an issuer of the right name had another key, otherwise
/// [`Rejection::NoPath`].
pub fn find(
    end: &Certificate,
    authorities: &[Certificate],
    anchors: &[TrustAnchor],
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<ValidPath, Rejection> {
    let mut search = Search {
        authorities,
        anchors,
        rules,
        budget,
        refused: None,
        why_not: Rejection::NoPath,
    };
    let mut path = vec![end];
    match search.climb(&mut path)? {
        Some(found) => Ok(found),
        None => Err(search.refused.unwrap_or(search.why_not)),
    }
}

struct Search<'a, 'b> {
    authorities: &'a [Certificate],
    anchors: &'a [TrustAnchor],
    rules: &'a PathRules,
    budget: &'b mut Budget,
    /// Why the first path that led to an anchor does not hold.
    refused: Option<Rejection>,
    /// Why none led to an anchor.
    why_not: Rejection,
}

impl<'a> Search<'a, '_> {
    /// `path` from the end entity upwards. An error ends the whole search.
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> Result<Option<ValidPath>, Rejection> {
        let Some(top) = path.last().copied() else {
            return Ok(None);
        };
        self.budget
            .comparisons(self.anchors.len() + self.authorities.len())?;
        for anchor in self.anchors.iter().filter(|a| a.name() == top.issuer()) {
            let downwards: Vec<Certificate> = path.iter().rev().map(|c| (*c).clone()).collect();
            let known = Signatures::BelowFirst;
            match judge(anchor, &downwards, self.rules, self.budget, known) {
                Ok(valid) => return Ok(Some(valid)),
                Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
                Err(wrong @ Rejection::SignatureWrong) if path.len() == 1 => self.why_not = wrong,
                Err(refusal) => {
                    self.refused.get_or_insert(refusal);
                }
            }
        }
        if path.len() == LONGEST_PATH {
            return Ok(None);
        }
        for candidate in self.candidates(top, path) {
            self.budget.signature()?;
            let fits = top
                .signed()
                .verify(top.der(), candidate.key(), self.weakest());
            if let Err(why_not) = fits {
                self.why_not = why_not;
                continue;
            }
            path.push(candidate);
            if let Some(found) = self.climb(path)? {
                return Ok(Some(found));
            }
            path.pop();
        }
        Ok(None)
    }

    /// Candidates are tried before it is known to which anchor they lead; validating decides.
    fn weakest(&self) -> crate::signature::Strength {
        let mut weakest = crate::signature::Strength::default();
        for anchor in self.anchors {
            weakest.sha1 |= anchor.strength.sha1;
        }
        weakest
    }

    /// Authorities of the issuer's name that are not in the path already, under their name and key;
    /// those whose key identifier is the one named come first.
    fn candidates(&self, top: &Certificate, path: &[&Certificate]) -> Vec<&'a Certificate> {
        let same =
            |a: &Certificate, b: &Certificate| a.key() == b.key() && a.subject() == b.subject();
        let named = top.extensions.authority_key_identifier.as_ref();
        let named = named.and_then(|identifier| identifier.key.as_deref());
        let mut candidates: Vec<&'a Certificate> = self
            .authorities
            .iter()
            .filter(|a| a.subject() == top.issuer())
            .filter(|a| !path.iter().any(|p| same(a, p)))
            .filter(|a| {
                let is_anchor = |t: &TrustAnchor| t.name() == a.subject() && t.key() == a.key();
                !self.anchors.iter().any(is_anchor)
            })
            .collect();
        candidates.sort_by_key(|candidate| {
            let own = candidate.extensions.subject_key_identifier.as_deref();
            !(named.is_some() && own == named)
        });
        candidates
    }
}
