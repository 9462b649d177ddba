//! `POST /sign-in`: throttle, verify, begin a session.

use super::answer::{ROUNDS, endless};
use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::session_end::SessionEnding;
use crate::authn::sign_in::{NewSession, SignInFacts, SignInRequest, decide};
use crate::authn::throttle::{self, Counters};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::Actor;
use crate::model::credential::Credential;
use crate::model::identifier::IdentifierKey;
use crate::model::session::{Session, SessionEnd};
use crate::store::change::Batch;
use crate::store::decision::{Asks, Outcome};
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp};

/// A browser that signed in is known for so long.
const KNOWN_BROWSER: std::time::Duration = std::time::Duration::from_secs(180 * 86_400);

/// What the person typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// User name, mail or personal ID.
    pub name: String,
    /// The rest.
    pub request: SignInRequest,
    /// A long-lived cookie by which a known browser is recognised.
    pub device: Option<SecretText>,
}

/// A sign-in that succeeded, and what the browser carries from now on.
#[derive(Debug)]
pub struct SignedInBrowser {
    /// The session.
    pub begun: NewSession,
    /// The browser's new cookie: one that somebody planted before stays worth nothing.
    pub browser: SecretText,
    /// The cookie by which the browser is known for this account: the one it brought when it was
    /// known already, otherwise a new one.
    pub device: SecretText,
}

impl Provider {
    /// Signs somebody in. The browser gets a new cookie; for as long as a request may wait, what
    /// waits for the former cookie goes on under the new one.
    ///
    /// # Errors
    /// [`Reason::SignInThrottled`], [`Reason::SignInBusy`], [`Reason::CredentialsWrong`], or a
    /// fault.
    pub async fn sign_in(
        &self,
        typed: &Typed,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignedInBrowser, Failure> {
        // A name that cannot be anybody's is counted and worked on like one that could.
        let key =
            IdentifierKey::typed(&typed.name).unwrap_or_else(|| IdentifierKey::of("\u{1}nobody"));
        let counted = self.counted(&key).await?;
        let known = self.known(&counted, typed, context).await?;
        let lane = known.map(SecretText::expose);
        let counters = Counters::of(&counted, &context.source, lane);
        let now = context.here.now;
        let rules = &self.policy.throttle;
        let counts = self
            .tickets
            .apply(counters.count(1, now, rules), now)
            .await?;
        throttle::check(&counts, rules)?;
        let result = match self.verify_and_begin(&key, typed, visitor, context).await {
            Err(failure) if is_wrong(&failure) => return Err(failure),
            result => result,
        };
        let mut ops = counters.count(-1, now, rules);
        let signed_in = match result {
            Ok(begun) => {
                let fresh = || SecretText::generate(&mut context.entropy);
                let device = known.cloned().unwrap_or_else(fresh);
                ops.extend(self.know(&counted, &device, context)?);
                let (browser, renewed) = self.renew(&visitor.browser, context)?;
                ops.push(renewed);
                Ok(SignedInBrowser {
                    begun,
                    browser,
                    device,
                })
            }
            Err(failure) => Err(failure),
        };
        self.tickets.apply(ops, now).await?;
        signed_in
    }

    async fn verify_and_begin(
        &self,
        key: &IdentifierKey,
        typed: &Typed,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<NewSession, Failure> {
        let mut judged = None;
        let mut rehashed = None;
        let mut attempts = 0;
        for _ in 0..ROUNDS {
            let found = self.records.user_by_identifier(key).await?;
            let (cookie, now) = (visitor.session.as_ref(), context.here.now);
            let current = self.live_session(cookie, now).await?;
            let (user, credentials) =
                found.map_or((None, Vec::new()), |(user, held)| (Some(user), held));
            // An answer counts for the hash it was given about: a password that was set meanwhile
            // is asked about anew.
            let stored = password_hash(&credentials);
            if judged.as_ref().is_some_and(|(about, _)| *about != stored) {
                (judged, rehashed) = (None, None);
            }
            let facts = SignInFacts {
                user,
                credentials,
                verdict: judged.as_ref().map(|(_, verdict)| *verdict),
                rehashed: rehashed.clone(),
                current: current.as_ref().map(|facts| facts.session.clone()),
            };
            let decision = decide(&typed.request, &facts, &mut deciding(self, context));
            let (outcome, mut batch) = decision.into_parts();
            match outcome {
                Outcome::Need(Asks::VerifyPassword { hash, password }) => {
                    let verdict = self.verify_password(hash.as_deref(), &password).await?;
                    judged = Some((hash, verdict));
                }
                Outcome::Need(Asks::HashPassword { password }) => {
                    rehashed = Some(self.hash_password(&password).await?);
                }
                Outcome::Need(Asks::ClientKeys { .. }) => return Err(endless()),
                Outcome::Refused(refusal) => {
                    self.commit(batch).await?;
                    return Err(refusal.into());
                }
                Outcome::Done(session) => {
                    if let Some(other) = current.filter(|c| c.session.id != session.session.id) {
                        self.end_with(&other.session, &mut batch, context).await?;
                    }
                    attempts += 1;
                    match self.commit(batch).await? {
                        Committed::Yes => return Ok(session),
                        Committed::Again if attempts == ATTEMPTS => return Err(contended()),
                        Committed::Again => {}
                    }
                }
            }
        }
        Err(endless())
    }

    /// Another person's session in the same browser ends in the same commit.
    async fn end_with(
        &self,
        other: &Session,
        batch: &mut Batch,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let user = other.user;
        let signed_in = self.signed_in_during(user, vec![other.clone()]).await?;
        let ending = SessionEnding {
            why: SessionEnd::Replaced,
            actor: Actor::User(user),
            here: &context.here,
            sealing: &self.outbox_sealing,
        };
        let ended = ending.end(&signed_in, &mut context.entropy);
        batch.changes.extend(ended.changes);
        batch.events.extend(ended.events);
        Ok(())
    }

    /// What guesses are counted under: the account, whichever of its names was typed, or a name
    /// that is nobody's.
    async fn counted(&self, key: &IdentifierKey) -> Result<IdentifierKey, Failure> {
        let found = self.records.user_by_identifier(key).await?;
        let account = |id| IdentifierKey::of(&format!("\u{0}{id}"));
        Ok(found.map_or_else(|| key.clone(), |(user, _)| account(user.id)))
    }

    /// The browser's long-lived cookie, if it signed in to this account before.
    async fn known<'a>(
        &self,
        key: &IdentifierKey,
        typed: &'a Typed,
        context: &RequestContext,
    ) -> Result<Option<&'a SecretText>, Failure> {
        let Some(device) = &typed.device else {
            return Ok(None);
        };
        let ops = vec![TicketOp::Peek {
            key: known_key(key, device),
        }];
        let answers = self.tickets.apply(ops, context.here.now).await?;
        let known = matches!(answers.first(), Some(TicketAnswer::Value(_)));
        Ok(known.then_some(device))
    }

    /// The browser is known from now on, for the whole span again.
    fn know(
        &self,
        key: &IdentifierKey,
        device: &SecretText,
        context: &mut RequestContext,
    ) -> Result<[TicketOp; 2], Failure> {
        let until = context.here.now + KNOWN_BROWSER;
        let tickets = self.sealed_tickets();
        let key = known_key(key, device);
        let known = tickets.put(key, &true, until, &mut context.entropy)?;
        Ok([TicketOp::Forget { key }, known])
    }
}

/// The hash of the one password among credentials.
pub(super) fn password_hash(credentials: &[Credential]) -> Option<String> {
    credentials
        .iter()
        .find_map(|c| c.password().map(|p| p.hash.clone()))
}

fn known_key(key: &IdentifierKey, device: &SecretText) -> TicketKey {
    TicketKey::of(
        TicketKind::KnownBrowser,
        &format!("{}|{}", key.as_str(), device.expose()),
    )
}

/// Whether an attempt stays counted: only a wrong secret does. An attempt that was never judged,
/// because the server was busy or failed, is given back.
fn is_wrong(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refusal) if refusal.reason == Reason::CredentialsWrong)
}
