//! Setting a password: by a one-time link that an administrator handed over, or by its holder.

use super::password_rules;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::session::{Session, SessionEnd};
use crate::model::user::User;
use crate::model::{CredentialId, Version};
use crate::ports::PasswordVerdict;
use crate::store::change::{Change, EndSessions, Write};
use crate::store::decision::{Asks, Deciding, Decision};

/// A new password, entered twice.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// First entry.
    pub first: SecretText,
    /// Second entry.
    pub second: SecretText,
}

/// What proves that the password may be set.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The credential behind a one-time link; absent when the link is unknown.
    Link(Option<Credential>),
    /// The session of the person, the current password, and the answer to checking it.
    Current {
        /// The live session.
        session: Box<Session>,
        /// The current password.
        password: SecretText,
        /// The answer to [`Asks::VerifyPassword`].
        verdict: Option<PasswordVerdict>,
    },
}

/// What is known.
#[derive(Clone, Debug)]
pub struct ActivationFacts {
    /// Whose password it is.
    pub user: User,
    /// All credentials.
    pub credentials: Vec<Credential>,
    /// The proof.
    pub proof: Proof,
    /// For each earlier password that may not come back: whether the new one is it. Filled round
    /// by round, newest first.
    pub matches_earlier: Vec<bool>,
    /// The answer to [`Asks::HashPassword`].
    pub hash: Option<String>,
}

/// Whether a one-time link works at `now`.
///
/// # Errors
/// [`Reason::LinkUnknown`] alike for unknown, used and expired links, and for disabled accounts.
pub fn check_link(
    found: Option<&(Credential, User)>,
    now: crate::base::time::Timestamp,
) -> Result<(), Refusal> {
    let works = found.is_some_and(|(credential, user)| match &credential.secret {
        CredentialSecret::ActivationLink(link) => now < link.expires_at && user.is_active(),
        CredentialSecret::Password(_) => false,
    });
    works
        .then_some(())
        .ok_or_else(|| Reason::LinkUnknown.into())
}

/// Decides a new password. On success the link is gone, every other session of the account ends,
/// and the old password goes into the history.
pub fn decide(
    new: &NewPassword,
    facts: &ActivationFacts,
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    if let Err(decision) = check_proof(facts, deciding) {
        return *decision;
    }
    if new.first.expose() != new.second.expose() {
        return Decision::refused(Reason::PasswordsDiffer);
    }
    let rules = &deciding.policy.passwords;
    if let Err(reason) = password_rules::check(&new.first, &facts.user.user_name(), rules) {
        return Decision::refused(reason);
    }
    let current = facts
        .credentials
        .iter()
        .find_map(|c| c.password().map(|p| (c, p)));
    let earlier: Vec<&String> = current
        .map(|(_, p)| {
            std::iter::once(&p.hash)
                .chain(&p.history)
                .take(rules.history)
                .collect()
        })
        .unwrap_or_default();
    if facts.matches_earlier.contains(&true) {
        return Decision::refused(Reason::PasswordUsedBefore);
    }
    if let Some(hash) = earlier.get(facts.matches_earlier.len()) {
        let hash = Some((*hash).clone());
        return Decision::need(Asks::VerifyPassword {
            hash,
            password: new.first.clone(),
        });
    }
    match &facts.hash {
        None => Decision::need(Asks::HashPassword {
            password: new.first.clone(),
        }),
        Some(hash) => set(facts, current, (hash, &earlier), deciding),
    }
}

fn check_proof(facts: &ActivationFacts, deciding: &Deciding<'_>) -> Result<(), Box<Decision<()>>> {
    match &facts.proof {
        Proof::Link(credential) => {
            let found = credential.clone().map(|c| (c, facts.user.clone()));
            check_link(found.as_ref(), deciding.now())
                .map_err(|refusal| Box::new(Decision::refused(refusal)))
        }
        Proof::Current {
            password,
            verdict: None,
            ..
        } => {
            let hash = facts
                .credentials
                .iter()
                .find_map(|c| c.password().map(|p| p.hash.clone()));
            Err(Box::new(Decision::need(Asks::VerifyPassword {
                hash,
                password: password.clone(),
            })))
        }
        Proof::Current {
            verdict: Some(verdict),
            ..
        } if verdict.correct => Ok(()),
        Proof::Current { .. } => Err(Box::new(Decision::refused(Reason::CurrentPasswordWrong))),
    }
}

fn set(
    facts: &ActivationFacts,
    current: Option<(&Credential, &PasswordCredential)>,
    (hash, earlier): (&str, &[&String]),
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    let now = deciding.now();
    let password = PasswordCredential {
        hash: hash.to_owned(),
        must_change: false,
        history: earlier.iter().map(|h| (*h).clone()).collect(),
    };
    let secret = CredentialSecret::Password(password);
    let credential = match current {
        Some((old, _)) => Credential {
            secret,
            set_at: now,
            ..old.clone()
        },
        None => Credential {
            id: CredentialId::generate(now, deciding.entropy),
            version: Version::NEW,
            user: facts.user.id,
            secret,
            set_at: now,
        },
    };
    let mut decision = Decision::done(()).with_change(Change::Credential(Write::Put(credential)));
    for link in facts.credentials.iter().filter(|c| c.password().is_none()) {
        decision
            .changes
            .push(Change::Credential(Write::Remove(link.clone())));
    }
    let kept = match &facts.proof {
        Proof::Link(_) => None,
        Proof::Current { session, .. } => {
            let session = Session {
                password_change_needed: false,
                ..(**session).clone()
            };
            let id = session.id;
            decision.changes.push(Change::Session(Write::Put(session)));
            Some(id)
        }
    };
    decision.changes.push(Change::EndSessions(EndSessions {
        user: facts.user.id,
        except: kept,
        at: now,
        why: SessionEnd::CredentialReset,
    }));
    let user = facts.user.id;
    decision.with_event(deciding.event(Actor::User(user), What::PasswordSet { user }))
}
