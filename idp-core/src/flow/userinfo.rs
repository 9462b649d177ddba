//! `GET|POST /userinfo`.

use serde_json::{Map, Value};

use super::sender::UsableToken;
use super::{Failure, Provider, RequestContext};
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::params::Parameters;
use crate::oauth::scope::Scope;
use crate::oauth::sender::Sender;
use crate::oidc::userinfo::decide;
use crate::store::tickets::{TicketAnswer, TicketOp};

impl Provider {
    /// The claims about the person behind an access token.
    ///
    /// # Errors
    /// The refusal of RFC 6750, or a fault.
    pub async fn userinfo(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
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
        Ok(decide(&claims, facts.as_ref(), &paths, (revoked, now))?)
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
