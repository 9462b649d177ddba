//! From what arrived at the authorization endpoint to the parameters that count.

use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::model::client::Client;
use crate::oauth::demands::Carriage;
use crate::oauth::par;
use crate::oauth::params::Parameters;

/// A request whose parameters are known, whichever way they came; nothing in it is checked.
pub(super) struct Requested {
    /// The parameters that count.
    pub(super) parameters: Parameters,
    /// How they came.
    pub(super) carriage: Carriage,
    /// The client that the request names, if there is one.
    pub(super) client: Option<Client>,
    /// The pushed request to take when it is answered.
    pub(super) pushed: Option<Digest>,
}

impl Provider {
    /// Finds the parameters that count. Of a request that names a pushed one, nothing else
    /// counts but `client_id` (RFC 9126 §4).
    ///
    /// # Errors
    /// Refusals that are shown as a page, because no address is known yet: those of
    /// [`Provider::brought`], and [`Reason::ClientUnknown`] for a pushed request of nobody.
    pub(super) async fn requested(
        &self,
        arrived: &Parameters,
        context: &RequestContext,
    ) -> Result<Requested, Failure> {
        let client = self.client_named(arrived.find("client_id")).await?;
        let request_uri = arrived.find("request_uri");
        let Some(request_uri) = request_uri.filter(|uri| par::reference(uri).is_some()) else {
            return Ok(Requested {
                parameters: arrived.clone(),
                carriage: Carriage::PLAIN,
                client,
                pushed: None,
            });
        };
        let client = client
            .filter(|c| !c.disabled)
            .ok_or(Reason::ClientUnknown)?;
        let brought = self.brought(request_uri, &client, context).await?;
        Ok(Requested {
            parameters: brought.parameters,
            carriage: brought.carriage,
            client: Some(client),
            pushed: Some(brought.digest),
        })
    }
}
