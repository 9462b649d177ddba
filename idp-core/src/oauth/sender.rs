//! What a request carries beside its parameters to prove who sends it, and what its tokens are
//! bound to for that.

use super::client_auth::AuthenticatedClient;
use crate::base::refusal::{Reason, Refusal};
use crate::policy::Policy;

/// The proofs that came with a request, as they were sent; nothing in them is to be believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path of the endpoint below the issuer, beginning with `/`.
    pub path: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Every `DPoP` header, each as one text.
    pub dpop: &'a [String],
}

impl<'a> From<Option<&'a str>> for Sender<'a> {
    /// A POST to the token endpoint with nothing but an `Authorization` header.
    fn from(authorization: Option<&'a str>) -> Self {
        Self {
            method: "POST",
            path: "/token",
            authorization,
            dpop: &[],
        }
    }
}

/// The addresses of an endpoint: what a proof may name as its target. Always ours as configured,
/// never what a request's `Host` says, so that a proxy in front changes nothing.
pub fn addresses(path: &str, policy: &Policy) -> Vec<String> {
    vec![policy.issuer.endpoint(path)]
}

/// What a client registered about its tokens is kept: they are bound when it said so.
///
/// # Errors
/// [`Reason::DpopProofNeeded`] for a client with `dpop_bound_access_tokens` (RFC 9449 §5.2) that
/// sent no proof.
pub fn check_demands(client: &AuthenticatedClient) -> Result<(), Refusal> {
    let features = &client.client().features;
    if features.dpop_bound_access_tokens && client.confirmation().jkt.is_none() {
        return Err(Reason::DpopProofNeeded.into());
    }
    Ok(())
}
