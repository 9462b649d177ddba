//! The device authorization grant (RFC 8628): `POST /device_authorization`, the page where people
//! type the code, and the polls at the token endpoint.

use serde_json::{Map, Value};

use super::answer::endless;
use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::throttle::{Unfinished, UserCodeCounters};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::client::Client;
use crate::oauth::assurance;
use crate::oauth::device::{
    AnswerFacts, DeviceAnswer, DeviceTicket, INTERVAL, LIFETIME, REMEMBERED, UserCode, answer,
    network, request,
};
use crate::oauth::interaction::SignedIn;
use crate::oauth::params::Parameters;
use crate::oauth::sender::Sender;
use crate::store::decision::Outcome;
use crate::store::records::SessionFacts;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind};

/// What the page asks a person about a device.
#[derive(Clone, Debug)]
pub struct DeviceQuestion {
    /// The code, as it was typed.
    pub user_code: UserCode,
    /// What the device asked for.
    pub ticket: DeviceTicket,
    /// Which application it runs.
    pub client: Client,
    /// Who is signed in.
    pub signed_in: SignedIn,
    /// Whether the person's browser is in the network that the device asked from.
    pub same_network: bool,
}

/// The answer to that question, as a form brings it.
#[derive(Clone, Debug)]
pub struct DeviceForm {
    /// The code that the page was about.
    pub user_code: UserCode,
    /// Yes, or no.
    pub approved: bool,
    /// The field that says to whom the page was shown
    /// ([`Browser::person_token`](super::browser::Browser::person_token)).
    pub person: Option<String>,
}

impl Provider {
    /// Answers a device's request for codes (RFC 8628 §3.2).
    ///
    /// # Errors
    /// The client's refusal, those of [`request`], [`Reason::LevelUnreachable`] when nobody can sign
    /// in here as the client registered, [`Reason::TooManyUnfinished`] when too many requests of the
    /// device's network wait, or a fault.
    pub async fn device_authorization(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let client = self.authenticate_client(sender, body, context).await?;
        let asked = request(&client, body, &mut context.entropy)?;
        let level = assurance::registered(client.client());
        assurance::check_reachable(level, &self.policy.levels)?;
        let now = context.here.now;
        let source = Unfinished::begun_at(&context.source, &self.policy.throttle);
        let counted = self.count_one(&source, context).await?;
        let ticket = DeviceTicket {
            client: client.client().id.clone(),
            scope: asked.scope,
            resources: asked.resources,
            authorization_details: asked.details,
            network: network(&context.source),
            requested_at: now,
            expires_at: now + LIFETIME,
            counted,
        };
        let key = TicketKey::of(TicketKind::DeviceCode, asked.device_code.expose());
        let times = (now, now + REMEMBERED);
        self.sealed_tickets()
            .store(key, &ticket, times, &mut context.entropy)
            .await?;
        let user_code = self.keep_user_code(asked.user_code, key, context).await?;
        let page = self.policy.issuer.endpoint("/device");
        let complete = format!("{page}?user_code={user_code}");
        let picture = format!("{page}/qr?user_code={user_code}");
        let members = [
            ("device_code", asked.device_code.expose().into()),
            ("user_code", user_code.to_string().into()),
            ("verification_uri", page.into()),
            ("verification_uri_complete", complete.into()),
            ("verification_qr_uri", picture.into()),
            ("expires_in", LIFETIME.as_secs().into()),
            ("interval", INTERVAL.as_secs().into()),
        ];
        let named = members.map(|(name, value): (&str, Value)| (name.to_owned(), value));
        Ok(Map::from_iter(named))
    }

    /// Stores where a user code leads. One that another device holds gives way to a fresh one.
    async fn keep_user_code(
        &self,
        first: UserCode,
        device: TicketKey,
        context: &mut RequestContext,
    ) -> Result<UserCode, Failure> {
        let (now, mut code) = (context.here.now, first);
        for _ in 0..ATTEMPTS {
            let put = self.sealed_tickets().put(
                code.key(),
                &device.digest,
                now + LIFETIME,
                &mut context.entropy,
            )?;
            let answers = self.tickets.apply(vec![put], now).await?;
            if answers.first() == Some(&TicketAnswer::Done) {
                return Ok(code);
            }
            code = UserCode::generate(&mut context.entropy);
        }
        Err(Fault::transient("device", "no user code is free").into())
    }

    /// The question behind a code that somebody typed. Codes are guesses until they are found:
    /// they are counted first, and given back when they lead somewhere.
    ///
    /// # Errors
    /// [`Reason::SessionOver`] when nobody is signed in: nothing is looked up then;
    /// [`Reason::UserCodesThrottled`]; [`Reason::UserCodeUnknown`] for every code that leads
    /// nowhere; [`Reason::DeviceSignInNeeded`]; [`Reason::PasswordChangeNeeded`]; or a fault.
    pub async fn device_question(
        &self,
        typed: &str,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<DeviceQuestion, Failure> {
        let now = context.here.now;
        let live = self.live_session(visitor.session.as_ref(), now).await?;
        let live = live.ok_or(Reason::SessionOver)?;
        let counters = UserCodeCounters::of(live.user.id, &context.source);
        let rules = &self.policy.throttle;
        let counts = self.tickets.apply(counters.count(1, now, rules), now);
        counters.check(&counts.await?, rules)?;
        let user_code = UserCode::typed(typed).ok_or(Reason::UserCodeUnknown)?;
        let ticket = self.device_behind(&user_code, now).await?;
        let ticket = ticket.ok_or(Reason::UserCodeUnknown)?;
        let given_back = counters.count(-1, now, rules);
        self.tickets.apply(given_back, now).await?;
        let question = self
            .question_about(user_code, ticket, live, context)
            .await?;
        question.facts(true).check(now)?;
        Ok(question)
    }

    async fn device_behind(
        &self,
        code: &UserCode,
        now: Timestamp,
    ) -> Result<Option<DeviceTicket>, Failure> {
        let tickets = self.sealed_tickets();
        let Some(digest) = tickets.peek::<Digest>(code.key(), now).await? else {
            return Ok(None);
        };
        Ok(tickets.peek(of_device(digest), now).await?)
    }

    async fn question_about(
        &self,
        user_code: UserCode,
        ticket: DeviceTicket,
        live: SessionFacts,
        context: &RequestContext,
    ) -> Result<DeviceQuestion, Failure> {
        let (issuer, user) = (&self.policy.issuer_key, live.user.id);
        let client = self.records.client(issuer, &ticket.client).await?;
        let client = client.ok_or(Reason::UserCodeUnknown)?;
        let sector = client.sector_key();
        let subject = self.records.subject(issuer, user, sector).await?;
        let signed_in = SignedIn {
            sub: subject.map(|subject| subject.sub),
            consent: self.records.consent(issuer, user, &client.id).await?,
            unit: None,
            paths: Vec::new(),
            session: live.session,
            user: live.user,
        };
        let same_network = ticket.network == network(&context.source);
        Ok(DeviceQuestion {
            user_code,
            ticket,
            client,
            signed_in,
            same_network,
        })
    }

    /// Records what the person answered. The code is taken, so that one answer counts.
    ///
    /// # Errors
    /// As [`Provider::device_question`]; [`Reason::PageOfAnother`] when the page was shown to
    /// somebody else; [`Reason::PageAnswered`] for a code that was answered meanwhile.
    pub async fn answer_device(
        &self,
        form: &DeviceForm,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<DeviceQuestion, Failure> {
        let code = form.user_code.to_string();
        let mut asked = self.device_question(&code, visitor, context).await?;
        let person = asked.signed_in.user.id;
        let shown = visitor.browser.was_shown_to(person, form.person.as_deref());
        let now = context.here.now;
        let mut device = None;
        for _ in 0..ATTEMPTS {
            let decision = answer(
                asked.facts(shown),
                form.approved,
                &mut deciding(self, context),
            );
            let (outcome, batch) = decision.into_parts();
            let answered = match outcome {
                Outcome::Done(answered) => answered,
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(_) => return Err(endless()),
            };
            let digest = match device {
                Some(digest) => digest,
                None => self.take_user_code(&form.user_code, now).await?,
            };
            device = Some(digest);
            if self.commit(batch).await? == Committed::Yes {
                self.keep_answer(&asked.ticket, (digest, &answered), context)
                    .await?;
                return Ok(asked);
            }
            let live = self.live_session(visitor.session.as_ref(), now).await?;
            let live = live.filter(|live| live.user.id == person);
            let live = live.ok_or(Reason::SessionOver)?;
            let (code, ticket) = (asked.user_code, asked.ticket);
            asked = self.question_about(code, ticket, live, context).await?;
        }
        Err(contended())
    }

    async fn take_user_code(&self, code: &UserCode, now: Timestamp) -> Result<Digest, Failure> {
        match self.sealed_tickets().take(code.key(), now).await? {
            Taken::First(digest) => Ok(digest),
            Taken::Again(_) | Taken::Unknown => Err(Reason::PageAnswered.into()),
        }
    }

    /// Keeps the answer for the device's next poll, and counts its request no longer.
    async fn keep_answer(
        &self,
        ticket: &DeviceTicket,
        (device, answered): (Digest, &DeviceAnswer),
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let now = context.here.now;
        let kind = TicketKind::DeviceAnswer;
        let key = TicketKey {
            kind,
            digest: device,
        };
        // Kept as long as the request itself, so that a replay still finds its grant.
        let times = (now, ticket.requested_at + REMEMBERED);
        self.sealed_tickets()
            .store(key, answered, times, &mut context.entropy)
            .await?;
        self.uncount(Some(ticket.counted), context).await;
        Ok(())
    }
}

impl DeviceQuestion {
    fn facts(&self, shown_to_user: bool) -> AnswerFacts<'_> {
        AnswerFacts {
            ticket: &self.ticket,
            client: &self.client,
            signed_in: &self.signed_in,
            shown_to_user,
        }
    }
}

/// The key of the request of the device whose code has this digest.
const fn of_device(digest: Digest) -> TicketKey {
    TicketKey {
        kind: TicketKind::DeviceCode,
        digest,
    }
}
