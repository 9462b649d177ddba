//! Token introspection (RFC 7662).

use serde_json::{Map, Value, json};

use super::access_token::AccessTokenClaims;
use super::client_auth::AuthenticatedClient;
use super::token::refresh_token::RefreshToken;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::Client;
use crate::oidc::userinfo::is_live;
use crate::policy::Policy;
use crate::store::records::GrantFacts;

/// A token that was found to be ours.
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time, for a moment; boxing would cost an allocation each"
)]
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
    allowed
        .then_some(())
        .ok_or_else(|| Reason::IntrospectionNotAllowed.into())
}

/// Answers an introspection. Everything that does not count is `{"active": false}` and nothing
/// more (RFC 7662 §2.2), a token of another client included when the caller is not a resource
/// server that the token is for.
pub fn answer(
    client: &AuthenticatedClient,
    token: Option<&KnownToken>,
    facts: &TokenFacts,
    now: Timestamp,
) -> Map<String, Value> {
    let claims = token
        .filter(|_| !facts.revoked)
        .and_then(|token| match token {
            KnownToken::Access(claims) => access(claims, facts, now),
            KnownToken::Refresh(token) => refresh(*token, facts, now),
        });
    let own = |claims: &Map<String, Value>| {
        claims.get("client_id").and_then(Value::as_str) == Some(client.client().id.as_str())
    };
    // A refresh token is its own client's alone; no resource server is ever handed one.
    let by_role = match token {
        Some(KnownToken::Access(claims)) => is_audience(client.client(), claims),
        _ => false,
    };
    let visible = claims.filter(|claims| by_role || own(claims));
    visible.unwrap_or_else(|| object(json!({"active": false})))
}

/// Whether the client is a resource server that a token is for (RFC 7662 §4): one of the audiences
/// registered for it, or, without any, the provider itself.
fn is_audience(client: &Client, claims: &AccessTokenClaims) -> bool {
    let own = &client.features.audiences;
    let named = match own.as_slice() {
        [] => claims.aud.holds(&claims.iss),
        own => own.iter().any(|audience| claims.aud.holds(audience)),
    };
    client.introspects && named
}

fn access(
    claims: &AccessTokenClaims,
    facts: &TokenFacts,
    now: Timestamp,
) -> Option<Map<String, Value>> {
    let lives = match claims.grant() {
        None => true,
        Some(_) => facts
            .grant
            .as_ref()
            .is_some_and(|grant| is_live(grant, now)),
    };
    if !lives || now >= claims.expires_at() {
        return None;
    }
    let mut answer = object(serde_json::to_value(claims).ok()?);
    answer.insert("active".to_owned(), true.into());
    answer.insert("token_type".to_owned(), claims.cnf.token_type().into());
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

/// The `typ` of a signed answer (RFC 9701 §5).
pub const SIGNED_TYP: &str = "token-introspection+jwt";

/// The claims of a signed answer (RFC 9701 §5): who tells whom, when, and what.
pub fn signed_claims(
    client: &AuthenticatedClient,
    answer: &Map<String, Value>,
    (now, policy): (Timestamp, &Policy),
) -> Value {
    json!({
        "iss": policy.issuer.as_str(),
        "aud": client.client().id,
        "iat": now.seconds(),
        "token_introspection": answer,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::Client;
    use crate::model::grant::GrantState;
    use crate::model::session::SessionEnd;
    use crate::model::user::AccountState;
    use crate::oauth::sample::{
        ISSUER, NOW, after, authenticated, grant_facts, named, public, web,
    };

    fn access_token(grant: Option<crate::model::GrantId>) -> KnownToken {
        let mut entropy = crate::admin::sample::entropy();
        KnownToken::Access(AccessTokenClaims {
            iss: ISSUER.into(),
            sub: "sub-an".into(),
            aud: ISSUER.into(),
            client_id: "app".into(),
            exp: after(600).seconds(),
            iat: NOW.seconds(),
            jti: AccessTokenClaims::jti(grant, &mut entropy),
            scope: "openid".into(),
            ..AccessTokenClaims::default()
        })
    }

    fn facts() -> TokenFacts {
        TokenFacts {
            grant: Some(grant_facts(&web())),
            revoked: false,
        }
    }

    fn ask(
        client: &Client,
        token: Option<&KnownToken>,
        facts: &TokenFacts,
        now: Timestamp,
    ) -> Value {
        answer(&authenticated(client), token, facts, now).into()
    }

    #[test]
    fn public_clients_may_not_ask() {
        let refused = check_caller(&authenticated(&public())).unwrap_err();
        assert_eq!(refused.reason, Reason::IntrospectionNotAllowed);
        assert_eq!(check_caller(&authenticated(&web())), Ok(()));
    }

    #[test]
    fn an_active_token_is_told_with_its_claims() {
        let facts = facts();
        let grant = facts.grant.as_ref().unwrap().grant.clone();
        let access = ask(&web(), Some(&access_token(Some(grant.id))), &facts, NOW);
        assert_eq!(access["active"], true);
        assert_eq!(access["token_type"], "Bearer");
        assert_eq!(
            (&access["sub"], &access["client_id"]),
            (&json!("sub-an"), &json!("app"))
        );
        assert_eq!(access["exp"], after(600).seconds());
        let newest = KnownToken::Refresh(RefreshToken {
            grant: grant.id,
            generation: 1,
        });
        assert_eq!(
            ask(&web(), Some(&newest), &facts, NOW),
            json!({
                "active": true, "client_id": "app", "sub": "sub-an", "scope": "openid",
                "exp": grant.expires_at.seconds(), "iat": NOW.seconds(),
            })
        );
        let own = ask(
            &web(),
            Some(&access_token(None)),
            &TokenFacts::default(),
            NOW,
        );
        assert_eq!(own["active"], true, "a client's own token needs no grant");
    }

    #[test]
    fn what_does_not_count_is_inactive_and_nothing_more() {
        let grant = facts().grant.unwrap().grant.id;
        let access = access_token(Some(grant));
        let refresh = |generation| KnownToken::Refresh(RefreshToken { grant, generation });
        let inactive = json!({"active": false});
        assert_eq!(ask(&web(), None, &TokenFacts::default(), NOW), inactive);
        assert_eq!(
            ask(&web(), Some(&access), &facts(), after(600)),
            inactive,
            "expired"
        );
        assert_eq!(
            ask(&web(), Some(&refresh(0)), &facts(), NOW),
            inactive,
            "rotated away"
        );
        let later = after(8 * 3600);
        assert_eq!(
            ask(&web(), Some(&refresh(1)), &facts(), later),
            inactive,
            "expired"
        );
        type Change = fn(&mut TokenFacts);
        let changes: [(&str, Change); 5] = [
            ("revoked by itself", |f| f.revoked = true),
            ("no grant", |f| f.grant = None),
            ("revoked", |f| {
                f.grant.as_mut().unwrap().grant.state = GrantState::Revoked;
            }),
            ("signed out", |f| {
                let session = f.grant.as_mut().unwrap().session.as_mut().unwrap();
                session.ended = Some((NOW, SessionEnd::SignedOut));
            }),
            ("disabled", |f| {
                let disabled = AccountState::Disabled {
                    at: NOW,
                    why: String::new(),
                };
                f.grant.as_mut().unwrap().user.state = disabled;
            }),
        ];
        for (shown, change) in changes {
            let mut facts = facts();
            change(&mut facts);
            for token in [&access, &refresh(1)] {
                assert_eq!(ask(&web(), Some(token), &facts, NOW), inactive, "{shown}");
            }
        }
    }

    #[test]
    fn a_resource_server_is_told_about_tokens_for_itself_only() {
        const FILES: &str = "https://api.tinh.example/ho-so";
        let mut plain = Client {
            introspects: true,
            ..named("other")
        };
        plain.features.audiences = Vec::new();
        let mut files = plain.clone();
        files.features.audiences = vec![FILES.into()];
        let grant = facts().grant.unwrap().grant.id;
        let of = |audience: &[&str]| match access_token(Some(grant)) {
            KnownToken::Access(claims) => {
                let audience: Vec<_> = audience.iter().map(|a| (*a).to_owned()).collect();
                KnownToken::Access(AccessTokenClaims {
                    aud: audience.as_slice().into(),
                    ..claims
                })
            }
            KnownToken::Refresh(token) => KnownToken::Refresh(token),
        };
        for (audience, for_plain, for_files) in [
            (&[ISSUER][..], true, false),
            (&[FILES], false, true),
            (&["https://khac.example/", FILES], false, true),
            (&["https://khac.example/"], false, false),
        ] {
            let told = |client| ask(client, Some(&of(audience)), &facts(), NOW)["active"] == true;
            assert_eq!((told(&plain), told(&files)), (for_plain, for_files));
            assert!(told(&web()), "its own client sees every token of its own");
        }
    }

    #[test]
    fn another_clients_token_is_shown_to_resource_servers_only() {
        let other = named("other");
        let resource_server = Client {
            introspects: true,
            ..named("other")
        };
        let grant = facts().grant.unwrap().grant.id;
        let refresh = KnownToken::Refresh(RefreshToken {
            grant,
            generation: 1,
        });
        let access = access_token(Some(grant));
        for token in [&access, &refresh] {
            assert_eq!(
                ask(&other, Some(token), &facts(), NOW),
                json!({"active": false})
            );
        }
        let shown = ask(&resource_server, Some(&access), &facts(), NOW);
        assert_eq!(shown["active"], true);
        // No resource server is ever handed a refresh token.
        let hidden = ask(&resource_server, Some(&refresh), &facts(), NOW);
        assert_eq!(hidden, json!({"active": false}));
    }
}
