//! Tokens for a client itself (RFC 6749 §4.4).

use super::{TokenPlan, access_lifetime};
use crate::base::refusal::Reason;
use crate::event::{Actor, What};
use crate::model::client::GrantType;
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::scope::{self, Scope};
use crate::store::decision::{Deciding, Decision};

/// Decides a client-credentials request. The subject is the client; no refresh token and no ID
/// Token are issued, and scopes that speak of a person are left out when none is asked for and
/// refused when asked for.
pub fn decide(
    client: &AuthenticatedClient,
    wanted: Option<&Scope>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    if !client.is_confidential() {
        return Decision::refused(Reason::GrantTypeNotAllowed);
    }
    let client = client.client();
    let own: Vec<String> = client
        .scopes
        .iter()
        .filter(|s| !scope::STANDARD.contains(&s.as_str()))
        .cloned()
        .collect();
    let scope = match wanted {
        None => Scope::of(&own),
        Some(wanted) if wanted.within(&own) => wanted.clone(),
        Some(_) => return Decision::refused(Reason::ScopeNotAllowed),
    };
    let (now, policy) = (deciding.now(), deciding.policy);
    let lifetime = access_lifetime(client, policy);
    let access = AccessTokenClaims {
        iss: policy.issuer.as_str().to_owned(),
        sub: client.id.as_str().to_owned(),
        aud: policy.issuer.as_str().to_owned(),
        client_id: client.id.as_str().to_owned(),
        exp: (now + lifetime).seconds(),
        iat: now.seconds(),
        jti: AccessTokenClaims::jti(None, deciding.entropy),
        scope: scope.to_string(),
        auth_time: None,
        acr: None,
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: None,
            grant_type: GrantType::ClientCredentials.as_str().to_owned(),
        },
    );
    let plan = TokenPlan {
        access,
        id_token: None,
        id_token_alg: String::new(),
        refresh: None,
        expires_in: lifetime.as_secs(),
    };
    Decision::done(plan).with_event(event)
}
