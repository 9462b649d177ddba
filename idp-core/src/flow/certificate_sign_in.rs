//! Signing in with a certificate: a challenge is made, answered, and judged.

use super::authorize::Visitor;
use super::sign_in::SignedInBrowser;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::certificate::{
    Answering, CertificateFacts, CertificateSignIn, LASTS, Proved, Purpose, SentAnswer,
    WaitingChallenge, decide, key_of, make, named, prove, refusal_of,
};
use crate::authn::session_begin::NewSession;
use crate::authn::throttle::Unfinished;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::trust::{SETTING, Trust};
use crate::model::user::User;
use crate::store::decision::Outcome;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind};
use crate::trust::{Found, Good, SIGNS_IN, find, is_outage};

/// A challenge as the page shows it.
#[derive(Clone, Debug)]
pub struct ShownChallenge {
    /// What is sent back with the answer.
    pub handle: SecretText,
    /// The octets that are signed.
    pub octets: Vec<u8>,
}

/// From where, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Circumstance<'a> {
    /// Whether the request came from a network where signatures sign in.
    pub from_office: bool,
    /// What the browser calls itself.
    pub user_agent: &'a str,
}

impl Provider {
    /// Makes a challenge for this browser. Those for any program are counted per source until they
    /// sign somebody in; those for agents only come beside one.
    ///
    /// # Errors
    /// [`Reason::TooManyUnfinished`] when too many of this source wait, or a fault.
    pub async fn certificate_challenge(
        &self,
        answering: Answering,
        purpose: Purpose<'_>,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<ShownChallenge, Failure> {
        if answering == Answering::Message {
            let counter = Unfinished::challenged_at(&context.source, &self.policy.throttle);
            self.count_one(&counter, context).await?;
        }
        let (browser, now) = (visitor.browser.digest(), context.here.now);
        let waiting = make(answering, purpose, browser, now, &mut context.entropy)?;
        let handle = SecretText::generate(&mut context.entropy);
        let times = (now, now + LASTS);
        let key = challenge_key(&handle);
        self.sealed_tickets()
            .store(key, &waiting, times, &mut context.entropy)
            .await?;
        Ok(ShownChallenge {
            handle,
            octets: waiting.octets.0,
        })
    }

    /// Signs somebody in who answered a challenge. The challenge is taken before anything is
    /// verified.
    ///
    /// # Errors
    /// [`Reason::SignInChallengeUnknown`]; those of [`prove`] and of
    /// [`Self::sign_in_by_certificate`].
    pub async fn answer_certificate_challenge(
        &self,
        (handle, sent): (&SecretText, &SentAnswer),
        visitor: &Visitor,
        from: Circumstance<'_>,
        context: &mut RequestContext,
    ) -> Result<SignedInBrowser, Failure> {
        let now = context.here.now;
        let taken = self
            .sealed_tickets()
            .take::<WaitingChallenge>(challenge_key(handle), now)
            .await?;
        let Taken::First(waiting) = taken else {
            return Err(Reason::SignInChallengeUnknown.into());
        };
        let proved = prove(&waiting, sent, visitor.browser.digest(), now)?;
        let signed_in = self
            .sign_in_by_certificate(&proved, visitor, from, context)
            .await?;
        let counter = Unfinished::challenged_at(&context.source, &self.policy.throttle);
        self.uncount(Some(counter.key().digest), context).await;
        Ok(signed_in)
    }

    /// Signs the holder of a certificate in, whose key was proved.
    ///
    /// # Errors
    /// Those of [`refusal_of`] and of [`decide`], or a fault.
    pub async fn sign_in_by_certificate(
        &self,
        proved: &Proved,
        visitor: &Visitor,
        from: Circumstance<'_>,
        context: &mut RequestContext,
    ) -> Result<SignedInBrowser, Failure> {
        let trust = self.trust().await?;
        let (end, now) = (proved.certificate(), context.here.now);
        let found = find(end, proved.sent(), &trust, &SIGNS_IN, now).map_err(refusal_of)?;
        let good = self.judged(&found, context).await?;
        let asked = CertificateSignIn {
            good: &good,
            way: proved.way(),
            from_office: from.from_office,
            user_agent: from.user_agent,
        };
        let begun = self.begin_by_certificate(&asked, visitor, context).await?;
        let device = visitor.device.clone();
        let nothing_kept = (Vec::new(), None);
        Ok(self
            .furnished(begun, (visitor, device), nothing_kept, context)
            .await)
    }

    /// Whom the operator trusts.
    ///
    /// # Errors
    /// A fault when the store cannot be read, or holds what is no such document.
    pub async fn trust(&self) -> Result<Trust, Fault> {
        match self.records.setting(SETTING).await? {
            None => Ok(Trust::default()),
            Some(text) => serde_json::from_str(&text).map_err(|e| Fault::lasting("trust", e)),
        }
    }

    /// By what is known, and where that does not do, by what can be learned now.
    async fn judged<'a>(
        &self,
        found: &Found<'a>,
        context: &RequestContext,
    ) -> Result<Good<'a>, Failure> {
        let now = context.here.now;
        let question = found.question(now);
        let known = self.certificate_status.known(question).await?;
        let verdict = match found.verify(&known, now) {
            Ok(good) if !good.is_outdated() => return Ok(good),
            Err(why) if !is_outage(why) => return Err(refusal_of(why).into()),
            Ok(_) | Err(_) => {
                let learned = self.certificate_status.learned(question).await?;
                found.verify(&learned, now)
            }
        };
        verdict.map_err(|why| refusal_of(why).into())
    }

    async fn begin_by_certificate(
        &self,
        asked: &CertificateSignIn<'_>,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<NewSession, Failure> {
        for _ in 0..ATTEMPTS {
            let facts = self.certificate_facts(asked, visitor, context).await?;
            let decision = decide(
                asked,
                &facts,
                &mut super::authorize::deciding(self, context),
            );
            let (outcome, mut batch) = decision.into_parts();
            let begun = match outcome {
                Outcome::Done(begun) => begun,
                Outcome::Refused(refusal) => {
                    self.commit(batch).await?;
                    return Err(refusal.into());
                }
                Outcome::Need(_) => return Err(super::answer::endless()),
            };
            let other = facts.current.filter(|s| s.id != begun.session.id);
            if let Some(other) = other {
                self.end_with(&other, &mut batch, context).await?;
            }
            if let Committed::Yes = self.commit(batch).await? {
                return Ok(begun);
            }
        }
        Err(contended())
    }

    async fn certificate_facts(
        &self,
        asked: &CertificateSignIn<'_>,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<CertificateFacts, Failure> {
        let key = key_of(asked.good.verified().certificate());
        let bound = self.records.credential_by_digest(&key).await?;
        let mut holders: Vec<User> = Vec::new();
        let mut held = 0;
        if bound.is_none() {
            for named in named(asked.good) {
                let found = self.records.user_by_identifier(&named.key).await?;
                let Some((user, credentials)) = found else {
                    continue;
                };
                let certificates = credentials.iter().filter(|c| c.certificate().is_some());
                held = held.max(certificates.count());
                holders.push(user);
            }
        }
        let (cookie, now) = (visitor.session.as_ref(), context.here.now);
        let current = self.live_session(cookie, now).await?;
        Ok(CertificateFacts {
            bound,
            holders,
            held,
            current: current.map(|facts| facts.session),
        })
    }
}

fn challenge_key(handle: &SecretText) -> TicketKey {
    TicketKey::of(TicketKind::CertificateChallenge, handle.expose())
}
