//! Tokens for a client itself (RFC 6749 §4.4).

use super::{TokenPlan, Wanted, access_lifetime};
use crate::base::refusal::{Reason, Refusal};
use crate::event::{Actor, What};
use crate::model::client::{Client, GrantType};
use crate::oauth::access_token::{AccessTokenClaims, Audience};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::resource;
use crate::oauth::scope::{self, Scope};
use crate::store::decision::{Deciding, Decision};

/// Decides a client-credentials request. The subject is the client; no refresh token and no ID
/// Token are issued, and scopes that speak of a person are left out when none is asked for and
/// refused when asked for. Resources are those that the client is registered for, and the scope is
/// that of its rights there; without any, the token is for the provider itself.
pub fn decide(
    client: &AuthenticatedClient,
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    if !client.is_confidential() {
        return Decision::refused(Reason::GrantTypeNotAllowed);
    }
    let client = client.client();
    let (scope, audience) = match rights(client, wanted, deciding) {
        Ok(rights) => rights,
        Err(refusal) => return Decision::refused(refusal),
    };
    let (now, policy) = (deciding.now(), deciding.policy);
    let lifetime = access_lifetime(client, policy);
    let access = AccessTokenClaims {
        iss: policy.issuer.as_str().to_owned(),
        sub: client.id.as_str().to_owned(),
        aud: audience,
        client_id: client.id.as_str().to_owned(),
        exp: (now + lifetime).seconds(),
        iat: now.seconds(),
        jti: AccessTokenClaims::jti(None, deciding.entropy),
        scope: scope.to_string(),
        authorization_details: wanted.details.clone(),
        ..AccessTokenClaims::default()
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: None,
            grant_type: GrantType::ClientCredentials.as_str().to_owned(),
        },
    );
    let plan = TokenPlan::of_access((client, access), lifetime.as_secs(), deciding.entropy);
    Decision::done(plan).with_event(event)
}

/// The scope and the audience of the token.
fn rights(
    client: &Client,
    wanted: &Wanted,
    deciding: &Deciding<'_>,
) -> Result<(Scope, Audience), Refusal> {
    let own: Vec<String> = client
        .scopes
        .iter()
        .filter(|s| !scope::STANDARD.contains(&s.as_str()))
        .cloned()
        .collect();
    resource::check_allowed(&wanted.resources, client)?;
    wanted.details.check_allowed(client)?;
    let audience = resource::audience(&wanted.resources, &deciding.policy.issuer)?;
    let scope = match &wanted.scope {
        None => resource::narrowed(&Scope::of(&own), &wanted.resources, client),
        Some(scope) if scope.within(&own) => scope.clone(),
        Some(_) => return Err(Reason::ScopeNotAllowed.into()),
    };
    resource::check_scope(&scope, &wanted.resources, client)?;
    Ok((scope, audience))
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

    fn ask(client: &Client, scope: Option<&str>) -> Decision<TokenPlan> {
        ask_at(client, scope, &[])
    }

    fn ask_at(client: &Client, scope: Option<&str>, resources: &[&str]) -> Decision<TokenPlan> {
        let wanted = Wanted {
            scope: scope.map(|text| Scope::parse(text).unwrap()),
            resources: resources.iter().map(|r| (*r).to_owned()).collect(),
            ..Wanted::default()
        };
        decide(
            &authenticated(client),
            &wanted,
            &mut Stage::at(NOW).deciding(),
        )
    }

    #[test]
    fn a_system_gets_its_rights_at_the_api_that_it_names() {
        const PAYROLL: &str = "https://luong.tinh.example";
        let mut service = service();
        let admin = format!("{}/admin", crate::oauth::sample::ISSUER);
        service.features.resources = vec![PAYROLL.into(), admin.clone()];
        service
            .features
            .resource_scopes
            .insert(PAYROLL.into(), vec!["payroll:read".into()]);
        let plan = done(ask_at(&service, None, &[PAYROLL]));
        assert!(plan.access.aud.holds(PAYROLL));
        assert_eq!(plan.access.scope, "payroll:read");
        let refusal = |scope, resource| reason(&ask_at(&service, scope, &[resource]));
        assert_eq!(
            refusal(Some("payroll:write"), PAYROLL),
            Reason::ScopeNotOfResource
        );
        assert_eq!(
            refusal(None, "https://khac.example/"),
            Reason::ResourceNotAllowed
        );
        // Not even where somebody wrote it into the registration.
        assert_eq!(refusal(None, &admin), Reason::ResourceReserved);
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
