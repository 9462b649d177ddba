//! Requests that wait for the person: kept, found again by the browser that began them, taken once.

use super::authorize::Pending;
use super::browser::Browser;
use super::{Failure, Provider, RequestContext};
use crate::authn::throttle::Unfinished;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::{Digest, SecretText};
use crate::model::client::{Client, ClientId};
use crate::oauth::authorize::AuthorizationRequest;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind, TicketOp};

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

    /// The operation that lets the other tabs of a browser go on in which somebody just signed
    /// in: what began under its former cookie is still this browser's under the fresh one.
    pub(super) fn renewed(
        &self,
        former: &Browser,
        fresh: &SecretText,
        context: &mut RequestContext,
    ) -> Result<TicketOp, Fault> {
        let until = context.here.now + self.policy.lifetimes.interaction;
        let key = TicketKey::of(TicketKind::FormerBrowser, fresh.expose());
        let former = former.digest();
        self.sealed_tickets()
            .put(key, &former, until, &mut context.entropy)
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
        device: Option<&SecretText>,
        context: &mut RequestContext,
    ) -> Result<SecretText, Failure> {
        if let Some(waiting) = waiting {
            return Ok(waiting.clone());
        }
        let counted = match pending.counted {
            Some(counted) => counted,
            None => self.count_unfinished(device, context).await?,
        };
        let pending = Pending {
            counted: Some(counted),
            ..pending.clone()
        };
        self.store_waiting(&pending, context).await
    }

    /// Counts a request that begins to wait and answers under what: its source, or, where others
    /// have filled that, the browser itself when it is known here.
    async fn count_unfinished(
        &self,
        device: Option<&SecretText>,
        context: &RequestContext,
    ) -> Result<Digest, Failure> {
        let rules = &self.policy.throttle;
        let source = Unfinished::begun_at(&context.source, rules);
        let full = match self.count_one(&source, context).await {
            Err(Failure::Refused(refusal)) => refusal,
            counted => return counted,
        };
        let now = context.here.now;
        match device {
            Some(device) if self.known_browser(device, now).await?.is_some() => {
                let known = Unfinished::begun_at(device.expose(), rules);
                self.count_one(&known, context).await
            }
            _ => Err(full.into()),
        }
    }

    /// It is counted first, so that many at once do not pass, and given back when it is refused.
    pub(super) async fn count_one(
        &self,
        counter: &Unfinished,
        context: &RequestContext,
    ) -> Result<Digest, Failure> {
        let key = counter.key();
        let wait = self.policy.lifetimes.interaction;
        let (now, until) = (context.here.now, context.here.now + wait);
        let count = |by| vec![TicketOp::Count { key, by, until }];
        let counted = self.tickets.apply(count(1), now).await?;
        if let Err(refusal) = counter.check(counted.first(), wait) {
            self.tickets.apply(count(-1), now).await?;
            return Err(refusal.into());
        }
        Ok(key.digest)
    }

    /// A waiting request came to its end: it is counted no longer.
    pub(super) async fn uncount(&self, counted: Option<Digest>, context: &RequestContext) {
        let Some(digest) = counted else {
            return;
        };
        let kind = TicketKind::Unfinished;
        let finished = TicketOp::Count {
            key: TicketKey { kind, digest },
            by: -1,
            until: context.here.now + self.policy.lifetimes.interaction,
        };
        self.apply_beside(vec![finished], context).await;
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
fn pending_key(waiting: &SecretText) -> TicketKey {
    TicketKey::of(TicketKind::PendingAuthorization, waiting.expose())
}
