//! The rules of an authority as an administrator says them: what is not said stays.

use std::collections::BTreeSet;

use pki::path::{self, PathRules, TrustAnchor as PathAnchor};
use pki::pem::{self, Label};
use pki::{Budget, Certificate, Oid};
use url::Url;

use crate::base::refusal::Reason;
use crate::base::text::label;
use crate::base::time::Timestamp;
use crate::model::trust::{Der, MOST_INTERMEDIATES, OutageRule, TrustAnchor, TrustPurpose};
use crate::trust::time;

/// The most lists that are fetched besides those that certificates name.
const MOST_ADDRESSES: usize = 16;
/// The longest address of one.
const ADDRESS_LENGTH: usize = 1024;
/// The most pinned responders.
const MOST_RESPONDERS: usize = 8;
/// The most purposes, and the most policies.
const MOST_OIDS: usize = 16;
/// The most organisations whose mail addresses are believed.
const MOST_ORGANISATIONS: usize = 256;
/// The longest name of one, in characters.
const ORGANISATION_LENGTH: usize = 200;
/// How long the last good answer may count, in hours.
const OUTAGE_HOURS: std::ops::RangeInclusive<u16> = 1..=168;
/// How old an answer may be, in seconds.
const ANSWER_SECONDS: std::ops::RangeInclusive<u32> = 60..=604_800;

/// Rules of an authority, each of which may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnchorRules {
    /// What for.
    pub purpose: Option<TrustPurpose>,
    /// All certificates of authorities below it: each DER, or PEM with one or several.
    pub intermediates: Option<Vec<Vec<u8>>>,
    /// Whether `CCCD:` is believed.
    pub personal_id: Option<bool>,
    /// Whether `MST:` is believed.
    pub tax_code: Option<bool>,
    /// Of which organisations mail addresses are believed.
    pub mail_of: Option<BTreeSet<String>>,
    /// Whether responders are asked.
    pub responders: Option<bool>,
    /// Whether lists are fetched that certificates name.
    pub lists: Option<bool>,
    /// Lists that are fetched besides.
    pub list_addresses: Option<Vec<String>>,
    /// All pinned responders: each DER, or PEM with one or several.
    pub pinned_responders: Option<Vec<Vec<u8>>>,
    /// The most seconds that an answer may be old.
    pub answer_seconds: Option<u32>,
    /// For how many hours the last good answer counts in an outage; 0 refuses at once.
    pub outage_hours: Option<u16>,
    /// Whether SHA-1 is tolerated.
    pub sha1: Option<bool>,
    /// Whether `nonRepudiation` alone is tolerated.
    pub non_repudiation_alone: Option<bool>,
    /// The purposes of which one is required.
    pub purposes_required: Option<BTreeSet<String>>,
    /// The policies of which one is required.
    pub policies_required: Option<BTreeSet<String>>,
    /// Counts from.
    pub from: Option<Timestamp>,
    /// Counts until, or for good.
    pub until: Option<Option<Timestamp>>,
}

impl AnchorRules {
    /// These, and where they say nothing the others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            purpose: self.purpose.or(other.purpose),
            intermediates: self.intermediates.or(other.intermediates),
            personal_id: self.personal_id.or(other.personal_id),
            tax_code: self.tax_code.or(other.tax_code),
            mail_of: self.mail_of.or(other.mail_of),
            responders: self.responders.or(other.responders),
            lists: self.lists.or(other.lists),
            list_addresses: self.list_addresses.or(other.list_addresses),
            pinned_responders: self.pinned_responders.or(other.pinned_responders),
            answer_seconds: self.answer_seconds.or(other.answer_seconds),
            outage_hours: self.outage_hours.or(other.outage_hours),
            sha1: self.sha1.or(other.sha1),
            non_repudiation_alone: self.non_repudiation_alone.or(other.non_repudiation_alone),
            purposes_required: self.purposes_required.or(other.purposes_required),
            policies_required: self.policies_required.or(other.policies_required),
            from: self.from.or(other.from),
            until: self.until.or(other.until),
        }
    }

    /// Puts them into an anchor; answers the names of those that changed it.
    ///
    /// # Errors
    /// `trust_too_many`, `trust_organisation_malformed`, `trust_list_address_invalid`,
    /// `trust_answer_seconds_unfit`, `trust_outage_hours_unfit`, `trust_oid_malformed`,
    /// `trust_window_reversed`, `trust_certificate_malformed`, `trust_not_authority`,
    /// `trust_intermediate_unchained` (as of `now`).
    pub(super) fn apply(
        &self,
        anchor: &mut TrustAnchor,
        now: Timestamp,
    ) -> Result<Vec<&'static str>, Reason> {
        let was = anchor.clone();
        self.apply_identity(anchor)?;
        self.apply_revocation(anchor)?;
        set(&mut anchor.purpose, self.purpose);
        set(&mut anchor.tolerance.sha1, self.sha1);
        let alone = &mut anchor.tolerance.non_repudiation_alone;
        set(alone, self.non_repudiation_alone);
        set(
            &mut anchor.purposes_required,
            oids(&self.purposes_required)?,
        );
        set(
            &mut anchor.policies_required,
            oids(&self.policies_required)?,
        );
        set(&mut anchor.from, self.from);
        set(&mut anchor.until, self.until);
        if anchor.until.is_some_and(|until| until <= anchor.from) {
            return Err(Reason::TrustWindowReversed);
        }
        if let Some(given) = &self.intermediates {
            anchor.intermediates = several(given, MOST_INTERMEDIATES)?;
        }
        if self.intermediates.is_some() || self.sha1.is_some() {
            check_chains(anchor, now)?;
        }
        Ok(changed(&was, anchor))
    }

    fn apply_identity(&self, anchor: &mut TrustAnchor) -> Result<(), Reason> {
        set(&mut anchor.identity.personal_id, self.personal_id);
        set(&mut anchor.identity.tax_code, self.tax_code);
        if let Some(organisations) = &self.mail_of {
            bounded(organisations.len(), MOST_ORGANISATIONS)?;
            let read = |name: &String| {
                label(name, ORGANISATION_LENGTH).map_err(|_| Reason::TrustOrganisationMalformed)
            };
            anchor.identity.mail_of = organisations.iter().map(read).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    fn apply_revocation(&self, anchor: &mut TrustAnchor) -> Result<(), Reason> {
        let rule = &mut anchor.revocation;
        set(&mut rule.responders, self.responders);
        set(&mut rule.lists, self.lists);
        if let Some(addresses) = &self.list_addresses {
            bounded(addresses.len(), MOST_ADDRESSES)?;
            rule.list_addresses = addresses
                .iter()
                .map(|text| address(text))
                .collect::<Result<_, _>>()?;
        }
        if let Some(given) = &self.pinned_responders {
            rule.pinned_responders = several(given, MOST_RESPONDERS)?;
        }
        if let Some(seconds) = self.answer_seconds {
            if !ANSWER_SECONDS.contains(&seconds) {
                return Err(Reason::TrustAnswerSecondsUnfit);
            }
            rule.answer_seconds = seconds;
        }
        match self.outage_hours {
            None => {}
            Some(0) => rule.outage = OutageRule::Refuse,
            Some(hours) if OUTAGE_HOURS.contains(&hours) => {
                rule.outage = OutageRule::LastGood { hours };
            }
            Some(_) => return Err(Reason::TrustOutageHoursUnfit),
        }
        Ok(())
    }
}

fn set<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}

/// What an event names.
fn changed(was: &TrustAnchor, is: &TrustAnchor) -> Vec<&'static str> {
    let fields = [
        ("purpose", was.purpose != is.purpose),
        ("intermediates", was.intermediates != is.intermediates),
        ("identity", was.identity != is.identity),
        ("revocation", was.revocation != is.revocation),
        ("tolerance", was.tolerance != is.tolerance),
        (
            "purposes_required",
            was.purposes_required != is.purposes_required,
        ),
        (
            "policies_required",
            was.policies_required != is.policies_required,
        ),
        ("from", was.from != is.from),
        ("until", was.until != is.until),
    ];
    let changed = fields.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(name, _)| name).collect()
}

/// At most so many of something.
pub(super) fn bounded(count: usize, most: usize) -> Result<(), Reason> {
    (count <= most).then_some(()).ok_or(Reason::TrustTooMany)
}

/// One certificate, DER or PEM.
pub(super) fn certificate(octets: &[u8]) -> Result<Certificate, Reason> {
    let [one] = <[Certificate; 1]>::try_from(certificates(octets)?)
        .map_err(|_| Reason::TrustCertificateNotOne)?;
    Ok(one)
}

/// DER of one certificate, or PEM of any number.
fn certificates(octets: &[u8]) -> Result<Vec<Certificate>, Reason> {
    let all = match octets.first() {
        Some(0x30) => Ok(vec![octets.to_vec()]),
        _ => pem::blocks(Label::Certificate, octets),
    };
    let parsed = all.and_then(|all| all.iter().map(|der| Certificate::parse(der)).collect());
    parsed.map_err(|_| Reason::TrustCertificateMalformed)
}

/// Certificates, each once.
fn several(given: &[Vec<u8>], most: usize) -> Result<Vec<Der>, Reason> {
    let mut all: Vec<Certificate> = Vec::new();
    for octets in given {
        all.extend(certificates(octets)?);
    }
    let all = Certificate::distinct(all);
    bounded(all.len(), most)?;
    Ok(all.iter().map(|c| Der(c.der().to_vec())).collect())
}

/// Something that may issue certificates (RFC 5280 §4.2.1.9, §4.2.1.3).
pub(super) fn authority(certificate: &Certificate) -> Result<(), Reason> {
    let extensions = certificate.extensions();
    let signs = extensions
        .key_usage
        .is_none_or(|usage| usage.key_cert_sign());
    (extensions.is_ca() && signs)
        .then_some(())
        .ok_or(Reason::TrustNotAuthority)
}

/// Every certificate that is kept leads to the anchor now, over the others.
fn check_chains(anchor: &TrustAnchor, now: Timestamp) -> Result<(), Reason> {
    let kept: Result<Vec<_>, _> = anchor
        .intermediates
        .iter()
        .map(|der| Certificate::parse(&der.0))
        .collect();
    let top = Certificate::parse(&anchor.certificate.0);
    let (Ok(kept), Ok(top)) = (kept, top) else {
        return Err(Reason::TrustIntermediateUnchained);
    };
    let mut top = PathAnchor::from_certificate(&top);
    top.strength.sha1 = anchor.tolerance.sha1;
    let anchors = [top];
    for one in &kept {
        authority(one)?;
        let rules = PathRules::at(time(now));
        path::find(one, &kept, &anchors, &rules, &mut Budget::default())
            .map_err(|_| Reason::TrustIntermediateUnchained)?;
    }
    Ok(())
}

fn oids(said: &Option<BTreeSet<String>>) -> Result<Option<BTreeSet<String>>, Reason> {
    let Some(said) = said else { return Ok(None) };
    bounded(said.len(), MOST_OIDS)?;
    if said.iter().any(|text| Oid::from_dotted(text).is_none()) {
        return Err(Reason::TrustOidMalformed);
    }
    Ok(Some(said.clone()))
}

/// `http` or `https`, without user, password and fragment. Lists are signed, so `http` will do.
fn address(text: &str) -> Result<String, Reason> {
    let is_fit = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    let url = Url::parse(text).ok().filter(is_fit);
    url.filter(|_| text.len() <= ADDRESS_LENGTH)
        .map(String::from)
        .ok_or(Reason::TrustListAddressInvalid)
}
