//! What a person sees whose browser brings a pushed request that was answered, or is over (RFC 9126
//! §4): an address loaded again, or kept as a bookmark.

use axum::response::Response;
use idp_core::base::refusal::Reason;
use idp_core::flow::Failure;
use idp_core::model::client::{Client, ClientId};
use idp_core::oauth::params::Parameters;
use idp_core::oidc::third_party_login::launch_address;

use super::context::Caller;
use super::questions::local;
use super::site::Shared;
use super::wire::failure_page_leading;
use crate::ui::pages::BackLink;

/// Whether nothing is wrong but that the request had its time.
pub(super) fn is_spent(failure: &Failure) -> bool {
    let spent = [
        Reason::PushedRequestUnknown,
        Reason::PushedRequestExpired,
        Reason::PushedRequestAnswered,
    ];
    matches!(failure, Failure::Refused(refusal) if spent.contains(&refusal.reason))
}

/// The error page, with the way to the application that the request names.
pub(super) async fn page(
    site: &Shared,
    caller: &Caller,
    parameters: Option<&Parameters>,
    failure: &Failure,
) -> Response {
    let named = parameters.and_then(|parameters| parameters.find("client_id"));
    let client = match named.and_then(ClientId::new) {
        Some(id) => {
            let found = site
                .provider
                .records
                .client(&site.provider.policy.issuer_key, &id);
            // Without the link the page still says what to do.
            found.await.ok().flatten()
        }
        None => None,
    };
    let link = client.and_then(|client| link(site, caller, &client));
    failure_page_leading(site, caller, failure, link)
}

/// Where the application begins a sign-in, or its own page. A name that nobody checked stands in no
/// page that anybody can have the province show.
fn link(site: &Shared, caller: &Caller, client: &Client) -> Option<BackLink> {
    if client.disabled || client.has_unchecked_name() {
        return None;
    }
    let begins = launch_address(client, &site.provider.policy.issuer);
    Some(BackLink {
        name: local(&client.name, caller),
        href: begins.or_else(|| client.client_uri.clone())?,
    })
}
