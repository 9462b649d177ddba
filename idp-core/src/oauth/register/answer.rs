//! The client information response (RFC 7591 §3.2.1).

use serde_json::{Map, Value, json};

use super::create::Registered;
use super::metadata::REGISTRABLE;
use crate::model::client::{Client, ClientKind};
use crate::policy::Policy;

/// What is registered, as the wire calls it.
pub type RegistrationAnswer = Map<String, Value>;

/// Everything registered about a client, defaults included, and the secrets that were just made.
/// The others rest as digests and are not repeated.
pub fn answer(registered: &Registered, policy: &Policy) -> RegistrationAnswer {
    let client = &registered.client;
    let mut told = metadata(client);
    let mut put = |name: &str, value: Value| told.insert(name.to_owned(), value);
    put("client_id", client.id.as_str().into());
    put("client_id_issued_at", client.created_at.seconds().into());
    let path = format!("/register/{}", client.id);
    put(
        "registration_client_uri",
        policy.issuer.endpoint(&path).into(),
    );
    if let Some(secret) = &registered.secret {
        put("client_secret", secret.expose().into());
    }
    if !client.secrets.is_empty() {
        put("client_secret_expires_at", 0.into());
    }
    if let Some(token) = &registered.token {
        put("registration_access_token", token.expose().into());
    }
    if let Some(statement) = &registered.statement {
        put("software_statement", statement.clone().into());
    }
    told
}

fn metadata(client: &Client) -> RegistrationAnswer {
    // Features are a plain struct: writing it cannot fail.
    let mut told = match serde_json::to_value(&client.features) {
        Ok(Value::Object(features)) => features,
        _ => Map::new(),
    };
    // A client is not told what only administrators set.
    told.retain(|name, _| REGISTRABLE.contains(&name.as_str()));
    let mut default = |name: &str, value: Value| {
        told.entry(name).or_insert(value);
    };
    default("response_types", json!(["code"]));
    default("subject_type", "public".into());
    let mut put = |name: &str, value: Value| told.insert(name.to_owned(), value);
    let native = client.kind == ClientKind::Native;
    put(
        "application_type",
        if native { "native" } else { "web" }.into(),
    );
    put("client_name", client.name.vi.clone().into());
    if let Some(en) = &client.name.en {
        put("client_name#en", en.clone().into());
    }
    put("redirect_uris", json!(client.redirect_uris));
    put("grant_types", json!(client.grant_types));
    put("scope", client.scopes.join(" ").into());
    put(
        "token_endpoint_auth_method",
        client.authentication.as_str().into(),
    );
    put(
        "id_token_signed_response_alg",
        client.id_token_alg.clone().into(),
    );
    if !client.post_logout_redirect_uris.is_empty() {
        put(
            "post_logout_redirect_uris",
            json!(client.post_logout_redirect_uris),
        );
    }
    if let Some(jwks) = &client.jwks {
        put("jwks", jwks.clone());
    }
    for (name, value) in [
        ("jwks_uri", &client.jwks_uri),
        ("backchannel_logout_uri", &client.backchannel_logout_uri),
        ("client_uri", &client.client_uri),
        ("policy_uri", &client.policy_uri),
        ("tos_uri", &client.tos_uri),
    ] {
        if let Some(value) = value {
            put(name, value.clone().into());
        }
    }
    told
}
