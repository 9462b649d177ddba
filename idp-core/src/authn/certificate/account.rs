//! Whose account a certificate signs in to.
//!
//! First the account that it was bound to, then the one whose verified identifier it names, where
//! its anchor is entitled to that. Never a common name, never a serial number alone.

use std::collections::BTreeSet;

use pki::identity::{Holder, Identity, Scheme, mail_addresses, organisations};
use pki::{Certificate, Rejection};

use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::base::text::nfc;
use crate::model::credential::{CertificateCredential, Credential};
use crate::model::identifier::{Identifier, IdentifierKey, IdentifierKind};
use crate::model::user::{AccountKind, User};
use crate::trust::{Good, timestamp};

/// The most mail addresses of one certificate that are looked at.
const MOST_ADDRESSES: usize = 4;

/// An identifier that a certificate is believed about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Under what its holder is found.
    pub key: IdentifierKey,
}

/// Under what a certificate bound to an account is found: SHA-256 of its public key.
pub fn key_of(certificate: &Certificate) -> Digest {
    Digest::of(certificate.key().der())
}

/// What the certificate is believed about by the rule of its anchor. A seal names organisations
/// only, and a person's certificate names nobody by the tax code of the employer.
pub fn named(good: &Good<'_>) -> Vec<Named> {
    let (verified, rule) = (good.verified(), &good.anchor().identity);
    let identity = verified.identity();
    let one = |kind, number: Option<&str>| {
        number.map(|number| Named {
            kind,
            key: IdentifierKey::of(number),
        })
    };
    match identity.holder() {
        Holder::Organisation if rule.tax_code => {
            one(IdentifierKind::TaxCode, identity.number(Scheme::TaxCode))
                .into_iter()
                .collect()
        }
        Holder::Organisation => Vec::new(),
        Holder::Person | Holder::Unstated => {
            let number = identity.number(Scheme::PersonalId);
            let by_number = one(
                IdentifierKind::PersonalId,
                number.filter(|_| rule.personal_id),
            );
            by_number
                .into_iter()
                .chain(official_mail(verified.certificate(), &rule.mail_of))
                .collect()
        }
    }
}

fn official_mail(certificate: &Certificate, of: &BTreeSet<String>) -> Vec<Named> {
    let places = organisations(certificate.subject());
    if !places.iter().any(|place| of.contains(&nfc(place))) {
        return Vec::new();
    }
    let addresses = mail_addresses(certificate).into_iter().take(MOST_ADDRESSES);
    let named = addresses.map(|address| Named {
        kind: IdentifierKind::Mail,
        key: IdentifierKey::of(&address),
    });
    named.collect()
}

/// Whether the certificate that is shown is the one that was bound, or its successor: the same key
/// and the same holder. A key that was certified for somebody else is somebody else's.
///
/// # Errors
/// [`Reason::SignInCertificateReissued`].
pub(super) fn check_same_holder(
    bound: &CertificateCredential,
    shown: &Certificate,
) -> Result<(), Reason> {
    if bound.certificate.0 == shown.der() {
        return Ok(());
    }
    let holder = |certificate: &Certificate| -> Result<_, Rejection> {
        let mut mail = mail_addresses(certificate);
        mail.sort();
        Ok((Identity::of(certificate.subject())?, mail))
    };
    let before = Certificate::parse(&bound.certificate.0).and_then(|bound| {
        let same_name = bound.subject() == shown.subject();
        Ok((holder(&bound)?, same_name))
    });
    match (before, holder(shown)) {
        (Ok((before, same_name)), Ok(now)) => {
            let says_who = !now.0.identifiers().is_empty() || !now.1.is_empty();
            let is_same = before == now && (says_who || same_name);
            is_same
                .then_some(())
                .ok_or(Reason::SignInCertificateReissued)
        }
        _ => Err(Reason::SignInCertificateReissued),
    }
}

/// Whether a holder of this kind may have an account of that kind at all.
///
/// # Errors
/// [`Reason::SignInCertificateIsSeal`], [`Reason::SignInCertificateNotMapped`].
pub(super) fn check_kind(holder: Holder, kind: AccountKind) -> Result<(), Reason> {
    match (holder, kind) {
        (_, AccountKind::Service) | (Holder::Person, AccountKind::Organisation) => {
            Err(Reason::SignInCertificateNotMapped)
        }
        (Holder::Organisation, AccountKind::Organisation) => Ok(()),
        (Holder::Organisation, _) => Err(Reason::SignInCertificateIsSeal),
        (Holder::Person | Holder::Unstated, _) => Ok(()),
    }
}

/// Whether the account says of itself what the certificate contradicts: another verified number.
pub(super) fn contradicts(names: &[Named], user: &User) -> bool {
    names.iter().any(|named| {
        named.kind != IdentifierKind::Mail
            && user.identifiers.iter().any(|held| {
                held.kind == named.kind
                    && held.released_at.is_none()
                    && held.verified.is_some()
                    && IdentifierKey::of(&held.value) != named.key
            })
    })
}

/// The one active account whose verified identifier the certificate names. Accounts that only
/// administer are bound by somebody, never matched. A mail address counts only when it belonged to
/// the account before the certificate was issued: it may have been somebody else's.
///
/// # Errors
/// [`Reason::SignInCertificateNotMapped`] for none and for several.
pub(super) fn matched<'a>(
    good: &Good<'_>,
    names: &[Named],
    holders: &'a [User],
) -> Result<&'a User, Reason> {
    let issued = timestamp(good.verified().certificate().not_before());
    let holds = |named: &Named, held: &Identifier| {
        held.kind == named.kind
            && held.released_at.is_none()
            && held.verified.is_some()
            && IdentifierKey::of(&held.value) == named.key
            && (named.kind != IdentifierKind::Mail || held.assigned_at <= issued)
    };
    let fits = |user: &&User| {
        let may = user.is_active() && user.kind != AccountKind::Administrator;
        may && names
            .iter()
            .any(|named| user.identifiers.iter().any(|held| holds(named, held)))
    };
    let found: Vec<&User> = holders.iter().filter(fits).collect();
    match found.as_slice() {
        [one, others @ ..] if others.iter().all(|other| other.id == one.id) => Ok(one),
        _ => Err(Reason::SignInCertificateNotMapped),
    }
}

/// The certificate among credentials, by its key.
pub(super) fn held(
    bound: Option<&(Credential, User)>,
) -> Option<(&Credential, &CertificateCredential, &User)> {
    let (credential, user) = bound?;
    Some((credential, credential.certificate()?, user))
}
