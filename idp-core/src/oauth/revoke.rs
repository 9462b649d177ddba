//! Token revocation (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::introspect::KnownToken;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::grant::{Grant, GrantState};
use crate::store::change::Change;
use crate::store::decision::{Deciding, Decision};
use crate::store::records::GrantFacts;
use crate::store::tickets::TicketKey;

/// What the flow still has to mark: a single access token, until it would have expired.
pub type Mark = Option<(TicketKey, Timestamp)>;

/// Decides a revocation. A refresh token ends its grant, and with it every access token issued
/// under it; an access token ends alone. A token that is unknown, or another client's, is
/// answered like success and changes nothing (RFC 7009 §2.2).
pub fn decide(
    client: &AuthenticatedClient,
    token: Option<&KnownToken>,
    facts: Option<&GrantFacts>,
    deciding: &mut Deciding<'_>,
) -> Decision<Mark> {
    let client = client.client();
    match token {
        Some(KnownToken::Access(claims)) if claims.client_id == client.id.as_str() => {
            let what = What::AccessTokenRevoked {
                client: client.id.clone(),
            };
            let event = deciding.event(Actor::Client(client.id.clone()), what);
            Decision::done(Some((claims.revocation_mark(), claims.expires_at()))).with_event(event)
        }
        Some(KnownToken::Refresh(_)) => {
            let own =
                |grant: &&Grant| grant.client == client.id && grant.state == GrantState::Active;
            let Some(grant) = facts.map(|f| &f.grant).filter(own) else {
                return Decision::done(None);
            };
            let what = What::GrantRevoked {
                client: client.id.clone(),
                grant: grant.id,
                reason: "token_revocation".to_owned(),
            };
            let event = deciding.event(Actor::Client(client.id.clone()), what);
            Decision::done(None)
                .with_change(Change::RevokeGrant(grant.id))
                .with_event(event)
        }
        _ => Decision::done(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::done;
    use crate::model::GrantId;
    use crate::model::client::Client;
    use crate::oauth::access_token::AccessTokenClaims;
    use crate::oauth::sample::{
        NOW, Stage, access_claims, after, authenticated, grant_facts, named, revoked_grant, web,
    };
    use crate::oauth::token::refresh_token::RefreshToken;

    fn ask(
        client: &Client,
        token: Option<&KnownToken>,
        facts: Option<&GrantFacts>,
    ) -> Decision<Mark> {
        let mut stage = Stage::at(NOW);
        decide(&authenticated(client), token, facts, &mut stage.deciding())
    }

    fn access_token() -> AccessTokenClaims {
        access_claims()
    }

    fn refresh(generation: u32) -> KnownToken {
        let grant = GrantId::from_u128(600);
        KnownToken::Refresh(RefreshToken { grant, generation })
    }

    #[test]
    fn a_refresh_token_of_any_generation_ends_its_grant() {
        for generation in [0, 1] {
            let decision = ask(
                &web(),
                Some(&refresh(generation)),
                Some(&grant_facts(&web())),
            );
            assert_eq!(revoked_grant(&decision), Some(grant_facts(&web()).grant.id));
            assert!(matches!(decision.events[0].what, What::GrantRevoked { .. }));
            assert_eq!(done(decision), None);
        }
    }

    #[test]
    fn an_access_token_ends_alone_until_it_would_have_expired() {
        let claims = access_token();
        let decision = ask(
            &web(),
            Some(&KnownToken::Access(claims.clone())),
            Some(&grant_facts(&web())),
        );
        assert!(decision.changes.is_empty());
        assert!(matches!(
            decision.events[0].what,
            What::AccessTokenRevoked { .. }
        ));
        assert_eq!(done(decision), Some((claims.revocation_mark(), after(600))));
    }

    #[test]
    fn unknown_ended_and_other_clients_tokens_change_nothing() {
        let facts = grant_facts(&web());
        let mut ended = facts.clone();
        ended.grant.state = GrantState::Revoked;
        let (own, other) = (web(), named("other"));
        let access = KnownToken::Access(access_token());
        for (client, token, facts) in [
            (&own, None, None),
            (&own, Some(&refresh(1)), None),
            (&own, Some(&refresh(1)), Some(&ended)),
            (&other, Some(&refresh(1)), Some(&facts)),
            (&other, Some(&access), Some(&facts)),
        ] {
            let decision = ask(client, token, facts);
            assert!(
                decision.changes.is_empty() && decision.events.is_empty(),
                "{token:?}"
            );
            assert_eq!(done(decision), None);
        }
    }
}
