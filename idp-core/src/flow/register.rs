//! `/register`: clients that register themselves (RFC 7591, RFC 7592).

use super::authorize::deciding;
use super::outside::LOOKS;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::admin::client::Outside;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::client::{Client, ClientId};
use crate::model::registration::INITIAL_TOKENS;
use crate::oauth::register::{
    self, CreateFacts, InitialTokens, Registered, RegistrationAnswer, RegistrationRequest,
    ReplaceFacts, answer,
};
use crate::organisation::UnitTree;
use crate::policy::RegistrationMode;
use crate::store::decision::{Decision, Outcome};
use crate::store::page::PageRequest;

impl Provider {
    /// Registers a client.
    ///
    /// # Errors
    /// What [`register::create`] refuses with, [`Reason::RegistrationThrottled`], or a fault.
    pub async fn register(
        &self,
        presented: Option<&SecretText>,
        body: &[u8],
        context: &mut RequestContext,
    ) -> Result<RegistrationAnswer, Failure> {
        self.admit_registration(context).await?;
        let request = RegistrationRequest::parse(body)?;
        let mut outside = Outside::default();
        for _ in 0..ATTEMPTS + LOOKS {
            let tokens = self.records.setting(INITIAL_TOKENS).await?;
            let tokens = InitialTokens::parse(tokens)?;
            let keys = self.records.keys(&self.policy.issuer_key).await?;
            let facts = CreateFacts {
                request: &request,
                presented,
                tokens: &tokens,
                keys: &keys,
                sealing: &self.client_sealing,
                outside: &outside,
            };
            let decision = register::create(&facts, &mut deciding(self, context));
            if let Some(made) = self.registered(decision, &mut outside, context).await? {
                return Ok(answer(&made, &self.policy));
            }
        }
        Err(contended())
    }

    /// Counts the request for its source, and refuses what is off without a look at it.
    async fn admit_registration(&self, context: &RequestContext) -> Result<(), Failure> {
        let rules = &self.policy.registration;
        if rules.mode == RegistrationMode::Off {
            return Err(Reason::RegistrationOff.into());
        }
        let now = context.here.now;
        let count = register::count(&context.source, now, rules);
        let counted = self.tickets.apply(vec![count], now).await?;
        Ok(register::judge_count(counted.first(), rules)?)
    }

    /// Reads a registration.
    ///
    /// # Errors
    /// [`Reason::RegistrationAccessWrong`], or a fault.
    pub async fn registration(
        &self,
        id: &str,
        presented: Option<&SecretText>,
    ) -> Result<RegistrationAnswer, Failure> {
        let client = self.registered_client(id).await?;
        let client = register::read(client.as_ref(), presented)?;
        Ok(answer(&Registered::of(client.clone()), &self.policy))
    }

    /// Replaces a registration.
    ///
    /// # Errors
    /// What [`register::replace`] refuses with, or a fault.
    pub async fn replace_registration(
        &self,
        id: &str,
        (presented, body): (Option<&SecretText>, &[u8]),
        context: &mut RequestContext,
    ) -> Result<RegistrationAnswer, Failure> {
        let mut outside = Outside::default();
        for _ in 0..ATTEMPTS + LOOKS {
            let client = self.registered_client(id).await?;
            // Nobody without the token is told what is wrong with a body.
            register::read(client.as_ref(), presented)?;
            let request = RegistrationRequest::parse(body)?;
            let keys = self.records.keys(&self.policy.issuer_key).await?;
            let tree = UnitTree::new(self.records.units().await?);
            let facts = ReplaceFacts {
                client: client.as_ref(),
                presented,
                request: &request,
                keys: &keys,
                sealing: &self.client_sealing,
                tree: &tree,
                outside: &outside,
            };
            let decision = register::replace(&facts, &mut deciding(self, context));
            if let Some(made) = self.registered(decision, &mut outside, context).await? {
                return Ok(answer(&made, &self.policy));
            }
        }
        Err(contended())
    }

    /// Removes a registration.
    ///
    /// # Errors
    /// [`Reason::RegistrationAccessWrong`], or a fault.
    pub async fn remove_registration(
        &self,
        id: &str,
        presented: Option<&SecretText>,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let mut outside = Outside::default();
        for _ in 0..ATTEMPTS {
            let client = self.registered_client(id).await?;
            let decision =
                register::remove(client.as_ref(), presented, &mut deciding(self, context));
            let removed = self.registered(decision, &mut outside, context).await?;
            if removed.is_some() {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Removes the clients that registered themselves and that nobody signed in with in time;
    /// answers how many went.
    ///
    /// # Errors
    /// A fault.
    pub async fn expire_registrations(&self, context: &mut RequestContext) -> Result<u32, Failure> {
        let mut page = PageRequest::first(500);
        let mut removed = 0;
        loop {
            let issuer = &self.policy.issuer_key;
            let listing = self.records.clients(issuer, &page).await?;
            for client in &listing.entries {
                let expired = register::expire(client, &mut deciding(self, context));
                let Some(decision) = expired else { continue };
                // Somebody who signs in at this moment is faster: the client changed, and stays.
                if self.commit(decision.into_parts().1).await? == Committed::Yes {
                    removed += 1;
                }
            }
            match listing.next {
                Some(next) => page.after = Some(next),
                None => return Ok(removed),
            }
        }
    }

    async fn registered_client(&self, id: &str) -> Result<Option<Client>, Fault> {
        match ClientId::new(id) {
            Some(id) => self.records.client(&self.policy.issuer_key, &id).await,
            None => Ok(None),
        }
    }

    /// Commits a decision, or fetches what it asked for; `None` when it has to be made again.
    async fn registered<T>(
        &self,
        decision: Decision<T>,
        outside: &mut Outside,
        context: &RequestContext,
    ) -> Result<Option<T>, Failure> {
        let (outcome, batch) = decision.into_parts();
        match outcome {
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::Need(asks) => {
                self.look_outside(asks, outside, context.here.now).await?;
                Ok(None)
            }
            Outcome::Done(value) => {
                let committed = self.commit(batch).await?;
                Ok((committed == Committed::Yes).then_some(value))
            }
        }
    }
}
