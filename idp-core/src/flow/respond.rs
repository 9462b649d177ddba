//! The way back to the client: any response mode, answers and refusals alike.

use super::authorize::AuthorizeReply;
use super::encrypt::Content;
use super::{Failure, Provider, RequestContext};
use crate::base::fault::Fault;
use crate::jose::SigningAlgorithm;
use crate::model::client::Client;
use crate::oauth::authorize::ErrorRedirect;
use crate::oauth::redirect_uri::ValidRedirect;
use crate::oauth::response::{Answer, Members, ResponseMode};

/// Where an answer goes and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Back<'a> {
    /// The proved address.
    pub(super) to: &'a ValidRedirect,
    /// The mode.
    pub(super) mode: ResponseMode,
    /// Returned untouched.
    pub(super) state: Option<&'a str>,
}

impl Provider {
    /// Carries parameters back to a client, signed and encrypted where the mode and the client want
    /// it.
    ///
    /// # Errors
    /// What [`Provider::encrypt_for`] refuses with, or a fault of the signer.
    pub(super) async fn respond(
        &self,
        back: Back<'_>,
        client: &Client,
        members: Members,
        context: &mut RequestContext,
    ) -> Result<Answer, Failure> {
        let members = members.with_state(back.state, self.policy.issuer.as_str());
        if !back.mode.is_signed() {
            return Ok(back.mode.carry(back.to, members));
        }
        let claims = members.into_claims(&client.id, context.here.now);
        let claims = serde_json::to_vec(&claims).map_err(|e| Fault::lasting("authorize", e))?;
        // JARM §3: RS256 unless the client registered another.
        let registered = client.features.authorization_signed_response_alg;
        let algorithm = registered.unwrap_or(SigningAlgorithm::RS256);
        let signed = self.sign_jwt(algorithm, None, &claims).await?;
        let how = client.features.authorization_encryption();
        let mut one = Members::default();
        let content = Content::Jwt(signed);
        let response = self.encrypt_for(client, how, content, context).await?;
        one.push("response", response);
        Ok(back.mode.carry(back.to, one))
    }

    /// Carries a refusal back to the client.
    ///
    /// # Errors
    /// As [`Provider::respond`].
    pub(super) async fn respond_refused(
        &self,
        error: &ErrorRedirect,
        client: &Client,
        context: &mut RequestContext,
    ) -> Result<Answer, Failure> {
        let mut members = Members::default();
        members.push("error", error.refusal.code().as_str());
        members.push("error_description", error.refusal.reason.name());
        let back = Back {
            to: &error.to,
            mode: error.mode,
            state: error.state.as_deref(),
        };
        self.respond(back, client, members, context).await
    }

    /// The same as a reply of the authorization endpoint.
    ///
    /// # Errors
    /// As [`Provider::respond`].
    pub(super) async fn refused(
        &self,
        error: &ErrorRedirect,
        client: &Client,
        context: &mut RequestContext,
    ) -> Result<AuthorizeReply, Failure> {
        let answer = self.respond_refused(error, client, context).await?;
        Ok(AuthorizeReply::Refused(answer, error.refusal.reason))
    }
}
