//! `/activate` and `/password/change`: a new password by a one-time link or by its holder.

use super::answer::{ROUNDS, endless};
use super::authorize::deciding;
use super::sign_in::password_hash;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::activation::{
    ActivationFacts, NewPassword, PasswordSet, Proof, check_link, decide,
};
use crate::authn::session_end::SignedIn;
use crate::authn::throttle::Counters;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::model::identifier::IdentifierKey;
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::decision::{Asks, Outcome};

/// Who sets the password.
#[derive(Clone, Debug)]
pub enum Setter {
    /// The holder of a one-time link.
    Link(SecretText),
    /// The person in this session, with the current password.
    Holder {
        /// The live session.
        session: Box<Session>,
        /// The current password.
        password: SecretText,
    },
}

/// What only the outside could answer so far.
#[derive(Default)]
struct Answers {
    /// The current hash when they were given.
    about: Option<String>,
    verdict: Option<crate::ports::PasswordVerdict>,
    matches_earlier: Vec<bool>,
    hash: Option<String>,
}

impl Answers {
    /// Forgets everything when another password was set meanwhile: the answers were about the
    /// one before it.
    fn keep_if_about(&mut self, current: Option<String>) {
        if self.about != current {
            *self = Self {
                about: current,
                ..Self::default()
            };
        }
    }
}

impl Provider {
    /// Whose password a one-time link sets, and whether it replaces one.
    ///
    /// # Errors
    /// [`Reason::LinkUnknown`] or [`Reason::LinkExpired`] when it does not work.
    pub async fn link(
        &self,
        link: &SecretText,
        context: &RequestContext,
    ) -> Result<(User, bool), Failure> {
        let found = self.records.credential_by_digest(&link.digest()).await?;
        check_link(found.as_ref(), context.here.now)?;
        let (_, user) = found.ok_or(Reason::LinkUnknown)?;
        let held = self.records.credentials(user.id).await?;
        Ok((user, password_hash(&held).is_some()))
    }

    /// Sets a new password.
    ///
    /// # Errors
    /// The violated rule; see [`crate::authn::activation::decide`].
    pub async fn set_password(
        &self,
        setter: &Setter,
        new: &NewPassword,
        context: &mut RequestContext,
    ) -> Result<PasswordSet, Failure> {
        let guess = self.count_guess(setter, context).await?;
        let result = self.set_password_rounds(setter, new, context).await;
        let wrong = matches!(&result,
            Err(Failure::Refused(r)) if r.reason == Reason::CurrentPasswordWrong);
        if let (Some(counters), false) = (guess, wrong) {
            let now = context.here.now;
            let ops = counters.count(-1, now, &self.policy.throttle);
            self.apply_beside(ops, context).await;
        }
        result
    }

    /// A stolen session must not allow guessing the password behind it.
    async fn count_guess(
        &self,
        setter: &Setter,
        context: &RequestContext,
    ) -> Result<Option<Counters>, Failure> {
        let Setter::Holder { session, .. } = setter else {
            return Ok(None);
        };
        let key = IdentifierKey::of(&format!("\u{0}{}", session.user));
        let counters = Counters::of(&key, &context.source, None);
        let now = context.here.now;
        let counts = self
            .tickets
            .apply(counters.count(1, now, &self.policy.throttle), now)
            .await?;
        counters.check(&counts, &self.policy.throttle)?;
        Ok(Some(counters))
    }

    async fn set_password_rounds(
        &self,
        setter: &Setter,
        new: &NewPassword,
        context: &mut RequestContext,
    ) -> Result<PasswordSet, Failure> {
        let mut answers = Answers::default();
        let mut attempts = 0;
        for _ in 0..ROUNDS {
            let now = context.here.now;
            let facts = self.activation_facts(setter, &mut answers, now).await?;
            let sealing = &self.outbox_sealing;
            let decision = decide(new, &facts, sealing, &mut deciding(self, context));
            let (outcome, batch) = decision.into_parts();
            match outcome {
                Outcome::Need(ask) => self.answer_password(ask, setter, &mut answers).await?,
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Done(set) => {
                    if self.commit(batch).await? == Committed::Yes {
                        return Ok(set);
                    }
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        return Err(contended());
                    }
                }
            }
        }
        Err(endless())
    }

    async fn answer_password(
        &self,
        ask: Asks,
        setter: &Setter,
        answers: &mut Answers,
    ) -> Result<(), Failure> {
        match ask {
            Asks::VerifyPassword { hash, password } => {
                let verdict = self.verify_password(hash.as_deref(), &password).await?;
                let about_current =
                    matches!(setter, Setter::Holder { .. }) && answers.verdict.is_none();
                if about_current {
                    answers.verdict = Some(verdict);
                } else {
                    answers.matches_earlier.push(verdict.correct);
                }
                Ok(())
            }
            Asks::HashPassword { password } => {
                answers.hash = Some(self.hash_password(&password).await?);
                Ok(())
            }
            Asks::ClientKeys { .. }
            | Asks::SectorDocument { .. }
            | Asks::ClientLogo { .. }
            | Asks::ResponsiblePerson { .. } => Err(endless()),
        }
    }

    async fn activation_facts(
        &self,
        setter: &Setter,
        answers: &mut Answers,
        now: Timestamp,
    ) -> Result<ActivationFacts, Failure> {
        let (user, mut proof) = match setter {
            Setter::Link(link) => {
                let found = self.records.credential_by_digest(&link.digest()).await?;
                let (credential, user) = found.ok_or(Reason::LinkUnknown)?;
                (user, Proof::Link(Some(credential)))
            }
            Setter::Holder { session, password } => {
                let facts = self.records.session(session.id).await?;
                let facts = facts.ok_or(Reason::PageExpired)?;
                let session = Box::new(facts.session);
                (
                    facts.user,
                    Proof::Current {
                        session,
                        password: password.clone(),
                        verdict: None,
                    },
                )
            }
        };
        let credentials = self.records.credentials(user.id).await?;
        answers.keep_if_about(password_hash(&credentials));
        if let Proof::Current { verdict, .. } = &mut proof {
            *verdict = answers.verdict;
        }
        let signed_in = match &answers.hash {
            Some(_) => self.signed_in_everywhere(user.id, now).await?,
            None => SignedIn::default(),
        };
        Ok(ActivationFacts {
            signed_in,
            credentials,
            user,
            proof,
            matches_earlier: answers.matches_earlier.clone(),
            hash: answers.hash.clone(),
        })
    }
}
