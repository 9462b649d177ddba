//! Issuing an authorization code: the grant is written first, the code is its ticket.

use std::time::Duration;

use super::interaction::{InteractionFacts, SignedIn, position};
use super::scope;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::client::{Client, ClientKind, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::model::session::Session;
use crate::model::subject::Subject;
use crate::model::{GrantId, Version};
use crate::policy::Policy;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// A session is marked as used at most so often.
const TOUCH: Duration = Duration::from_secs(60);

/// A code that was issued.
#[derive(Clone, Debug)]
pub struct IssuedCode {
    /// The code: 256 random bits.
    pub code: SecretText,
    /// The grant behind it.
    pub grant: GrantId,
}

/// Decides what a request with no open question gets. Writes the grant in state `authorized`,
/// the user's public subject when this is its first grant, and the session's last use.
pub fn decide(facts: &InteractionFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<IssuedCode> {
    let Some(signed_in) = facts.signed_in else {
        return Decision::refused(Reason::SignInNeeded);
    };
    let position = match position(facts, signed_in) {
        Ok(position) => position.map(|p| p.id),
        Err(reason) => return Decision::refused(reason),
    };
    let now = deciding.now();
    let offline = facts.request.scope.iter().any(|s| s == scope::OFFLINE_ACCESS)
        && facts.client.may_use(GrantType::RefreshToken);
    let grant = Grant {
        id: GrantId::generate(now, deciding.entropy),
        version: Version::NEW,
        issuer: deciding.policy.issuer_key.clone(),
        user: signed_in.user.id,
        client: facts.client.id.clone(),
        session: signed_in.session.id,
        state: GrantState::Authorized,
        scope: facts.request.scope.clone(),
        position,
        nonce: facts.request.nonce.clone(),
        authentication: signed_in.session.authentication.clone(),
        offline,
        generation: 0,
        rotated_at: now,
        created_at: now,
        expires_at: now + lifetime(facts.client, offline, deciding.policy),
    };
    let event = deciding.event(
        Actor::User(grant.user),
        What::GrantAuthorized {
            user: grant.user,
            client: grant.client.clone(),
            grant: grant.id,
            scope: grant.scope.clone(),
        },
    );
    let issued = IssuedCode { code: SecretText::generate(deciding.entropy), grant: grant.id };
    let mut decision =
        Decision::done(issued).with_change(Change::Grant(Write::Put(grant))).with_event(event);
    decision.changes.extend(touched(signed_in, deciding).map(|s| Change::Session(Write::Put(s))));
    if signed_in.sub.is_none() {
        let issuer = deciding.policy.issuer_key.clone();
        let subject = Subject::public(issuer, signed_in.user.id, deciding.entropy);
        decision.changes.push(Change::Subject(subject));
    }
    decision
}

fn lifetime(client: &Client, offline: bool, policy: &Policy) -> Duration {
    match (client.kind, offline) {
        (ClientKind::Native, true) => policy.lifetimes.refresh_token_native,
        _ => policy.lifetimes.refresh_token,
    }
}

fn touched(signed_in: &SignedIn, deciding: &Deciding<'_>) -> Option<Session> {
    let session = &signed_in.session;
    let now = deciding.now();
    (now.since(session.last_seen_at) >= TOUCH)
        .then(|| Session { last_seen_at: now, ..session.clone() })
}
