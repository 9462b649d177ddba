//! Requests that wait for the person: kept, found again by the browser that began them, taken once.

use super::authorize::Pending;
use super::browser::Browser;
use super::{Failure, Provider, RequestContext};
use crate::authn::throttle;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::{Digest, SecretText};
use crate::model::client::{Client, ClientId};
use crate::oauth::authorize::AuthorizationRequest;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp};

impl Provider {
    /// The waiting request, if this browser began it, under its cookie of now or the one before
    /// the last sign-in.
    ///
    /// # Errors
    /// [`Reason::PageExpired`] when it is unknown, over or finished;
    /// [`Reason::BrowserNotTheBeginner`].
    pub async fn pending(
        &self,
        waiting: &SecretText,
        browser: &Browser,
        context: &RequestContext,
    ) -> Result<Pending, Failure> {
        let key = pending_key(waiting);
        let found = self
            .sealed_tickets()
            .peek::<Pending>(key, context.here.now)
            .await?;
        let pending = found.ok_or(Reason::PageExpired)?;
        let began = pending.browser == browser.digest()
            || self.former(browser, context).await? == Some(pending.browser);
        if !began {
            return Err(Reason::BrowserNotTheBeginner.into());
        }
        Ok(pending)
    }

    /// A new cookie for a browser in which somebody just signed in, and the operation that lets
    /// its other tabs go on: what began under the former cookie is still this browser's.
    pub(super) fn renew(
        &self,
        browser: &Browser,
        context: &mut RequestContext,
    ) -> Result<(SecretText, TicketOp), Fault> {
        let fresh = SecretText::generate(&mut context.entropy);
        let until = context.here.now + self.policy.lifetimes.interaction;
        let key = TicketKey::of(TicketKind::FormerBrowser, fresh.expose());
        let former = browser.digest();
        let renewed = self
            .sealed_tickets()
            .put(key, &former, until, &mut context.entropy)?;
        Ok((fresh, renewed))
    }

    async fn former(
        &self,
        browser: &Browser,
        context: &RequestContext,
    ) -> Result<Option<Digest>, Fault> {
        let key = TicketKey::of(TicketKind::FormerBrowser, browser.secret().expose());
        self.sealed_tickets()
            .peek::<Digest>(key, context.here.now)
            .await
    }

    /// The client of a waiting request.
    ///
    /// # Errors
    /// [`Reason::ClientUnknown`] when it was disabled meanwhile.
    pub async fn client_of(&self, request: &AuthorizationRequest) -> Result<Client, Failure> {
        let found = self
            .records
            .client(&self.policy.issuer_key, &request.client)
            .await?;
        found
            .filter(|c| !c.disabled)
            .ok_or_else(|| Reason::ClientUnknown.into())
    }

    pub(super) async fn client_named(&self, id: Option<&str>) -> Result<Option<Client>, Failure> {
        match id.and_then(ClientId::new) {
            Some(id) => Ok(self.records.client(&self.policy.issuer_key, &id).await?),
            None => Ok(None),
        }
    }

    /// Lets a request wait; one that waits already keeps its secret.
    ///
    /// # Errors
    /// [`Reason::TooManyUnfinished`] when too many of this source wait.
    pub(super) async fn keep_waiting(
        &self,
        pending: &Pending,
        waiting: Option<&SecretText>,
        context: &mut RequestContext,
    ) -> Result<SecretText, Failure> {
        if let Some(waiting) = waiting {
            return Ok(waiting.clone());
        }
        let counted = self.count_unfinished(1, context).await?;
        let wait = self.policy.lifetimes.interaction;
        let rules = &self.policy.throttle;
        if let Err(refusal) = throttle::check_unfinished(counted.first(), rules, wait) {
            // It was counted first, so that many at once do not pass; it does not wait after all.
            self.count_unfinished(-1, context).await?;
            return Err(refusal.into());
        }
        self.store_waiting(pending, context).await
    }

    /// Stores a waiting request under a new secret.
    pub(super) async fn store_waiting(
        &self,
        pending: &Pending,
        context: &mut RequestContext,
    ) -> Result<SecretText, Failure> {
        let secret = SecretText::generate(&mut context.entropy);
        let now = context.here.now;
        let times = (now, now + self.policy.lifetimes.interaction);
        let key = pending_key(&secret);
        self.sealed_tickets()
            .store(key, pending, times, &mut context.entropy)
            .await?;
        Ok(secret)
    }

    /// Counts a waiting request of this source, or gives it back.
    pub(super) async fn count_unfinished(
        &self,
        by: i64,
        context: &RequestContext,
    ) -> Result<Vec<TicketAnswer>, Failure> {
        let now = context.here.now;
        let until = now + self.policy.lifetimes.interaction;
        let count = throttle::unfinished(&context.source, by, until);
        Ok(self.tickets.apply(vec![count], now).await?)
    }

    /// The finished request's ticket is taken: only one answer comes of it.
    pub(super) async fn take_pending(
        &self,
        waiting: &SecretText,
        context: &RequestContext,
    ) -> Result<(), Failure> {
        let key = pending_key(waiting);
        match self
            .sealed_tickets()
            .take::<Pending>(key, context.here.now)
            .await?
        {
            Taken::First(_) => Ok(()),
            Taken::Again(_) | Taken::Unknown => Err(Reason::PageAnswered.into()),
        }
    }
}

/// The key of a waiting request.
pub(super) fn pending_key(waiting: &SecretText) -> TicketKey {
    TicketKey::of(TicketKind::PendingAuthorization, waiting.expose())
}
