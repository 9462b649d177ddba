//! Whose key signed a revocation list (RFC 5280 §6.3.3 (f), (g)).

use super::{Question, RevocationList};
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::name::Name;
use crate::path;
use crate::signature::KeyInfo;

/// A signer of a list may itself be on a list of another signer, and so on; not further than this.
const DEEPEST: usize = 3;

/// Looks for the key that a list is signed with.
pub(super) struct Signers<'q, 'a, 'b> {
    pub(super) question: &'q mut Question<'a, 'b>,
    /// Name and key of the issuer of the certificate in question.
    pub(super) issuer: (&'q Name, &'q KeyInfo),
}

impl Signers<'_, '_, '_> {
    /// The key: that of the certificate's issuer, when the list is its own and its certificate does
    /// not forbid it; otherwise that of a certificate under the list's issuer's name, to which a
    /// path leads from the same anchor.
    pub(super) fn key_of(&mut self, list: &RevocationList) -> Result<KeyInfo, Rejection> {
        let (name, key) = self.issuer;
        let mut why_not = Rejection::CrlSignerWrong;
        if name == list.issuer() {
            match self.own(list, name, key) {
                Ok(()) => return Ok(key.clone()),
                Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
                Err(why) => why_not = why,
            }
        }
        if self.question.signers.len() > DEEPEST {
            return Err(why_not);
        }
        let certificates = self.question.evidence.certificates;
        let of_issuer = certificates.iter().filter(|c| c.subject() == list.issuer());
        for candidate in of_issuer {
            match self.by(candidate, list) {
                Ok(()) => return Ok(candidate.key().clone()),
                Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
                Err(Rejection::SignatureWrong) => {}
                Err(why) => why_not = why,
            }
        }
        Err(why_not)
    }

    fn verify(&mut self, list: &RevocationList, key: &KeyInfo) -> Result<(), Rejection> {
        self.question.budget.signature()?;
        list.verify_signature(key, self.question.strength())
    }

    /// The issuer's own key; the issuer's certificate in the path must allow it to sign lists.
    fn own(&mut self, list: &RevocationList, name: &Name, key: &KeyInfo) -> Result<(), Rejection> {
        let is_it = |c: &&Certificate| c.subject() == name && c.key() == key;
        let above = self.question.path.certificates().iter().find(is_it);
        if above.is_some_and(|c| !may_sign_lists(c)) {
            return Err(Rejection::CrlSignerWrong);
        }
        self.verify(list, key)
    }

    fn by(&mut self, candidate: &Certificate, list: &RevocationList) -> Result<(), Rejection> {
        self.verify(list, candidate.key())?;
        if !may_sign_lists(candidate) {
            return Err(Rejection::CrlSignerWrong);
        }
        let question = &mut *self.question;
        let anchors = std::slice::from_ref(question.path.anchor());
        let authorities = [question.path.certificates(), question.evidence.certificates].concat();
        let authorities = Certificate::distinct(authorities);
        let path = path::find(
            candidate,
            &authorities,
            anchors,
            question.rules,
            question.budget,
        )?;
        // A signer may be the one who answers for itself (PKITS 4.14.30); asked twice it would have
        // to answer for ever.
        if question.signers.contains(candidate) {
            return Ok(());
        }
        let mut signers = question.signers.clone();
        signers.push(candidate.clone());
        let mut inner = Question {
            path: &path,
            evidence: question.evidence,
            rules: question.rules,
            budget: question.budget,
            signers,
        };
        for (certificate, issuer) in path.with_issuers() {
            inner.status(certificate, issuer)?;
        }
        Ok(())
    }
}

/// `keyUsage` is absent or names `cRLSign`.
fn may_sign_lists(certificate: &Certificate) -> bool {
    certificate
        .extensions
        .key_usage
        .is_none_or(|usage| usage.crl_sign())
}
