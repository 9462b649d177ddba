//! The token-exchange grant at `POST /token`.

use serde_json::{Map, Value};

use super::authorize::deciding;
use super::{ATTEMPTS, Failure, Provider, RequestContext, contended};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::client::Client;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::introspect::{KnownToken, TokenFacts};
use crate::oauth::token::token_exchange::{
    Exchange, ExchangeFacts, Known, Presented, TokenType, decide, verify_id_token,
};

impl Provider {
    /// Exchanges a token for another.
    ///
    /// # Errors
    /// [`Reason::SubjectTokenWrong`] and [`Reason::ActorTokenWrong`] for what is no token of this
    /// provider, those of [`decide`], or a fault.
    pub(super) async fn exchange(
        &self,
        client: &AuthenticatedClient,
        exchange: &Exchange,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let subject = match exchange.subject_type {
            TokenType::AccessToken => {
                let wrong = Reason::SubjectTokenWrong;
                self.known_access(&exchange.subject, wrong, context).await?
            }
            TokenType::IdToken => self.known_id_token(&exchange.subject, context).await?,
        };
        let actor = match &exchange.actor {
            Some(token) => {
                let wrong = Reason::ActorTokenWrong;
                Some(self.known_access(token, wrong, context).await?)
            }
            None => None,
        };
        for _ in 0..ATTEMPTS {
            let sub = self.sub_at(client.client(), &subject).await?;
            let facts = ExchangeFacts {
                subject: &subject,
                actor: actor.as_ref(),
                sub: sub.as_deref(),
            };
            let deciding = &mut deciding(self, context);
            let decision = decide(client, facts, &exchange.wanted, deciding);
            if let Some(answer) = self.finish(client, decision).await? {
                return Ok(answer);
            }
        }
        Err(contended())
    }

    /// What a client calls the user that a token speaks of.
    async fn sub_at(&self, client: &Client, known: &Known) -> Result<Option<String>, Failure> {
        let Some(facts) = &known.facts.grant else {
            return Ok(None);
        };
        let (issuer, user) = (&self.policy.issuer_key, facts.user.id);
        let subject = self.records.subject(issuer, user, client.sector_key());
        Ok(subject.await?.map(|subject| subject.sub))
    }

    async fn known_access(
        &self,
        token: &SecretText,
        wrong: Reason,
        context: &RequestContext,
    ) -> Result<Known, Failure> {
        let claims = match self.access_claims(token.expose(), context.here.now).await {
            Ok(claims) => claims,
            Err(Failure::Refused(_)) => return Err(wrong.into()),
            Err(fault) => return Err(fault),
        };
        let token = Presented::from(&claims);
        let known = KnownToken::Access(claims);
        let facts = self.token_facts(Some(&known), context).await?;
        Ok(Known { token, facts })
    }

    async fn known_id_token(
        &self,
        token: &SecretText,
        context: &RequestContext,
    ) -> Result<Known, Failure> {
        let keys = self.signer.published(&self.policy.issuer_key).await?;
        let judged = (context.here.now, self.policy.as_ref());
        let claims = verify_id_token(token.expose(), &keys, judged)?;
        let grants = self.records.grants_of_session(claims.sid).await?;
        let token = claims.presented(&grants)?;
        let grant = match token.grant {
            Some(grant) => self.grant_here(grant).await?,
            None => None,
        };
        let facts = TokenFacts {
            grant,
            revoked: false,
        };
        Ok(Known { token, facts })
    }
}
