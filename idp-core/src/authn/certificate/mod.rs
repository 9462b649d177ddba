//! Signing in with a certificate: somebody proved to hold its key, it counts here, and it is one
//! account's.

mod account;
mod challenge;
#[cfg(test)]
mod tests;

use pki::Rejection;
use pki::identity::Holder;

pub use account::{Named, key_of, named};
pub use challenge::{
    Answering, LASTS, MOST_ANSWER, Proved, Purpose, SentAnswer, WaitingChallenge, make, prove,
};

use super::session_begin::{Beginning, NewSession};
use crate::base::refusal::Reason;
use crate::event::{Actor, What};
use crate::model::authentication::{Level, Method};
use crate::model::credential::{
    CertificateBinding, CertificateCredential, Credential, CredentialSecret,
};
use crate::model::role::RoleName;
use crate::model::session::{CertificateWay, Session, SessionCertificate};
use crate::model::trust::{Der, TrustPurpose};
use crate::model::user::{AccountKind, User};
use crate::model::{CredentialId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};
use crate::trust::{Good, is_outage, timestamp};

/// The most certificates of one account.
pub const MOST_CERTIFICATES: usize = 16;

/// A certificate that was shown and counts.
#[derive(Clone, Copy, Debug)]
pub struct CertificateSignIn<'a> {
    /// The certificate.
    pub good: &'a Good<'a>,
    /// How its key was proved.
    pub way: CertificateWay,
    /// Whether the request came from one of the networks where signatures sign in.
    pub from_office: bool,
    /// What the browser calls itself.
    pub user_agent: &'a str,
}

/// What is known about the certificate's holder.
#[derive(Clone, Debug, Default)]
pub struct CertificateFacts {
    /// The account that its key is bound to.
    pub bound: Option<(Credential, User)>,
    /// Whoever holds what [`named`] says.
    pub holders: Vec<User>,
    /// How many certificates those hold, the most of one account.
    pub held: usize,
    /// The live session that this browser holds now.
    pub current: Option<Session>,
}

/// What a certificate that does not count is refused with.
pub fn refusal_of(why: Rejection) -> Reason {
    match why {
        Rejection::Expired => Reason::SignInCertificateExpired,
        Rejection::NotYetValid => Reason::SignInCertificateNotYetValid,
        Rejection::Revoked => Reason::SignInCertificateRevoked,
        Rejection::EndEntityIsAuthority
        | Rejection::EndEntityIssuedItself
        | Rejection::EndEntityKeyUsageMissing
        | Rejection::EndEntityMayNotSign
        | Rejection::EndEntityPurposeWrong => Reason::SignInCertificateUnfit,
        Rejection::IdentityMultiValued
        | Rejection::IdentityNotText
        | Rejection::IdentityNumberInvalid
        | Rejection::IdentityRepeated => Reason::SignInCertificateIdentityUnclear,
        why if is_outage(why) || is_of_status(why) => Reason::SignInCertificateStatusUnknown,
        _ => Reason::SignInCertificateUntrusted,
    }
}

/// Whether an answer about the status was there and did not count.
fn is_of_status(why: Rejection) -> bool {
    let name = why.reason();
    name.starts_with("ocsp_") || name.starts_with("crl_")
}

/// Decides a sign-in. Unknown certificates, those of disabled accounts and those that nobody mapped
/// are refused alike ([`Reason::SignInCertificateNotMapped`]).
pub fn decide(
    asked: &CertificateSignIn<'_>,
    facts: &CertificateFacts,
    deciding: &mut Deciding<'_>,
) -> Decision<NewSession> {
    let account = account(asked, facts, deciding);
    let (user, credential) = match account {
        Ok(found) => found,
        Err((user, reason)) => return refused(user, reason, deciding),
    };
    let current = facts
        .current
        .as_ref()
        .filter(|s| s.user == user.id && s.ended.is_none());
    let beginning = Beginning {
        methods: methods(asked.good.anchor().purpose),
        level: if asked.good.is_outdated() {
            Level::One
        } else {
            Level::Two
        },
        password_change_needed: false,
        certificate: Some(Box::new(SessionCertificate {
            credential: credential.id,
            anchor: asked.good.anchor().name.clone(),
            way: asked.way,
            policies: asked.good.policies(),
            status_at: asked.good.status_at(),
            status_outdated: asked.good.is_outdated(),
        })),
        user_agent: asked.user_agent,
    };
    let decision = beginning.begin((user, current), deciding);
    recorded(decision, asked, (user, credential, facts), deciding)
}

/// A token with a PIN; a signing service asks for two factors of its own.
fn methods(purpose: TrustPurpose) -> Vec<Method> {
    match purpose {
        TrustPurpose::RemoteSigning => vec![Method::MultipleFactors],
        _ => vec![Method::SmartCard, Method::Pin],
    }
}

/// The account, and the credential as it rests from now on.
fn account<'a>(
    asked: &CertificateSignIn<'_>,
    facts: &'a CertificateFacts,
    deciding: &mut Deciding<'_>,
) -> Result<(&'a User, Credential), (Option<&'a User>, Reason)> {
    let verified = asked.good.verified();
    let (holder, names) = (verified.identity().holder(), named(asked.good));
    let (user, credential) = match account::held(facts.bound.as_ref()) {
        Some((credential, bound, user)) => {
            account::check_same_holder(bound, verified.certificate())
                .map_err(|reason| (Some(user), reason))?;
            (user, renewed(credential, bound, asked))
        }
        None => {
            let user = account::matched(asked.good, &names, &facts.holders);
            let user = user.map_err(|reason| match holder {
                // Told by the certificate alone.
                Holder::Organisation => (None, Reason::SignInCertificateIsSeal),
                Holder::Person | Holder::Unstated => (None, reason),
            })?;
            if facts.held >= MOST_CERTIFICATES {
                return Err((Some(user), Reason::SignInCertificatesTooMany));
            }
            (user, bind(asked, user, deciding))
        }
    };
    let check = || {
        if !user.is_active() || account::contradicts(&names, user) {
            return Err(Reason::SignInCertificateNotMapped);
        }
        account::check_kind(holder, user.kind)?;
        check_way(asked, user, deciding)
    };
    check().map_err(|reason| (Some(user), reason))?;
    Ok((user, credential))
}

/// Signing agents sign whatever digest a page gives them, and a digest is all that signed data need:
/// somebody else's page can have either made for a challenge of theirs. So no signature signs in
/// whoever administers, and others only in the office (security sentence 9).
fn check_way(
    asked: &CertificateSignIn<'_>,
    user: &User,
    deciding: &Deciding<'_>,
) -> Result<(), Reason> {
    if asked.way == CertificateWay::Tls {
        return Ok(());
    }
    let rights = [
        RoleName::province_administrator(),
        RoleName::unit_administrator(),
    ];
    let mut roles = user.roles_at(deciding.now());
    if user.kind == AccountKind::Administrator || roles.any(|held| rights.contains(&held.role)) {
        return Err(Reason::SignInAgentForAdministrator);
    }
    asked
        .from_office
        .then_some(())
        .ok_or(Reason::SignInAgentOutsideOffice)
}

fn content(asked: &CertificateSignIn<'_>, binding: CertificateBinding) -> CertificateCredential {
    let certificate = asked.good.verified().certificate();
    CertificateCredential {
        certificate: Der(certificate.der().to_vec()),
        key: key_of(certificate),
        anchor: asked.good.anchor().name.clone(),
        expires_at: timestamp(certificate.not_after()),
        binding,
    }
}

/// The credential with the certificate that is shown now, which may be a successor.
fn renewed(
    credential: &Credential,
    bound: &CertificateCredential,
    asked: &CertificateSignIn<'_>,
) -> Credential {
    Credential {
        secret: CredentialSecret::Certificate(content(asked, bound.binding)),
        ..credential.clone()
    }
}

fn bind(asked: &CertificateSignIn<'_>, user: &User, deciding: &mut Deciding<'_>) -> Credential {
    let now = deciding.now();
    Credential {
        id: CredentialId::generate(now, deciding.entropy),
        version: Version::NEW,
        user: user.id,
        secret: CredentialSecret::Certificate(content(asked, CertificateBinding::Matched)),
        set_at: now,
    }
}

/// What is written besides the session, and what is recorded.
fn recorded(
    mut decision: Decision<NewSession>,
    asked: &CertificateSignIn<'_>,
    (user, credential, facts): (&User, Credential, &CertificateFacts),
    deciding: &mut Deciding<'_>,
) -> Decision<NewSession> {
    let crate::store::decision::Outcome::Done(begun) = &decision.outcome else {
        return decision;
    };
    let anchor = asked.good.anchor().name.clone();
    let shown = What::CertificateShown {
        user: user.id,
        session: begun.session.id,
        credential: credential.id,
        anchor: anchor.clone(),
        way: asked.way.name().to_owned(),
        status_at: asked.good.status_at(),
        status_outdated: asked.good.is_outdated(),
    };
    let mut whats = vec![shown];
    let before = facts.bound.as_ref().map(|(credential, _)| credential);
    // Taken away meanwhile, it must not sign in any more.
    let change = if before == Some(&credential) {
        Change::CredentialUnchanged(credential.id, credential.version)
    } else {
        whats.push(What::CertificateBound {
            user: user.id,
            credential: credential.id,
            anchor,
            binding: binding_name(&credential).to_owned(),
        });
        Change::Credential(Write::Put(credential))
    };
    decision.changes.push(change);
    for what in whats {
        let event = deciding.event(Actor::User(user.id), what);
        decision.events.push(event);
    }
    decision
}

fn binding_name(credential: &Credential) -> &'static str {
    credential
        .certificate()
        .map_or("", |certificate| certificate.binding.name())
}

fn refused(
    user: Option<&User>,
    reason: Reason,
    deciding: &mut Deciding<'_>,
) -> Decision<NewSession> {
    match user {
        None => Decision::refused(reason),
        Some(user) => {
            let what = What::SignInRefused {
                user: user.id,
                reason: reason.name().to_owned(),
            };
            let event = deciding.event(Actor::Anonymous, what);
            Decision::refused(reason).with_event(event)
        }
    }
}
