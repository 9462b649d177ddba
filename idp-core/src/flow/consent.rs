//! `POST /consent`: the person agrees, or refuses.

use super::answer::endless;
use super::authorize::{Pending, Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::UserId;
use crate::model::consent::Consent;
use crate::oauth::consent::{Answered, ConsentFacts, agree, refuse};
use crate::oauth::response::Answer;
use crate::store::decision::Outcome;

/// A consent form that was sent.
#[derive(Clone, Debug)]
pub struct ConsentForm {
    /// The waiting request's secret.
    pub waiting: SecretText,
    /// The field that says to whom the page was shown
    /// ([`Browser::person_token`](super::browser::Browser::person_token)).
    pub person: Option<String>,
}

impl Provider {
    /// The person agreed to the waiting request's whole scope. Whatever comes of it, the request
    /// is to be resumed: somebody to whom the page was not shown is asked there.
    ///
    /// # Errors
    /// As [`Provider::pending`]; [`Reason::SessionOver`] when the session ended meanwhile.
    pub async fn approve(
        &self,
        form: &ConsentForm,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let browser = &visitor.browser;
        let pending = self.pending(&form.waiting, browser, context).await?;
        let user = self.signed_in_person(visitor, context).await?;
        let user = user.ok_or(Reason::SessionOver)?;
        for _ in 0..ATTEMPTS {
            let issuer = &self.policy.issuer_key;
            let client = &pending.request.client;
            let before = self.records.consent(issuer, user, client).await?;
            let facts = facts(&pending, (user, form), visitor, before.as_ref());
            let decision = agree(facts, &mut deciding(self, context));
            let (_, batch) = decision.into_parts();
            if self.commit(batch).await? == Committed::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The person refused: the client is told `access_denied`. `None` when the page was shown to
    /// somebody else than who is signed in now: then the request is to be resumed.
    ///
    /// # Errors
    /// As [`Provider::pending`].
    pub async fn refuse(
        &self,
        form: &ConsentForm,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<Option<Answer>, Failure> {
        let browser = &visitor.browser;
        let pending = self.pending(&form.waiting, browser, context).await?;
        let user = self.signed_in_person(visitor, context).await?;
        if let Some(user) = user {
            let facts = facts(&pending, (user, form), visitor, None);
            let decision = refuse(facts, &mut deciding(self, context));
            let (outcome, batch) = decision.into_parts();
            match outcome {
                Outcome::Done(Answered::AskAgain) => return Ok(None),
                // Recorded before the request is taken: when it cannot be, the person may press
                // again.
                Outcome::Done(Answered::Recorded) => self.commit(batch).await?,
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(_) => return Err(endless()),
            };
        }
        let reason = Reason::ConsentRefused;
        let answer = self.cancel(&form.waiting, (browser, reason), context);
        Ok(Some(answer.await?))
    }

    async fn signed_in_person(
        &self,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<Option<UserId>, Failure> {
        let session = visitor.session.as_ref();
        let live = self.live_session(session, context.here.now).await?;
        Ok(live.map(|facts| facts.user.id))
    }
}

fn facts<'a>(
    pending: &'a Pending,
    (user, form): (UserId, &ConsentForm),
    visitor: &Visitor,
    before: Option<&'a Consent>,
) -> ConsentFacts<'a> {
    ConsentFacts {
        request: &pending.request,
        user,
        shown_to_user: visitor.browser.was_shown_to(user, form.person.as_deref()),
        before,
    }
}
