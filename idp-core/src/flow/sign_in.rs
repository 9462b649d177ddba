//! `POST /sign-in`: throttle, verify, begin a session.

use super::answer::{ROUNDS, endless};
use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::known_browser::KnownBrowser;
use crate::authn::session_begin::NewSession;
use crate::authn::session_end::SessionEnding;
use crate::authn::sign_in::{SignInFacts, SignInRequest, decide};
use crate::authn::throttle::Counters;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::Actor;
use crate::model::credential::Credential;
use crate::model::identifier::IdentifierKey;
use crate::model::session::{Session, SessionEnd};
use crate::store::change::Batch;
use crate::store::decision::{Asks, Outcome};
use crate::store::tickets::TicketOp;

/// What the person typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// User name, mail or personal ID.
    pub name: String,
    /// The rest.
    pub request: SignInRequest,
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
        let (counted, known) = self.counted(&key).await?;
        let now = context.here.now;
        let device = visitor.device.as_ref();
        let recognised = self.recognised(device, known.as_ref(), now).await?;
        let lane = recognised.map(SecretText::expose);
        let counters = Counters::of(&counted, &context.source, lane);
        let rules = &self.policy.throttle;
        let counts = self
            .tickets
            .apply(counters.count(1, now, rules), now)
            .await?;
        counters.check(&counts, rules)?;
        let begun = match self.verify_and_begin(&key, typed, visitor, context).await {
            Err(failure) => {
                if !is_wrong(&failure) {
                    let ops = counters.count(-1, now, rules);
                    self.apply_beside(ops, context).await;
                }
                return Err(failure);
            }
            Ok(begun) => begun,
        };
        let device = recognised.cloned();
        let kept = (counters.count(-1, now, rules), known.as_ref());
        Ok(self
            .furnished(begun, (visitor, device), kept, context)
            .await)
    }

    /// What the browser carries after a sign-in. The session is committed: nothing here may fail it.
    pub(super) async fn furnished(
        &self,
        begun: NewSession,
        (visitor, device): (&Visitor, Option<SecretText>),
        (mut ops, known): (Vec<TicketOp>, Option<&KnownBrowser>),
        context: &mut RequestContext,
    ) -> SignedInBrowser {
        let mut fresh = || SecretText::generate(&mut context.entropy);
        let signed_in = SignedInBrowser {
            begun,
            browser: fresh(),
            device: device.unwrap_or_else(fresh),
        };
        if let Some(known) = known {
            let remembered = self.remember(&signed_in.device, known, context).await;
            match remembered {
                Ok(remembered) => ops.extend(remembered),
                fault => self.note(fault, context),
            }
        }
        match self.renewed(&visitor.browser, &signed_in.browser, context) {
            Ok(renewed) => ops.push(renewed),
            fault => self.note(fault, context),
        }
        self.apply_beside(ops, context).await;
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
                Outcome::Need(_) => return Err(endless()),
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
    pub(super) async fn end_with(
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

    /// What guesses are counted under, the account, whichever of its names was typed, or a name
    /// that is nobody's; and what a browser is known by that signed in to the account before.
    async fn counted(
        &self,
        key: &IdentifierKey,
    ) -> Result<(IdentifierKey, Option<KnownBrowser>), Failure> {
        let Some((user, credentials)) = self.records.user_by_identifier(key).await? else {
            return Ok((key.clone(), None));
        };
        let account = IdentifierKey::of(&format!("\u{0}{}", user.id));
        Ok((account, KnownBrowser::of(user.id, &credentials)))
    }
}

/// The hash of the one password among credentials.
pub(super) fn password_hash(credentials: &[Credential]) -> Option<String> {
    credentials
        .iter()
        .find_map(|c| c.password().map(|p| p.hash.clone()))
}

/// Whether an attempt stays counted: only a wrong secret does. An attempt that was never judged,
/// because the server was busy or failed, is given back.
fn is_wrong(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refusal) if refusal.reason == Reason::CredentialsWrong)
}
