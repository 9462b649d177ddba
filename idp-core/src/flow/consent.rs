//! `POST /consent`: the person agrees, or refuses.

use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::Version;
use crate::model::consent::Consent;
use crate::store::change::{Batch, Change, Write};

impl Provider {
    /// Records that the person agreed to the waiting request's whole scope.
    ///
    /// # Errors
    /// As [`Provider::pending`]; [`Reason::SessionOver`] when the session ended meanwhile.
    pub async fn approve(
        &self,
        waiting: &SecretText,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let pending = self.pending(waiting, &visitor.browser, context).await?;
        let now = context.here.now;
        let facts = self.live_session(visitor.session.as_ref(), now).await?;
        let user = facts.ok_or(Reason::SessionOver)?.user.id;
        let issuer = self.policy.issuer_key.clone();
        let client = pending.request.client;
        for _ in 0..ATTEMPTS {
            let before = self.records.consent(&issuer, user, &client).await?;
            let mut scope = before.as_ref().map(|c| c.scope.clone()).unwrap_or_default();
            scope.extend(pending.request.scope.iter().cloned());
            scope.sort_unstable();
            scope.dedup();
            let version = before.map_or(Version::NEW, |c| c.version);
            let consent = Consent {
                issuer: issuer.clone(),
                user,
                client: client.clone(),
                version,
                scope: scope.clone(),
                at: now,
            };
            let what = What::ConsentGiven {
                user,
                client: client.clone(),
                scope,
            };
            let event = deciding(self, context).event(Actor::User(user), what);
            let batch = Batch {
                changes: vec![Change::Consent(Write::Put(consent))],
                events: vec![event],
            };
            if self.commit(batch).await? == Committed::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The person refused: the client is told `access_denied`.
    ///
    /// # Errors
    /// As [`Provider::pending`].
    pub async fn refuse(
        &self,
        waiting: &SecretText,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<String, Failure> {
        let pending = self.pending(waiting, &visitor.browser, context).await?;
        let signed_in = self
            .live_session(visitor.session.as_ref(), context.here.now)
            .await?;
        let reason = (&visitor.browser, Reason::ConsentRefused);
        let address = self.cancel(waiting, reason, context).await?;
        if let Some(facts) = signed_in {
            let user = facts.user.id;
            let what = What::ConsentRefused {
                user,
                client: pending.request.client,
            };
            let event = deciding(self, context).event(Actor::User(user), what);
            self.commit(Batch {
                changes: Vec::new(),
                events: vec![event],
            })
            .await?;
        }
        Ok(address)
    }
}
