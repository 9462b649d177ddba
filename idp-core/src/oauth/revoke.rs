//! Token revocation (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::introspect::KnownToken;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::grant::{Grant, GrantState};
use crate::store::change::{Change, Write};
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
            let what = What::AccessTokenRevoked { client: client.id.clone() };
            let event = deciding.event(Actor::Client(client.id.clone()), what);
            Decision::done(Some((claims.revocation_mark(), claims.expires_at()))).with_event(event)
        }
        Some(KnownToken::Refresh(_)) => {
            let own = |grant: &&Grant| grant.client == client.id && grant.state == GrantState::Active;
            let Some(grant) = facts.map(|f| &f.grant).filter(own) else {
                return Decision::done(None);
            };
            let what = What::GrantRevoked {
                client: client.id.clone(),
                grant: grant.id,
                reason: "token_revocation".to_owned(),
            };
            let event = deciding.event(Actor::Client(client.id.clone()), what);
            let revoked = Grant { state: GrantState::Revoked, ..grant.clone() };
            Decision::done(None).with_change(Change::Grant(Write::Put(revoked))).with_event(event)
        }
        _ => Decision::done(None),
    }
}
