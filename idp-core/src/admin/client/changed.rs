//! What an edit changed.

use super::features;
use crate::model::client::Client;

/// The names of the fields in which two states differ, as the API calls them.
pub fn changed_fields(a: &Client, b: &Client) -> Vec<String> {
    [
        ("name", a.name != b.name),
        ("disabled", a.disabled != b.disabled),
        (
            "token_endpoint_auth_method",
            a.authentication != b.authentication,
        ),
        ("jwks", a.jwks != b.jwks),
        ("jwks_uri", a.jwks_uri != b.jwks_uri),
        ("redirect_uris", a.redirect_uris != b.redirect_uris),
        (
            "post_logout_redirect_uris",
            a.post_logout_redirect_uris != b.post_logout_redirect_uris,
        ),
        (
            "backchannel_logout_uri",
            a.backchannel_logout_uri != b.backchannel_logout_uri,
        ),
        ("grant_types", a.grant_types != b.grant_types),
        ("scopes", a.scopes != b.scopes),
        (
            "id_token_signed_response_alg",
            a.id_token_alg != b.id_token_alg,
        ),
        ("position", a.position != b.position),
        ("consent", a.consent != b.consent),
        ("introspects", a.introspects != b.introspects),
        ("unit", a.unit != b.unit),
        ("declared", a.declared != b.declared),
        ("client_uri", a.client_uri != b.client_uri),
        ("policy_uri", a.policy_uri != b.policy_uri),
        ("tos_uri", a.tos_uri != b.tos_uri),
        (
            "access_token_seconds",
            a.access_token_seconds != b.access_token_seconds,
        ),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| field.to_owned())
    .chain(features::changed(&a.features, &b.features))
    .collect()
}
