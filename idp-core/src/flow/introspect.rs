//! `POST /introspect`.

use serde_json::{Map, Value};

use super::{Failure, Provider, RequestContext};
use crate::base::secret::SecretText;
use crate::model::key::KeyPurpose;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::introspect::{KnownToken, TokenFacts, answer, check_caller};
use crate::oauth::opaque_token::OpaqueToken;
use crate::oauth::params::Parameters;
use crate::oauth::sender::Sender;
use crate::oauth::token::refresh_token::Presented;

impl Provider {
    /// Tells a resource server whether a token counts.
    ///
    /// # Errors
    /// The client's refusal, [`crate::base::refusal::Reason::ParameterMissing`], or a fault.
    pub async fn introspect(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let (_, answer) = self.introspected(sender, body, context).await?;
        Ok(answer)
    }

    /// Who asks, and the answer.
    pub(super) async fn introspected(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<(AuthenticatedClient, Map<String, Value>), Failure> {
        let client = self.authenticate_client(sender, body, context).await?;
        check_caller(&client)?;
        let token = SecretText::new(body.required("token")?.to_owned());
        let known = self.recognise(&token, context).await?;
        let facts = self.token_facts(known.as_ref(), context).await?;
        let answer = answer(&client, known.as_ref(), &facts, context.here.now);
        Ok((client, answer))
    }

    /// Finds out what a token is; the hint is not needed, the forms differ (RFC 7009 §2.1).
    pub(super) async fn recognise(
        &self,
        token: &SecretText,
        context: &RequestContext,
    ) -> Result<Option<KnownToken>, Failure> {
        let issuer = &self.policy.issuer_key;
        if token.expose().contains('.') || OpaqueToken::key(token.expose()).is_some() {
            return match self.access_claims(token.expose(), context.here.now).await {
                Ok(claims) => Ok(Some(KnownToken::Access(claims))),
                Err(Failure::Refused(_)) => Ok(None),
                Err(fault) => Err(fault),
            };
        }
        let Ok(presented) = Presented::parse(token) else {
            return Ok(None);
        };
        let tags = self
            .signer
            .mac(issuer, KeyPurpose::Refresh, &presented.message())
            .await?;
        Ok(presented.verify(&tags).ok().map(KnownToken::Refresh))
    }

    pub(super) async fn token_facts(
        &self,
        token: Option<&KnownToken>,
        context: &RequestContext,
    ) -> Result<TokenFacts, Failure> {
        let (grant, revoked) = match token {
            None => return Ok(TokenFacts::default()),
            Some(KnownToken::Refresh(token)) => (Some(token.grant), false),
            Some(KnownToken::Access(claims)) => {
                // What a client was given ends with the client.
                let holder = self.client_named(Some(&claims.client_id)).await?;
                let gone = holder.is_none_or(|client| client.disabled);
                let revoked = gone || self.is_revoked(claims, context).await?;
                (claims.grant(), revoked)
            }
        };
        let grant = match grant {
            Some(id) => self.grant_here(id).await?,
            None => None,
        };
        Ok(TokenFacts { grant, revoked })
    }
}
