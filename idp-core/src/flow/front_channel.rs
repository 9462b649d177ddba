//! Tokens that leave the authorization endpoint, and ID Tokens that leave encrypted.

use serde_json::{Map, Value};

use super::encrypt::Content;
use super::{Failure, Provider, RequestContext};
use crate::base::fault::Fault;
use crate::jose::SigningAlgorithm;
use crate::model::client::Client;
use crate::oauth::front_channel::FrontChannel;

/// The order in which parameters leave.
const ORDER: [&str; 5] = [
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "id_token",
];

impl Provider {
    /// Makes the tokens of an answer: its parameters, in order.
    pub(super) async fn front_channel(
        &self,
        tokens: &FrontChannel,
        client: &Client,
        context: &mut RequestContext,
    ) -> Result<Vec<(String, String)>, Failure> {
        let mut made = if tokens.access {
            self.render(&tokens.plan).await?
        } else {
            self.id_token_alone(tokens).await?
        };
        self.encrypt_id_token(&mut made, client, context).await?;
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let ordered = ORDER.iter().filter_map(|name| made.remove_entry(*name));
        Ok(ordered.map(|(name, value)| (name, text(value))).collect())
    }

    async fn id_token_alone(&self, tokens: &FrontChannel) -> Result<Map<String, Value>, Failure> {
        let fault = |e: &dyn std::fmt::Display| Fault::lasting("authorize", e);
        let algorithm =
            SigningAlgorithm::parse(&tokens.plan.id_token_alg).map_err(|e| fault(&e))?;
        let claims = serde_json::to_vec(&tokens.plan.id_token).map_err(|e| fault(&e))?;
        let id_token = self.sign_jwt(algorithm, None, &claims).await?;
        Ok(Map::from_iter([("id_token".to_owned(), id_token.into())]))
    }

    /// Encrypts the ID Token of an answer, where there is one and its client registered for it.
    ///
    /// # Errors
    /// As [`Provider::encrypt_for`].
    pub(super) async fn encrypt_id_token(
        &self,
        answer: &mut Map<String, Value>,
        client: &Client,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let how = client.features.id_token_encryption();
        let signed = answer.get_mut("id_token").filter(|_| how.is_some());
        if let Some(Value::String(signed)) = signed {
            let content = Content::Jwt(std::mem::take(signed));
            *signed = self.encrypt_for(client, how, content, context).await?;
        }
        Ok(())
    }
}
