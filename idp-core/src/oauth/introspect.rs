//! Token introspection (RFC 7662).

use serde_json::{Map, Value, json};

use super::access_token::AccessTokenClaims;
use super::client_auth::AuthenticatedClient;
use super::token::refresh_token::RefreshToken;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::oidc::userinfo::is_live;
use crate::store::records::GrantFacts;

/// A token that was found to be ours.
#[derive(Clone, Debug)]
pub enum KnownToken {
    /// An access token.
    Access(AccessTokenClaims),
    /// A refresh token.
    Refresh(RefreshToken),
}

/// What is known about the token at this moment.
#[derive(Clone, Debug, Default)]
pub struct TokenFacts {
    /// Its grant, if it has one.
    pub grant: Option<GrantFacts>,
    /// Whether it was revoked by itself.
    pub revoked: bool,
}

/// Whether a client may ask at all: a resource server registered for it, or the client that the
/// token was issued to. Public clients may not.
///
/// # Errors
/// [`Reason::IntrospectionNotAllowed`].
pub fn check_caller(client: &AuthenticatedClient) -> Result<(), Refusal> {
    let allowed = client.is_confidential();
    allowed.then_some(()).ok_or_else(|| Reason::IntrospectionNotAllowed.into())
}

/// Answers an introspection. Everything that does not count is `{"active": false}` and nothing
/// more (RFC 7662 §2.2), a token of another client included when the caller is no resource
/// server.
pub fn answer(
    client: &AuthenticatedClient,
    token: Option<&KnownToken>,
    facts: &TokenFacts,
    now: Timestamp,
) -> Map<String, Value> {
    let claims = token.filter(|_| !facts.revoked).and_then(|token| match token {
        KnownToken::Access(claims) => access(claims, facts, now),
        KnownToken::Refresh(token) => refresh(*token, facts, now),
    });
    let own = |claims: &Map<String, Value>| {
        claims.get("client_id").and_then(Value::as_str) == Some(client.client().id.as_str())
    };
    let visible = claims.filter(|claims| client.client().introspects || own(claims));
    visible.unwrap_or_else(|| object(json!({"active": false})))
}

fn access(claims: &AccessTokenClaims, facts: &TokenFacts, now: Timestamp) -> Option<Map<String, Value>> {
    let lives = match claims.grant() {
        None => true,
        Some(_) => facts.grant.as_ref().is_some_and(|grant| is_live(grant, now)),
    };
    if !lives || now >= claims.expires_at() {
        return None;
    }
    let mut answer = object(serde_json::to_value(claims).ok()?);
    answer.insert("active".to_owned(), true.into());
    answer.insert("token_type".to_owned(), "Bearer".into());
    Some(answer)
}

fn refresh(token: RefreshToken, facts: &TokenFacts, now: Timestamp) -> Option<Map<String, Value>> {
    let facts = facts.grant.as_ref()?;
    let newest = facts.grant.generation == token.generation;
    if !newest || !is_live(facts, now) || now >= facts.grant.expires_at {
        return None;
    }
    Some(object(json!({
        "active": true,
        "client_id": facts.grant.client,
        "sub": facts.subject.as_ref()?.sub,
        "scope": facts.grant.scope.join(" "),
        "exp": facts.grant.expires_at.seconds(),
        "iat": facts.grant.rotated_at.seconds(),
    })))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
