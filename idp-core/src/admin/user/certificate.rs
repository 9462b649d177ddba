//! Certificates of accounts: bound and taken away by an administrator. Whoever can bind one can sign
//! in as the account's holder, so these are take-overs like resets (security sentence 1).

use pki::Certificate;
use pki::identity::{Holder, Identity};
use pki::pem::{self, Label};

use crate::admin::acting::Act;
use crate::admin::session::ending;
use crate::authn::session_end::{Ended, SignedIn};
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::event::What;
use crate::model::credential::{
    CertificateBinding, CertificateCredential, Credential, CredentialSecret,
};
use crate::model::session::SessionEnd;
use crate::model::trust::{Der, Trust};
use crate::model::user::{AccountKind, User};
use crate::model::{CredentialId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;
use crate::trust;

/// The most certificates of one account.
pub const MOST_CERTIFICATES: usize = 16;

/// What a binding is decided by.
#[derive(Clone, Copy, Debug)]
pub struct BindFacts<'a> {
    /// Whose it is to be.
    pub user: &'a User,
    /// The credentials of that account.
    pub credentials: &'a [Credential],
    /// The credential that holds the certificate's key already.
    pub holder: Option<&'a Credential>,
    /// Who is trusted.
    pub trust: &'a Trust,
}

/// Reads a certificate in DER, or in PEM with exactly one.
///
/// # Errors
/// [`Reason::UserCertificateMalformed`].
pub fn read(octets: &[u8]) -> Result<Certificate, Reason> {
    let der = pem::der_or_pem(Label::Certificate, octets);
    der.and_then(|der| Certificate::parse(&der))
        .map_err(|_| Reason::UserCertificateMalformed)
}

/// The digest under which a certificate is found: of its public key.
pub fn key_of(certificate: &Certificate) -> Digest {
    Digest::of(certificate.key().der())
}

/// Binds a certificate to an account: who holds its key signs in as the account's holder from then
/// on, while the anchor above it counts and it is known not to be revoked. A newer certificate over a
/// key that the account holds already replaces the older one.
///
/// Refuses with `not_found_here` and `outside_scope` as for every take-over of the account,
/// `user_certificate_untrusted` when it leads to no anchor by which people sign in, or its profile is
/// not right; `user_certificate_of_organisation`, `user_certificate_of_person`,
/// `user_certificate_key_taken`, `user_certificates_too_many`. Does not check its status, and not
/// whether it names the account's person: that is what the administrator vouches for.
pub fn bind_certificate(
    act: &Act<'_>,
    certificate: &Certificate,
    facts: &BindFacts<'_>,
    entropy: &mut Entropy,
) -> Decision<Credential> {
    let checked = act
        .by
        .needs_account(facts.user, act.now())
        .and_then(|()| anchor(act, certificate, facts))
        .and_then(|anchor| replaced(facts).map(|earlier| (anchor, earlier)));
    let (anchor, earlier) = match checked {
        Ok(checked) => checked,
        Err(reason) => return Decision::refused(reason),
    };
    let (id, version) = earlier.map_or_else(
        || (CredentialId::generate(act.now(), entropy), Version::NEW),
        |earlier| (earlier.id, earlier.version),
    );
    let bound = CertificateCredential {
        certificate: Der(certificate.der().to_vec()),
        key: key_of(certificate),
        anchor: anchor.clone(),
        expires_at: trust::timestamp(certificate.not_after()),
        binding: CertificateBinding::ByAdministrator,
    };
    let credential = Credential {
        id,
        version,
        user: facts.user.id,
        secret: CredentialSecret::Certificate(bound),
        set_at: act.now(),
    };
    let what = What::CertificateBound {
        user: facts.user.id,
        credential: id,
        anchor,
        binding: CertificateBinding::ByAdministrator.name().to_owned(),
    };
    Decision::done(credential.clone())
        .with_change(Change::Credential(Write::Put(credential)))
        .with_event(act.event(what, entropy))
}

/// The anchor above, if the certificate may be this account's.
fn anchor(
    act: &Act<'_>,
    certificate: &Certificate,
    facts: &BindFacts<'_>,
) -> Result<String, Reason> {
    let found = trust::find(certificate, &[], facts.trust, &trust::SIGNS_IN, act.now());
    let read = found.and_then(|found| Ok((Identity::of(certificate.subject())?.holder(), found)));
    let (holder, found) = read.map_err(|_| Reason::UserCertificateUntrusted)?;
    match (holder, facts.user.kind) {
        (Holder::Organisation, kind) if kind != AccountKind::Organisation => {
            Err(Reason::UserCertificateOfOrganisation)
        }
        (Holder::Person, AccountKind::Organisation) => Err(Reason::UserCertificateOfPerson),
        _ => Ok(found.anchor().name.clone()),
    }
}

/// The account's own credential over the same key, if there is one.
fn replaced<'a>(facts: &BindFacts<'a>) -> Result<Option<&'a Credential>, Reason> {
    match facts.holder {
        Some(holder) if holder.user != facts.user.id => Err(Reason::UserCertificateKeyTaken),
        Some(holder) => Ok(Some(holder)),
        None => {
            let held = facts.credentials.iter();
            let count = held.filter(|c| c.certificate().is_some()).count();
            (count < MOST_CERTIFICATES)
                .then_some(None)
                .ok_or(Reason::UserCertificatesTooMany)
        }
    }
}

/// Takes a certificate from an account, and ends the sessions that began with it; `signed_in` holds
/// those of the account that are live.
///
/// Refuses with `not_found_here` and `outside_scope`.
pub fn unbind_certificate(
    act: &Act<'_>,
    user: &User,
    credential: Option<&Credential>,
    signed_in: &SignedIn,
    entropy: &mut Entropy,
) -> Decision<Ended> {
    let checked = act.by.needs_account(user, act.now()).and_then(|()| {
        let own = |c: &&Credential| c.user == user.id && c.certificate().is_some();
        credential.filter(own).ok_or(Reason::NotFoundHere)
    });
    let credential = match checked {
        Ok(credential) => credential,
        Err(reason) => return Decision::refused(reason),
    };
    let mut begun = signed_in.clone();
    begun.sessions.retain(|session| {
        let with = session.certificate.as_ref();
        with.is_some_and(|with| with.credential == credential.id)
    });
    let what = What::CertificateUnbound {
        user: user.id,
        credential: credential.id,
    };
    let ended = ending(act, SessionEnd::CertificateRevoked).end(&begun, entropy);
    let decision = Decision::done(ended.ended)
        .with_change(Change::Credential(Write::Remove(credential.clone())))
        .with_event(act.event(what, entropy));
    ended.join(decision)
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
