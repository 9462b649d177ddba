//! `GET|POST /authorize` and `GET /authorize/resume`: the same load and the same decision.

use serde::{Deserialize, Serialize};

use super::browser::Browser;
use super::respond::Back;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::{Digest, SecretText};
use crate::model::GrantId;
use crate::model::client::Client;
use crate::model::user::PositionId;
use crate::oauth::assurance::check_reachable;
use crate::oauth::authorize::{
    AuthorizationRequest, AuthorizeRefusal, ErrorRedirect, check, check_embedding,
};
use crate::oauth::code::CodeTicket;
use crate::oauth::demands;
use crate::oauth::interaction::{self, Interaction, InteractionFacts};
use crate::oauth::issue_code::{self, Issued};
use crate::oauth::params::Parameters;
use crate::oauth::redirect_uri::ValidRedirect;
use crate::oauth::response::{Answer, Members};
use crate::oidc::id_token::verify_hint;
use crate::oidc::session_state;
use crate::store::decision::{Deciding, Outcome};
use crate::store::tickets::{TicketKey, TicketKind};

/// How long a code is remembered beyond its lifetime, so that a replay still finds its grant.
const REPLAY_MEMORY: std::time::Duration = std::time::Duration::from_secs(600);

/// A request that waits for the person, bound to the browser that brought it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The request, checked.
    pub request: AuthorizationRequest,
    /// The browser.
    pub browser: Digest,
    /// The position chosen on the page.
    pub chosen: Option<PositionId>,
    /// The digest of what it is counted under while it waits; absent before it waits.
    #[serde(default)]
    pub counted: Option<Digest>,
    /// The digest of the pushed request's reference; absent when it came otherwise, and once that
    /// was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Digest>,
}

/// What the browser gets.
#[derive(Clone, Debug)]
pub enum AuthorizeReply {
    /// Back to the client, with what it asked for.
    Answered(Answer),
    /// Back to the client, with an error.
    Refused(Answer, Reason),
    /// To a page of ours that asks something.
    Ask(Question),
}

/// A question on its way to the person.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked.
    pub interaction: Interaction,
    /// The waiting request's secret.
    pub waiting: SecretText,
    /// The languages that the client prefers.
    pub ui_locales: Option<String>,
}

/// A request on its way through the checks: the secret under which it waits already, and the
/// proved address.
struct Advance<'a> {
    pending: Pending,
    waiting: Option<&'a SecretText>,
    to: ValidRedirect,
}

/// What came with the request besides its parameters.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The browser.
    pub browser: Browser,
    /// Its session cookie.
    pub session: Option<SecretText>,
    /// Its long-lived cookie, by which a browser that signed in before is recognised.
    pub device: Option<SecretText>,
    /// Whether a page of somebody else's brought the request along, as an image, a frame or a
    /// script.
    pub embedded: bool,
}

impl Provider {
    /// Begins an authorization.
    ///
    /// # Errors
    /// A refusal that is shown as a page, because no address was proved; or a fault.
    pub async fn authorize(
        &self,
        parameters: &Parameters,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let requested = match self.requested(parameters, context).await? {
            Ok(requested) => requested,
            Err(AuthorizeRefusal::Page(refusal)) => return Err(refusal.into()),
            Err(AuthorizeRefusal::Redirect(error)) => {
                let client = self.client_named(parameters.find("client_id")).await?;
                let client = client.ok_or(Reason::ClientUnknown)?;
                return self.refused(&error, &client, context).await;
            }
        };
        let hinted = self.hinted_sub(&requested.parameters, context).await?;
        let (client, now) = (requested.client.as_ref(), context.here.now);
        let checked = check(&requested.parameters, client, hinted, now);
        let (request, to) = match (checked, client) {
            (Ok((request, to)), Some(client)) => {
                check_embedding(visitor.embedded, &request.prompt)?;
                let (carriage, parameters) = (requested.carriage, &requested.parameters);
                let demanded = demands::check(client, carriage, parameters, &self.policy);
                if let Err(refusal) = demanded {
                    let error = refusing(&request, &to, refusal);
                    return self.refused(&error, client, context).await;
                }
                (request, to)
            }
            (Err(AuthorizeRefusal::Page(refusal)), _) => return Err(refusal.into()),
            (Err(AuthorizeRefusal::Redirect(error)), Some(client)) => {
                return self.refused(&error, client, context).await;
            }
            (_, None) => return Err(Reason::ClientUnknown.into()),
        };
        let pending = Pending {
            request,
            browser: visitor.browser.digest(),
            chosen: None,
            counted: None,
            pushed: requested.pushed,
        };
        self.advance(
            Advance {
                pending,
                waiting: None,
                to,
            },
            visitor,
            context,
        )
        .await
    }

    /// Resumes an authorization after the person answered something.
    ///
    /// # Errors
    /// [`Reason::PageExpired`] and [`Reason::BrowserNotTheBeginner`] as pages, or a fault.
    pub async fn resume(
        &self,
        waiting: &SecretText,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let pending = self.pending(waiting, &visitor.browser, context).await?;
        let client = self.client_of(&pending.request).await?;
        let to = ValidRedirect::check(&client, &pending.request.redirect_uri)?;
        self.advance(
            Advance {
                pending,
                waiting: Some(waiting),
                to,
            },
            visitor,
            context,
        )
        .await
    }

    /// Takes a waiting request away because the person went back to the application.
    ///
    /// # Errors
    /// As [`Provider::resume`].
    pub async fn cancel(
        &self,
        waiting: &SecretText,
        (browser, reason): (&Browser, Reason),
        context: &mut RequestContext,
    ) -> Result<Answer, Failure> {
        let pending = self.pending(waiting, browser, context).await?;
        let client = self.client_of(&pending.request).await?;
        let to = ValidRedirect::check(&client, &pending.request.redirect_uri)?;
        self.take_pending(waiting, context).await?;
        self.take_pushed(pending.pushed, context).await?;
        let error = refusing(&pending.request, &to, reason.into());
        self.respond_refused(&error, &client, context).await
    }

    /// The subject of the request's `id_token_hint`, or why it does not count.
    pub(super) async fn hinted_sub(
        &self,
        parameters: &Parameters,
        context: &RequestContext,
    ) -> Result<Result<Option<String>, Refusal>, Failure> {
        let Some(token) = parameters.find("id_token_hint") else {
            return Ok(Ok(None));
        };
        let keys = self.signer.published(&self.policy.issuer_key).await?;
        let judged = (context.here.now, self.policy.as_ref());
        let hint = verify_hint(token, &keys, judged, Reason::IdTokenHintWrong);
        Ok(hint.map(|hint| Some(hint.sub)))
    }

    async fn advance(
        &self,
        advance: Advance<'_>,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let (mut pending, waiting, to) = (advance.pending, advance.waiting, advance.to);
        let request = &pending.request;
        let refused = |refusal| refusing(request, &to, refusal);
        for attempt in 0..ATTEMPTS {
            // A secret that was taken does not come back: a later question gets a new one.
            let waiting = waiting.filter(|_| attempt == 0);
            let client = self.client_of(request).await?;
            if let Err(reason) = check_reachable(request.level, &self.policy.levels) {
                let error = refused(reason.into());
                return self.spent(pending.pushed, (&error, &client), context).await;
            }
            let signed_in = self.signed_in(request, &client, visitor, context).await?;
            let facts = InteractionFacts {
                request,
                client: &client,
                signed_in: signed_in.as_ref(),
                chosen: pending.chosen,
                now: context.here.now,
            };
            match interaction::next(&facts) {
                Some((_, reason)) if request.prompt.none => {
                    let error = refused(reason.into());
                    return self.spent(pending.pushed, (&error, &client), context).await;
                }
                Some((interaction, _)) => {
                    let device = visitor.device.as_ref();
                    let kept = self.keep_waiting(&pending, waiting, device, context);
                    return Ok(ask(interaction, kept.await?, request));
                }
                None => {}
            }
            if let Some(waiting) = waiting {
                self.take_pending(waiting, context).await?;
            }
            // Taken for good: whatever is asked after a conflict belongs to this answer alone.
            self.take_pushed(pending.pushed.take(), context).await?;
            let decision = issue_code::decide(&facts, &mut deciding(self, context));
            let (outcome, batch) = decision.into_parts();
            let issued = match outcome {
                Outcome::Done(issued) => issued,
                Outcome::Refused(refusal) => {
                    return self.refused(&refused(refusal), &client, context).await;
                }
                Outcome::Need(_) => return Err(super::answer::endless()),
            };
            if self.commit(batch).await? == Committed::Yes {
                self.uncount(pending.counted, context).await;
                return self.send(&issued, &to, &facts, context).await;
            }
        }
        Err(contended())
    }

    /// A refusal that spends the pushed request.
    async fn spent(
        &self,
        pushed: Option<Digest>,
        (error, client): (&ErrorRedirect, &Client),
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        self.take_pushed(pushed, context).await?;
        self.refused(error, client, context).await
    }

    /// Keeps the code, makes the tokens that leave at once, and sends the answer.
    async fn send(
        &self,
        issued: &Issued,
        to: &ValidRedirect,
        facts: &InteractionFacts<'_>,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let (client, request) = (facts.client, facts.request);
        let mut members = Members::default();
        if let Some(code) = &issued.code {
            self.keep_code(code, issued.grant, request, context).await?;
            members.push("code", code.expose());
        }
        if let Some(tokens) = &issued.tokens {
            let made = self.front_channel(tokens, client, context).await?;
            for (name, value) in made {
                members.push(&name, value);
            }
        }
        if let Some(state) = session_state::of_response(facts, to, &mut context.entropy) {
            members.push("session_state", state);
        }
        let back = Back {
            to,
            mode: request.response_mode,
            state: request.state.as_deref(),
        };
        let answer = self.respond(back, client, members, context).await?;
        Ok(AuthorizeReply::Answered(answer))
    }

    async fn keep_code(
        &self,
        code: &SecretText,
        grant: GrantId,
        request: &AuthorizationRequest,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let now = context.here.now;
        let ticket = CodeTicket {
            grant,
            client: request.client.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            expires_at: now + self.policy.lifetimes.code,
        };
        let key = TicketKey::of(TicketKind::Code, code.expose());
        let times = (now, ticket.expires_at + REPLAY_MEMORY);
        let tickets = self.sealed_tickets();
        let stored = tickets.store(key, &ticket, times, &mut context.entropy);
        Ok(stored.await?)
    }
}

fn refusing(request: &AuthorizationRequest, to: &ValidRedirect, refusal: Refusal) -> ErrorRedirect {
    ErrorRedirect {
        to: to.clone(),
        mode: request.response_mode,
        state: request.state.clone(),
        refusal,
    }
}

fn ask(
    interaction: Interaction,
    waiting: SecretText,
    request: &AuthorizationRequest,
) -> AuthorizeReply {
    AuthorizeReply::Ask(Question {
        interaction,
        waiting,
        ui_locales: request.ui_locales.clone(),
    })
}

/// What a decision of this request is given.
pub(super) fn deciding<'a>(
    provider: &'a Provider,
    context: &'a mut RequestContext,
) -> Deciding<'a> {
    Deciding {
        here: &context.here,
        policy: &provider.policy,
        entropy: &mut context.entropy,
    }
}
