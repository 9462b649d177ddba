//! Name constraints along a path (RFC 5280 §6.1.3 (b), (c), §6.1.4 (g)).

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::extensions::mail_addresses;
use crate::general_name::{GeneralName, NameConstraints};

/// The constraints of all authorities so far. Permitted subtrees of several authorities intersect,
/// which is the same as asking each for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints<'a> {
    all: Vec<&'a NameConstraints>,
}

impl<'a> Constraints<'a> {
    pub(super) fn add(&mut self, constraints: Option<&'a NameConstraints>) {
        self.all.extend(constraints);
    }

    /// Every name of the certificate is permitted by every authority and excluded by none.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        if self.all.is_empty() {
            return Ok(());
        }
        for name in &names(certificate) {
            for constraints in &self.all {
                budget.comparisons(constraints.permitted.len() + constraints.excluded.len())?;
                check_one(name, constraints)?;
            }
        }
        Ok(())
    }
}

/// The subject, its alternative names, and where there are none of these, its mail addresses.
fn names(certificate: &Certificate) -> Vec<GeneralName> {
    let mut names = certificate.extensions.subject_alt_names.clone();
    if names.is_empty() {
        names = mail_addresses(certificate.subject());
    }
    if !certificate.subject().is_empty() {
        names.push(GeneralName::Directory(certificate.subject().clone()));
    }
    names
}

fn check_one(name: &GeneralName, constraints: &NameConstraints) -> Result<(), Rejection> {
    for excluded in constraints.excluded.iter().filter(|c| name.is_of_kind(c)) {
        if name.is_within(excluded)? {
            return Err(Rejection::NameExcluded);
        }
    }
    let mut permitted = constraints
        .permitted
        .iter()
        .filter(|c| name.is_of_kind(c))
        .peekable();
    if permitted.peek().is_none() {
        return Ok(());
    }
    for subtree in permitted {
        if name.is_within(subtree)? {
            return Ok(());
        }
    }
    Err(Rejection::NameNotPermitted)
}
