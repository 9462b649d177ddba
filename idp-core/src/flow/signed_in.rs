//! Who is signed in, with what the questions of one client need to know.

use super::authorize::Visitor;
use super::{Failure, Provider, RequestContext};
use crate::model::client::{Client, ConsentRule};
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::interaction::SignedIn;
use crate::oauth::scope::{self, Scope};
use crate::oidc::claims::needs_paths;

impl Provider {
    /// The person whose session the browser holds, if it is alive.
    pub(super) async fn signed_in(
        &self,
        request: &AuthorizationRequest,
        client: &Client,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<Option<SignedIn>, Failure> {
        let now = context.here.now;
        let Some(facts) = self.live_session(visitor.session.as_ref(), now).await? else {
            return Ok(None);
        };
        let issuer = &self.policy.issuer_key;
        let user = facts.user.id;
        let subject = self
            .records
            .subject(issuer, user, client.sector_key())
            .await?;
        let offline = request.scope.iter().any(|s| s == scope::OFFLINE_ACCESS);
        let asks = client.consent == ConsentRule::Ask || request.prompt.consent || offline;
        let consent = if asks {
            self.records.consent(issuer, user, &client.id).await?
        } else {
            None
        };
        let unit = match &request.unit {
            Some(code) => self.records.unit_by_code(code.as_str()).await?,
            None => None,
        };
        let scope = Scope::of(&request.scope);
        let (one, all) = needs_paths(&scope);
        let paths = if request.response_type.has_id_token() && (one || all) {
            self.all_paths(&facts.user, now).await?
        } else {
            Vec::new()
        };
        Ok(Some(SignedIn {
            session: facts.session,
            user: facts.user,
            sub: subject.map(|s| s.sub),
            consent,
            unit,
            paths,
        }))
    }
}
