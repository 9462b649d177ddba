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
    /// The chain of the certificate whose key was proved in the TLS handshake, as DER, the
    /// client's own first; empty without one.
    pub certificates: &'a [Vec<u8>],
}

impl<'a> From<Option<&'a str>> for Sender<'a> {
    /// A POST to the token endpoint with nothing but an `Authorization` header.
    fn from(authorization: Option<&'a str>) -> Self {
        Self {
            method: "POST",
            path: "/token",
            authorization,
            dpop: &[],
            certificates: &[],
        }
    }
}

/// The addresses of an endpoint: what a proof may name as its target. Always ours as configured,
/// never what a request's `Host` says, so that a proxy in front changes nothing.
pub fn addresses(path: &str, policy: &Policy) -> Vec<String> {
    let aliases = policy.mutual_tls.iter().map(|mutual| &mutual.url);
    std::iter::once(&policy.issuer)
        .chain(aliases)
        .map(|base| base.endpoint(path))
        .collect()
}

/// What a client registered about its tokens is kept: they are bound when it said so.
///
/// # Errors
/// [`Reason::DpopProofNeeded`] for a client with `dpop_bound_access_tokens` (RFC 9449 §5.2) that
/// sent no proof; [`Reason::ClientCertificateNeeded`] for one with
/// `tls_client_certificate_bound_access_tokens` (RFC 8705 §3.4) that showed no certificate.
pub fn check_demands(client: &AuthenticatedClient) -> Result<(), Refusal> {
    let features = &client.client().features;
    if features.dpop_bound_access_tokens && client.confirmation().jkt.is_none() {
        return Err(Reason::DpopProofNeeded.into());
    }
    let bound = features.tls_client_certificate_bound_access_tokens;
    if bound && client.confirmation().x5t_s256.is_none() {
        return Err(Reason::ClientCertificateNeeded.into());
    }
    Ok(())
}
