//! Tokens for a client itself (RFC 6749 §4.4).

use super::{TokenPlan, access_lifetime};
use crate::base::refusal::Reason;
use crate::event::{Actor, What};
use crate::model::client::GrantType;
use crate::model::confirmation::Confirmation;
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
        cnf: Confirmation::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::done;
    use crate::model::client::{Client, ClientKind};
    use crate::oauth::sample::{NOW, Stage, after, authenticated, public, reason, web};

    fn service() -> Client {
        let scopes = ["openid", "profile", "payroll:read", "payroll:write"];
        Client {
            kind: ClientKind::Service,
            grant_types: vec![GrantType::ClientCredentials],
            scopes: scopes.map(str::to_owned).to_vec(),
            ..web()
        }
    }

    fn ask(client: &Client, wanted: Option<&str>) -> Decision<TokenPlan> {
        let wanted = wanted.map(|text| Scope::parse(text).unwrap());
        decide(
            &authenticated(client),
            wanted.as_ref(),
            &mut Stage::at(NOW).deciding(),
        )
    }

    #[test]
    fn the_subject_is_the_client_and_no_person_is_spoken_of() {
        let decision = ask(&service(), None);
        assert!(decision.changes.is_empty());
        assert!(matches!(
            decision.events[0].what,
            What::TokenIssued { grant: None, .. }
        ));
        let plan = done(decision);
        assert_eq!(
            (plan.access.sub.as_str(), plan.access.client_id.as_str()),
            ("app", "app")
        );
        assert_eq!(plan.access.scope, "payroll:read payroll:write");
        assert_eq!(plan.access.exp, after(600).seconds());
        assert_eq!(
            (plan.access.grant(), plan.access.auth_time, &plan.access.acr),
            (None, None, &None)
        );
        assert_eq!((plan.id_token, plan.refresh), (None, None));
        let one = done(ask(&service(), Some("payroll:read")));
        assert_eq!(one.access.scope, "payroll:read");
    }

    #[test]
    fn public_clients_and_scopes_of_a_person_are_refused() {
        let public = Client {
            grant_types: vec![GrantType::ClientCredentials],
            ..public()
        };
        assert_eq!(reason(&ask(&public, None)), Reason::GrantTypeNotAllowed);
        for wanted in ["openid", "payroll:read profile", "unknown"] {
            assert_eq!(
                reason(&ask(&service(), Some(wanted))),
                Reason::ScopeNotAllowed,
                "{wanted}"
            );
        }
    }
}
