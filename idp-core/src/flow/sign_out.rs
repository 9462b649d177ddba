//! `/sign-out`: from a relying party or from our own page.

use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::refusal::Reason;
use crate::base::secret::{Digest, SecretText};
use crate::event::Actor;
use crate::model::LocalText;
use crate::model::client::Client;
use crate::model::grant::Grant;
use crate::model::session::{Session, SessionEnd};
use crate::model::subject::Subject;
use crate::oauth::params::Parameters;
use crate::oidc::id_token::{IdTokenHint, verify_hint};
use crate::oidc::logout::{
    AskingApplication, SessionEndFacts, SignOutFacts, SignOutRequest, check, end_session,
};
use crate::store::tickets::{TicketKey, TicketKind};

/// What ending a session needs besides the session.
#[derive(Clone, Debug, Default)]
pub struct LoadedEnd {
    grants: Vec<Grant>,
    clients: Vec<Client>,
    subject: Option<Subject>,
}

impl LoadedEnd {
    /// The names of the applications that will be told. Who does not listen is not named: the
    /// page must not promise a sign-out there.
    fn told(&self) -> Vec<LocalText> {
        let listens = |c: &&Client| c.backchannel_logout_uri.is_some();
        let told = self.clients.iter().filter(listens);
        told.map(|c| c.name.clone()).collect()
    }
}

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
    /// [`Reason::LogoutHintWrong`], [`Reason::LogoutRedirectMismatch`] as pages, or a fault.
    pub async fn sign_out(
        &self,
        parameters: &Parameters,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignOutReply, Failure> {
        let hint = self.sign_out_hint(parameters, context).await?;
        let named = hint
            .as_ref()
            .map(|h| h.aud.as_str())
            .or(parameters.find("client_id"));
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
        let told = self.load_end(&session).await?.told();
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
        tickets.take::<Waiting>(key, now).await?;
        self.end_browser_session(waiting.request, visitor, context)
            .await
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
        match parameters.find("client_id") {
            Some(client) if client != hint.aud => Err(Reason::LogoutHintOfAnotherClient.into()),
            _ => Ok(Some(hint)),
        }
    }

    async fn end_browser_session(
        &self,
        request: SignOutRequest,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SignOutReply, Failure> {
        for _ in 0..ATTEMPTS {
            let found = self
                .live_session(visitor.session.as_ref(), context.here.now)
                .await?;
            let Some(session) = found.map(|facts| facts.session) else {
                return Ok(SignOutReply::Done {
                    then: request.then,
                    application: request.application,
                    told: Vec::new(),
                });
            };
            let loaded = self.load_end(&session).await?;
            let facts = end_facts(&session, &loaded);
            let mut deciding = deciding(self, context);
            let actor = Actor::User(session.user);
            let sealing = &self.outbox_sealing;
            let why = SessionEnd::SignedOut;
            let decision = end_session(&facts, why, actor, sealing, &mut deciding);
            let (_, batch) = decision.into_parts();
            if self.commit(batch).await? == Committed::Yes {
                return Ok(SignOutReply::Done {
                    then: request.then,
                    application: request.application,
                    told: loaded.told(),
                });
            }
        }
        Err(contended())
    }

    /// Loads what ending a session touches: its grants, their clients, the subject.
    pub(super) async fn load_end(&self, session: &Session) -> Result<LoadedEnd, Failure> {
        let grants = self.records.grants_of_session(session.id).await?;
        let mut ids: Vec<_> = grants.iter().map(|g| &g.client).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut clients = Vec::with_capacity(ids.len());
        for id in ids {
            clients.extend(self.records.client(&session.issuer, id).await?);
        }
        let subject = self
            .records
            .subject(&session.issuer, session.user, "")
            .await?;
        Ok(LoadedEnd {
            grants,
            clients,
            subject,
        })
    }
}

/// The facts for [`end_session`].
pub(super) fn end_facts<'a>(session: &'a Session, loaded: &'a LoadedEnd) -> SessionEndFacts<'a> {
    SessionEndFacts {
        session,
        grants: &loaded.grants,
        clients: &loaded.clients,
        subject: loaded.subject.as_ref(),
    }
}

fn key(waiting: &SecretText) -> TicketKey {
    TicketKey::of(TicketKind::PendingSignOut, waiting.expose())
}
