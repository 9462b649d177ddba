//! `GET|POST /userinfo`.

use serde_json::{Map, Value};

use super::encrypt::Content;
use super::sender::UsableToken;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::model::client::Client;
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::params::Parameters;
use crate::oauth::scope::Scope;
use crate::oauth::sender::Sender;
use crate::oidc::userinfo::{as_jwt, decide};
use crate::store::tickets::{TicketAnswer, TicketOp};

/// Userinfo, as the client registered to get it.
#[derive(Clone, Debug)]
pub enum UserinfoAnswer {
    /// Plain JSON.
    Json(Map<String, Value>),
    /// A signed, or encrypted, or signed and encrypted JWT.
    Jwt(String),
}

impl Provider {
    /// The claims about the person behind an access token.
    ///
    /// # Errors
    /// The refusal of RFC 6750, or a fault.
    pub async fn userinfo(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<UserinfoAnswer, Failure> {
        let now = context.here.now;
        let sender = sender.into();
        let usable = self.usable_token(&sender, body, context);
        let UsableToken { claims, revoked } = usable.await?;
        claims.check_for(self.policy.issuer.as_str())?;
        let facts = match claims.grant() {
            Some(grant) => self.grant_here(grant).await?,
            None => None,
        };
        let paths = match &facts {
            Some(facts) => {
                self.paths(facts, &Scope::parse(&claims.scope)?, now)
                    .await?
            }
            None => Vec::new(),
        };
        let told = decide(&claims, facts.as_ref(), &paths, (revoked, now))?;
        let client = self.client_named(Some(&claims.client_id)).await?;
        let client = client.filter(|client| !client.disabled);
        let client = client.ok_or(Reason::TokenRevoked)?;
        self.as_registered(told, &client, context).await
    }

    /// Claims in the form that the client registered.
    async fn as_registered(
        &self,
        mut claims: Map<String, Value>,
        client: &Client,
        context: &mut RequestContext,
    ) -> Result<UserinfoAnswer, Failure> {
        let how = client.features.userinfo_encryption();
        let algorithm = client.features.userinfo_signed_response_alg;
        if how.is_none() && algorithm.is_none() {
            return Ok(UserinfoAnswer::Json(claims));
        }
        as_jwt(&mut claims, client, self.policy.issuer.as_str());
        let text = Value::Object(claims).to_string();
        let content = match algorithm {
            Some(algorithm) => Content::Jwt(self.sign_jwt(algorithm, None, text.as_bytes()).await?),
            None => Content::Claims(text),
        };
        let jwt = self.encrypt_for(client, how, content, context).await?;
        Ok(UserinfoAnswer::Jwt(jwt))
    }

    /// Whether an access token was revoked by itself.
    pub(super) async fn is_revoked(
        &self,
        claims: &AccessTokenClaims,
        context: &RequestContext,
    ) -> Result<bool, Failure> {
        let ops = vec![TicketOp::Peek {
            key: claims.revocation_mark(),
        }];
        let answers = self.tickets.apply(ops, context.here.now).await?;
        Ok(!matches!(answers.first(), Some(TicketAnswer::Unknown)))
    }
}
