//! `/sign-out`: from a relying party or from our own page.

use super::authorize::Visitor;
use super::{Failure, Provider, RequestContext};
use crate::authn::session_end::SessionEnding;
use crate::base::refusal::Reason;
use crate::base::secret::{Digest, SecretText};
use crate::event::Actor;
use crate::model::LocalText;
use crate::model::session::SessionEnd;
use crate::oauth::params::Parameters;
use crate::oidc::frontchannel::{LogoutFrame, frames};
use crate::oidc::id_token::{IdTokenHint, verify_hint};
use crate::oidc::logout::{AskingApplication, SignOutFacts, SignOutRequest, bounds, check, named};
use crate::store::decision::Decision;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind};

/// What the browser gets.
#[derive(Clone, Debug)]
pub enum SignOutReply {
    /// The question.
    Confirm {
        /// The waiting request's secret.
        waiting: SecretText,
        /// The request.
        request: SignOutRequest,
        /// The names of the applications that will be told.
        told: Vec<LocalText>,
    },
    /// Done: where to go, or our own page with the names of the applications that are told.
    Done {
        /// The application's address.
        then: Option<String>,
        /// The application that asked.
        application: Option<AskingApplication>,
        /// The names of the applications that are told.
        told: Vec<LocalText>,
        /// The frames by which this browser tells those that listen to it. The session is over,
        /// and every back-channel delivery is in the outbox, before the first of them is shown.
        frames: Vec<LogoutFrame>,
    },
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Waiting {
    request: SignOutRequest,
    browser: Digest,
}

impl Provider {
    /// Begins a sign-out.
    ///
    /// # Errors
    /// The reasons of `oidc/logout.rs` and [`Reason::LogoutHintWrong`] as pages, or a fault.
    pub async fn sign_out(
        &self,
        parameters: &Parameters,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignOutReply, Failure> {
        bounds(parameters)?;
        let hint = self.sign_out_hint(parameters, context).await?;
        let named = named(hint.as_ref(), parameters.find("client_id"))?;
        let client = self.client_named(named).await?;
        let session = self
            .live_session(visitor.session.as_ref(), context.here.now)
            .await?;
        let facts = SignOutFacts {
            hint: hint.as_ref(),
            client: client.as_ref(),
            session: session.as_ref().map(|s| &s.session),
        };
        let then = parameters.find("post_logout_redirect_uri");
        let request = check(&facts, then, parameters.find("state"))?;
        let session = match session {
            Some(facts) if !request.confirmed => facts.session,
            _ => return self.end_browser_session(request, visitor, context).await,
        };
        let signed_in = self.signed_in_during(session.user, vec![session]);
        let told = signed_in.await?.told();
        let secret = SecretText::generate(&mut context.entropy);
        let now = context.here.now;
        let times = (now, now + self.policy.lifetimes.interaction);
        let waiting = Waiting {
            request: request.clone(),
            browser: visitor.browser.digest(),
        };
        let key = key(&secret);
        self.sealed_tickets()
            .store(key, &waiting, times, &mut context.entropy)
            .await?;
        Ok(SignOutReply::Confirm {
            waiting: secret,
            request,
            told,
        })
    }

    /// The person confirmed.
    ///
    /// # Errors
    /// [`Reason::PageExpired`], [`Reason::BrowserNotTheBeginner`], or a fault.
    pub async fn confirm_sign_out(
        &self,
        waiting: &SecretText,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignOutReply, Failure> {
        let (tickets, now) = (self.sealed_tickets(), context.here.now);
        let key = key(waiting);
        let waiting = tickets.peek::<Waiting>(key, now).await?;
        let waiting = waiting.ok_or(Reason::PageExpired)?;
        if waiting.browser != visitor.browser.digest() {
            return Err(Reason::BrowserNotTheBeginner.into());
        }
        // Of two presses the second finds nothing left to end, and is told so.
        let request = match tickets.take::<Waiting>(key, now).await? {
            Taken::First(waiting) | Taken::Again(waiting) => waiting.request,
            Taken::Unknown => return Err(Reason::PageExpired.into()),
        };
        self.end_browser_session(request, visitor, context).await
    }

    async fn sign_out_hint(
        &self,
        parameters: &Parameters,
        context: &RequestContext,
    ) -> Result<Option<IdTokenHint>, Failure> {
        let Some(token) = parameters.find("id_token_hint") else {
            return Ok(None);
        };
        let keys = self.signer.published(&self.policy.issuer_key).await?;
        let judged = (context.here.now, self.policy.as_ref());
        let hint = verify_hint(token, &keys, judged, Reason::LogoutHintWrong)?;
        Ok(Some(hint))
    }

    async fn end_browser_session(
        &self,
        request: SignOutRequest,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignOutReply, Failure> {
        let found = self
            .live_session(visitor.session.as_ref(), context.here.now)
            .await?;
        let done = |told, frames| SignOutReply::Done {
            then: request.then,
            application: request.application,
            told,
            frames,
        };
        let Some(session) = found.map(|facts| facts.session) else {
            return Ok(done(Vec::new(), Vec::new()));
        };
        let user = session.user;
        let signed_in = self.signed_in_during(user, vec![session]).await?;
        let ending = SessionEnding {
            why: SessionEnd::SignedOut,
            actor: Actor::User(user),
            here: &context.here,
            sealing: &self.outbox_sealing,
        };
        let ended = ending.end(&signed_in, &mut context.entropy);
        let (_, batch) = ended.join(Decision::done(())).into_parts();
        // Nothing in it depends on a version, so it cannot lose against another write.
        self.commit(batch).await?;
        let (grants, clients) = (&signed_in.grants, &signed_in.clients);
        let frames = frames(&signed_in.sessions, grants, clients, &self.policy.issuer);
        Ok(done(signed_in.told(), frames))
    }
}

fn key(waiting: &SecretText) -> TicketKey {
    TicketKey::of(TicketKind::PendingSignOut, waiting.expose())
}
