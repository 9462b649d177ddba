//! The jwt-bearer grant at `POST /token`.

use serde_json::{Map, Value};

use super::answer::endless;
use super::authorize::deciding;
use super::token::issue_facts;
use super::{Failure, Provider, RequestContext, contended};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::client_keys::FetchedKeys;
use crate::oauth::token::Wanted;
use crate::oauth::token::jwt_bearer::{VerifiedAssertion, candidates, decide, verify};
use crate::store::decision::Outcome;

impl Provider {
    /// Answers an assertion with an access token.
    ///
    /// # Errors
    /// Those of [`verify`] and [`decide`], [`Reason::AssertionReplayed`], or a fault.
    pub(super) async fn answer_assertion(
        &self,
        client: &AuthenticatedClient,
        (assertion, wanted): (&SecretText, &Wanted),
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let now = context.here.now;
        let assertion = self.verified_assertion(client, assertion, now).await?;
        let (key, until) = assertion.mark;
        let mark = vec![(key, until, Reason::AssertionReplayed)];
        self.mark(mark, Vec::new(), now).await?;
        let issuer = &self.policy.issuer_key;
        let grants = match self.records.user_by_subject(issuer, &assertion.sub).await? {
            Some(user) => self.records.grants_of_user(user.id).await?,
            None => Vec::new(),
        };
        let mut refused = Failure::from(Reason::AssertionWithoutGrant);
        for grant in candidates(client.client(), grants) {
            let loaded = self.load_grant(Some(grant.id), now).await?;
            let facts = issue_facts(&loaded);
            let deciding = &mut deciding(self, context);
            let decision = decide(client, &assertion, wanted, facts.as_ref(), deciding);
            match self.finish(client, decision).await {
                Ok(answer) => return answer.ok_or_else(contended),
                Err(Failure::Refused(why)) => refused = why.into(),
                Err(fault) => return Err(fault),
            }
        }
        Err(refused)
    }

    async fn verified_assertion(
        &self,
        client: &AuthenticatedClient,
        assertion: &SecretText,
        now: Timestamp,
    ) -> Result<VerifiedAssertion, Failure> {
        let mut fetched = FetchedKeys::default();
        for _ in 0..3 {
            let decision = verify(client, assertion, &fetched, (now, &self.policy));
            fetched = match decision.outcome {
                Outcome::Done(verified) => return Ok(verified),
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(asks) => match self.fetched_keys(&asks, now).await {
                    Ok(fetched) => fetched,
                    Err(Failure::Refused(_)) => {
                        return Err(Reason::AssertionKeysUnavailable.into());
                    }
                    Err(fault) => return Err(fault),
                },
            };
        }
        Err(endless())
    }
}
