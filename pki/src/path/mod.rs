//! Certification paths: validated (RFC 5280 §6.1) and found.

mod build;
mod names;
mod policy;

use std::collections::BTreeSet;

pub use build::find;

use self::names::Constraints;
use self::policy::Policies;
use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::general_name::NameConstraints;
use crate::name::Name;
use crate::oid::Oid;
use crate::signature::{KeyInfo, Strength};
use crate::time::Time;

/// The most certificates below an anchor.
pub const LONGEST_PATH: usize = 10;

/// A trust anchor: a key under a name. It is the key that is trusted; a namesake is nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    name: Name,
    key: KeyInfo,
    constraints: Option<NameConstraints>,
    /// Which keys and digests count below it.
    pub strength: Strength,
}

impl TrustAnchor {
    /// The anchor that a certificate describes: its subject, its key and its name constraints. The
    /// certificate itself is not verified; its dates and other extensions mean nothing, because an
    /// anchor is trusted by decision, not by what it says of itself.
    pub fn from_certificate(certificate: &Certificate) -> Self {
        Self {
            name: certificate.subject().clone(),
            key: certificate.key().clone(),
            constraints: certificate.extensions.name_constraints.clone(),
            strength: Strength::default(),
        }
    }

    /// Its name.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Its key.
    pub const fn key(&self) -> &KeyInfo {
        &self.key
    }
}

/// The inputs of RFC 5280 §6.1.1 besides path and anchor.
#[derive(Clone, Debug)]
pub struct PathRules {
    /// When.
    pub time: Time,
    /// The policies that the user accepts; `anyPolicy` among them accepts all.
    pub initial_policies: BTreeSet<Oid>,
    /// One of them is required.
    pub explicit_policy: bool,
    /// No policy is mapped.
    pub inhibit_policy_mapping: bool,
    /// `anyPolicy` in certificates stands for nothing.
    pub inhibit_any_policy: bool,
}

impl PathRules {
    /// Any policy and none will do, at a time.
    pub fn at(time: Time) -> Self {
        Self {
            time,
            initial_policies: BTreeSet::from([Oid::any_policy()]),
            explicit_policy: false,
            inhibit_policy_mapping: false,
            inhibit_any_policy: false,
        }
    }
}

/// A path that holds. It says nothing about revocation and nothing about what the last certificate
/// may be used for.
#[derive(Clone, Debug)]
pub struct ValidPath {
    anchor: TrustAnchor,
    certificates: Vec<Certificate>,
    policies: BTreeSet<Oid>,
}

impl ValidPath {
    /// Where it begins.
    pub const fn anchor(&self) -> &TrustAnchor {
        &self.anchor
    }

    /// From the one that the anchor issued to the end entity; never empty.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The user-constrained policy set (RFC 5280 §6.1.5 (g)).
    pub const fn policies(&self) -> &BTreeSet<Oid> {
        &self.policies
    }

    /// Each certificate with name and key of who issued it.
    pub fn with_issuers(&self) -> impl Iterator<Item = (&Certificate, (&Name, &KeyInfo))> {
        let anchor = (&self.anchor.name, &self.anchor.key);
        let above = self.certificates.iter().map(|c| (c.subject(), c.key()));
        self.certificates
            .iter()
            .zip([anchor].into_iter().chain(above))
    }
}

/// Validates a path: `certificates` from the one that the anchor issued to the end entity, the
/// anchor's own certificate not among them (RFC 5280 §6.1.3 to §6.1.5, policies by RFC 9618).
///
/// Not checked: revocation, the purpose of the end entity.
///
/// # Errors
/// The first rule that does not hold, by certificate from the anchor down:
/// [`Rejection::PathLengthUnfit`] for none or more than [`LONGEST_PATH`], then what §6.1.3 and
/// §6.1.4 name; [`Rejection::BudgetSpent`].
pub fn validate(
    anchor: &TrustAnchor,
    certificates: &[Certificate],
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<ValidPath, Rejection> {
    judge(anchor, certificates, rules, budget, Signatures::Unknown)
}

/// What is known of the signatures when a path is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signatures {
    /// Nothing.
    Unknown,
    /// All but the anchor's were verified while the path was built; their strength was not judged.
    BelowFirst,
}

fn judge(
    anchor: &TrustAnchor,
    certificates: &[Certificate],
    rules: &PathRules,
    budget: &mut Budget,
    signatures: Signatures,
) -> Result<ValidPath, Rejection> {
    let (Some(last), 1..=LONGEST_PATH) = (certificates.last(), certificates.len()) else {
        return Err(Rejection::PathLengthUnfit);
    };
    let mut state = State {
        issuer: (&anchor.name, &anchor.key),
        constraints: Constraints::default(),
        policies: Policies::new(rules, certificates.len()),
        authorities_left: certificates.len(),
    };
    state.constraints.add(anchor.constraints.as_ref());
    for (at, certificate) in certificates.iter().enumerate() {
        let is_last = at + 1 == certificates.len();
        state.check_issuer(certificate)?;
        if at == 0 || signatures == Signatures::Unknown {
            state.check_signature(certificate, anchor.strength, budget)?;
        } else {
            certificate
                .signed()
                .check(state.issuer.1, anchor.strength)?;
        }
        check_time(certificate, rules.time)?;
        if is_last || !certificate.is_self_issued() {
            state.constraints.check(certificate, budget)?;
        }
        state.policies.process(certificate, is_last, budget)?;
        if !certificate.extensions.unknown_critical.is_empty() {
            return Err(Rejection::CriticalExtensionUnknown);
        }
        if !is_last {
            state.prepare(certificate, budget)?;
        }
    }
    anchor.strength.check(last.key())?;
    Ok(ValidPath {
        anchor: anchor.clone(),
        policies: state.policies.conclude(last, &rules.initial_policies)?,
        certificates: certificates.to_vec(),
    })
}

/// The state of RFC 5280 §6.1.2.
struct State<'a> {
    issuer: (&'a Name, &'a KeyInfo),
    constraints: Constraints<'a>,
    policies: Policies,
    authorities_left: usize,
}

impl<'a> State<'a> {
    /// §6.1.3 (a)(4).
    fn check_issuer(&self, certificate: &Certificate) -> Result<(), Rejection> {
        (certificate.issuer() == self.issuer.0)
            .then_some(())
            .ok_or(Rejection::NamesDoNotChain)
    }

    /// §6.1.3 (a)(1).
    fn check_signature(
        &self,
        certificate: &Certificate,
        strength: Strength,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        budget.signature()?;
        certificate
            .signed()
            .verify(certificate.der(), self.issuer.1, strength)
    }

    /// §6.1.4: the certificate becomes the issuer of the next.
    fn prepare(
        &mut self,
        certificate: &'a Certificate,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        let extensions = &certificate.extensions;
        self.policies.prepare(certificate, budget)?;
        self.constraints.add(extensions.name_constraints.as_ref());
        if !extensions.is_ca() {
            return Err(Rejection::NotAnAuthority);
        }
        if !certificate.is_self_issued() {
            self.authorities_left = self
                .authorities_left
                .checked_sub(1)
                .ok_or(Rejection::PathTooLong)?;
        }
        let bound = extensions.basic_constraints.and_then(|b| b.path_length);
        if let Some(bound) = bound.and_then(|b| usize::try_from(b).ok()) {
            self.authorities_left = self.authorities_left.min(bound);
        }
        if extensions
            .key_usage
            .is_some_and(|usage| !usage.key_cert_sign())
        {
            return Err(Rejection::KeyUsageWrong);
        }
        self.issuer = (certificate.subject(), certificate.key());
        Ok(())
    }
}

/// §6.1.3 (a)(2).
pub(crate) fn check_time(certificate: &Certificate, time: Time) -> Result<(), Rejection> {
    if time < certificate.not_before() {
        return Err(Rejection::NotYetValid);
    }
    if time > certificate.not_after() {
        return Err(Rejection::Expired);
    }
    Ok(())
}
