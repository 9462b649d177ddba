//! `GET|POST /authorize` and `GET /authorize/resume`: the same load and the same decision.

use serde::{Deserialize, Serialize};

use super::browser::Browser;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::{Digest, SecretText};
use crate::model::client::{Client, ConsentRule};
use crate::model::user::PositionId;
use crate::oauth::authorize::{
    AuthorizationRequest, AuthorizeRefusal, ErrorRedirect, answer, check, check_embedding,
};
use crate::oauth::code::CodeTicket;
use crate::oauth::demands;
use crate::oauth::interaction::{self, Interaction, InteractionFacts, SignedIn};
use crate::oauth::issue_code::{self, IssuedCode};
use crate::oauth::params::Parameters;
use crate::oauth::redirect_uri::ValidRedirect;
use crate::oauth::scope;
use crate::oidc::id_token::verify_hint;
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
    /// Back to the client, with a code.
    Redirect(String),
    /// Back to the client, with an error.
    Refused(String, Reason),
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
            Err(AuthorizeRefusal::Redirect(error)) => return Ok(self.error(&error)),
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
                    let state = request.state;
                    return Ok(self.error(&ErrorRedirect { to, state, refusal }));
                }
                (request, to)
            }
            (Ok(_), None) => return Err(Reason::ClientUnknown.into()),
            (Err(AuthorizeRefusal::Page(refusal)), _) => return Err(refusal.into()),
            (Err(AuthorizeRefusal::Redirect(error)), _) => return Ok(self.error(&error)),
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
        context: &RequestContext,
    ) -> Result<String, Failure> {
        let pending = self.pending(waiting, browser, context).await?;
        let client = self.client_of(&pending.request).await?;
        let to = ValidRedirect::check(&client, &pending.request.redirect_uri)?;
        self.take_pending(waiting, context).await?;
        self.take_pushed(pending.pushed, context).await?;
        let error = ErrorRedirect {
            to,
            state: pending.request.state,
            refusal: reason.into(),
        };
        Ok(self.error_address(&error))
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
        let Advance {
            mut pending,
            waiting,
            to,
        } = advance;
        let request = &pending.request;
        let refused = |refusal| {
            let state = request.state.clone();
            self.error(&ErrorRedirect {
                to: to.clone(),
                state,
                refusal,
            })
        };
        for attempt in 0..ATTEMPTS {
            // A secret that was taken does not come back: a later question gets a new one.
            let waiting = waiting.filter(|_| attempt == 0);
            let client = self.client_of(request).await?;
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
                    self.take_pushed(pending.pushed, context).await?;
                    return Ok(refused(reason.into()));
                }
                Some((interaction, _)) => {
                    let device = visitor.device.as_ref();
                    let waiting = self
                        .keep_waiting(&pending, waiting, device, context)
                        .await?;
                    return Ok(ask(interaction, waiting, request));
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
                Outcome::Refused(refusal) => return Ok(refused(refusal)),
                Outcome::Need(_) => return Err(super::answer::endless()),
            };
            if self.commit(batch).await? == Committed::Yes {
                self.uncount(pending.counted, context).await;
                return self.send_code(&issued, &to, request, context).await;
            }
        }
        Err(contended())
    }

    async fn signed_in(
        &self,
        request: &AuthorizationRequest,
        client: &Client,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<Option<SignedIn>, Failure> {
        let now = context.here.now;
        let Some(facts) = self.live_session(visitor.session.as_ref(), now).await? else {
            return Ok(None);
        };
        let issuer = &self.policy.issuer_key;
        let user = facts.user.id;
        let subject = self
            .records
            .subject(issuer, user, client.sector_key())
            .await?;
        let offline = request.scope.iter().any(|s| s == scope::OFFLINE_ACCESS);
        let asks = client.consent == ConsentRule::Ask || request.prompt.consent || offline;
        let consent = if asks {
            self.records.consent(issuer, user, &client.id).await?
        } else {
            None
        };
        let unit = match &request.unit {
            Some(code) => self.records.unit_by_code(code.as_str()).await?,
            None => None,
        };
        Ok(Some(SignedIn {
            session: facts.session,
            user: facts.user,
            sub: subject.map(|s| s.sub),
            consent,
            unit,
        }))
    }

    async fn send_code(
        &self,
        issued: &IssuedCode,
        to: &ValidRedirect,
        request: &AuthorizationRequest,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let now = context.here.now;
        let ticket = CodeTicket {
            grant: issued.grant,
            client: request.client.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            expires_at: now + self.policy.lifetimes.code,
        };
        let key = TicketKey::of(TicketKind::Code, issued.code.expose());
        let times = (now, ticket.expires_at + REPLAY_MEMORY);
        self.sealed_tickets()
            .store(key, &ticket, times, &mut context.entropy)
            .await?;
        let members = [("code", issued.code.expose())];
        let issuer = self.policy.issuer.as_str();
        Ok(AuthorizeReply::Redirect(answer(
            to,
            issuer,
            request.state.as_deref(),
            &members,
        )))
    }

    fn error(&self, error: &ErrorRedirect) -> AuthorizeReply {
        AuthorizeReply::Refused(self.error_address(error), error.refusal.reason)
    }

    fn error_address(&self, error: &ErrorRedirect) -> String {
        let members = [
            ("error", error.refusal.code().as_str()),
            ("error_description", error.refusal.reason.name()),
        ];
        answer(
            &error.to,
            self.policy.issuer.as_str(),
            error.state.as_deref(),
            &members,
        )
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
