//! `POST /par`, and what becomes of a pushed request at the authorization endpoint.

use serde_json::{Map, Value, json};

use super::answer::endless;
use super::authorize::deciding;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::model::client::Client;
use crate::oauth::demands::Carriage;
use crate::oauth::par::{self, Push, Pushed, PushedRequest};
use crate::oauth::params::Parameters;
use crate::oauth::sender::Sender;
use crate::store::decision::Outcome;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind};

/// A pushed request that a browser brought the reference of.
pub(super) struct Brought {
    /// Its parameters.
    pub(super) parameters: Parameters,
    /// How they came.
    pub(super) carriage: Carriage,
    /// The digest of its reference, by which it is taken when it is answered.
    pub(super) digest: Digest,
}

impl Provider {
    /// Keeps an authorization request and answers with the members of its JSON object.
    ///
    /// # Errors
    /// The client's refusal, that of the request, [`Reason::TooManyUnfinished`] where public
    /// clients of one source pushed too many, or a fault.
    pub async fn push(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let client = self
            .authenticate_sender(&sender.into(), body, context)
            .await?;
        let parameters = par::request_in(body, client.client())?;
        let parameters = par::bound(&parameters, &client)?;
        let hinted_sub = self.hinted_sub(&parameters, context).await?;
        let counted = if client.is_confidential() {
            None
        } else {
            Some(self.count_pushed(context).await?)
        };
        let push = Push {
            client: &client,
            parameters: &parameters,
            carriage: Carriage::PUSHED,
            hinted_sub,
            counted,
        };
        let decision = par::decide(push, &mut deciding(self, context));
        match decision.outcome {
            Outcome::Done(pushed) => self.keep_pushed(&pushed, context).await,
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::Need(_) => Err(endless()),
        }
    }

    /// It rests for as long as a person may take who began in its last moment.
    async fn keep_pushed(
        &self,
        pushed: &Pushed,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let request_uri = pushed.reference.expose();
        let key = TicketKey::of(TicketKind::PushedRequest, request_uri);
        let until = pushed.request.expires_at + self.policy.lifetimes.interaction;
        let times = (context.here.now, until);
        self.sealed_tickets()
            .store(key, &pushed.request, times, &mut context.entropy)
            .await?;
        Ok(Map::from_iter([
            ("request_uri".to_owned(), request_uri.into()),
            ("expires_in".to_owned(), json!(pushed.lifetime.as_secs())),
        ]))
    }

    /// The pushed request behind a `request_uri`, left where it is: the person may load the page
    /// again (RFC 9126 §4 leaves a reload to the server).
    ///
    /// # Errors
    /// [`Reason::PushedRequestUnknown`] when it was never made, is over or was answered; what
    /// [`PushedRequest::open`] refuses.
    pub(super) async fn brought(
        &self,
        request_uri: &str,
        client: &Client,
        context: &RequestContext,
    ) -> Result<Brought, Failure> {
        let now = context.here.now;
        let key = TicketKey::of(TicketKind::PushedRequest, request_uri);
        let found = self
            .sealed_tickets()
            .peek::<PushedRequest>(key, now)
            .await?;
        let request = found.ok_or(Reason::PushedRequestUnknown)?;
        let carriage = Carriage {
            pushed: true,
            signed: request.signed,
        };
        Ok(Brought {
            parameters: request.open(client, now)?,
            carriage,
            digest: key.digest,
        })
    }

    /// Takes a pushed request because it is about to be answered: of all its completions, in
    /// whatever tabs and browsers, one counts.
    ///
    /// # Errors
    /// [`Reason::PushedRequestAnswered`] for every later one.
    pub(super) async fn take_pushed(
        &self,
        pushed: Option<Digest>,
        context: &RequestContext,
    ) -> Result<(), Failure> {
        let Some(digest) = pushed else {
            return Ok(());
        };
        let kind = TicketKind::PushedRequest;
        let key = TicketKey { kind, digest };
        let now = context.here.now;
        match self
            .sealed_tickets()
            .take::<PushedRequest>(key, now)
            .await?
        {
            Taken::First(request) => {
                self.uncount(request.counted, context).await;
                Ok(())
            }
            Taken::Again(_) | Taken::Unknown => Err(Reason::PushedRequestAnswered.into()),
        }
    }
}
