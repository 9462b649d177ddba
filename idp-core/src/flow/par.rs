//! `POST /par`, and what becomes of a pushed request at the authorization endpoint.

use serde_json::{Map, Value, json};

use super::answer::endless;
use super::authorize::deciding;
use super::requested::{Arrived, Requested};
use super::{Failure, Provider, RequestContext};
use crate::authn::throttle::Unfinished;
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::model::client::Client;
use crate::oauth::demands::Carriage;
use crate::oauth::par::{self, Push, Pushed, PushedRequest};
use crate::oauth::params::Parameters;
use crate::oauth::request_object::{Entrance, Opened};
use crate::oauth::sender::Sender;
use crate::store::decision::Outcome;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind};

impl Provider {
    /// Keeps an authorization request and answers with the members of its JSON object.
    ///
    /// # Errors
    /// The client's refusal, that of the request, [`Reason::PushedRequestsTooMany`] where the
    /// client, or [`Reason::TooManyUnfinished`] where public clients of one source, pushed too many
    /// that wait, or a fault.
    pub async fn push(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let client = self
            .authenticate_sender(&sender.into(), body, context)
            .await?;
        let body = par::request_in(body, client.client())?;
        let opened = self.pushed_object(&body, client.client(), context).await?;
        let parameters = par::bound(&opened.parameters, &client)?;
        let carriage = Carriage {
            pushed: true,
            signed: opened.signed,
        };
        let hinted_sub = self.hinted_sub(&parameters, context).await?;
        let rules = &self.policy.throttle;
        let counter = if client.is_confidential() {
            Unfinished::pushed_by(&client.client().id, rules)
        } else {
            Unfinished::pushed_from(&context.source, rules)
        };
        let push = Push {
            client: &client,
            parameters: &parameters,
            carriage,
            hinted_sub,
            counted: Some(counter.key().digest),
        };
        let decision = par::decide(push, &mut deciding(self, context));
        match decision.outcome {
            Outcome::Done(pushed) => {
                // Before it is kept, so that many at once do not pass.
                self.count_one(&counter, context).await?;
                self.keep_pushed(&pushed, context).await
            }
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::Need(_) => Err(endless()),
        }
    }

    /// What the client pushed: a request object by value, or the parameters themselves.
    async fn pushed_object(
        &self,
        body: &Parameters,
        client: &Client,
        context: &RequestContext,
    ) -> Result<Opened, Failure> {
        let Some(object) = body.find("request") else {
            return Ok(Opened {
                parameters: body.clone(),
                signed: false,
            });
        };
        let arrived = Arrived {
            client,
            outer: body,
            entrance: Entrance::Push,
        };
        self.opened(object, &arrived, context).await
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
    ) -> Result<Requested, Failure> {
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
        Ok(Requested {
            parameters: request.open(client, now)?,
            carriage,
            client: None,
            pushed: Some(key.digest),
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
