//! `POST /introspect` with `Accept: application/token-introspection+jwt` (RFC 9701).

use super::encrypt::Content;
use super::token::algorithm;
use super::{Failure, Provider, RequestContext};
use crate::base::fault::Fault;
use crate::oauth::introspect::{SIGNED_TYP, signed_claims};
use crate::oauth::params::Parameters;
use crate::oauth::sender::Sender;

impl Provider {
    /// Tells a resource server about a token, in an answer that it can keep as evidence.
    ///
    /// # Errors
    /// As [`Provider::introspect`], and those of encryption for the client where it is registered.
    pub async fn introspect_signed(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<String, Failure> {
        let (client, answer) = self.introspected(sender, body, context).await?;
        let registered = client.client().features.introspection_signed_response_alg;
        let algorithm = match registered {
            Some(algorithm) => algorithm,
            None => algorithm("RS256")?,
        };
        let claims = signed_claims(&client, &answer, (context.here.now, &self.policy));
        let claims = serde_json::to_vec(&claims).map_err(|e| Fault::lasting("introspect", e))?;
        let jwt = self.sign_jwt(algorithm, Some(SIGNED_TYP), &claims).await?;
        let how = client.client().features.introspection_encryption();
        self.encrypt_for(client.client(), how, Content::Jwt(jwt), context)
            .await
    }
}
