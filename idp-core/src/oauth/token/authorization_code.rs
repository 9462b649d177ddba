//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 9700 §2.1).
//!
//! The client is authenticated, the code is taken, and only then is anything checked: a wrong
//! verifier burns the code. The commit moves the grant from `authorized` to `active`; a replay
//! carries the grant's id and revokes it. So at most one answer ever carries tokens.

use super::{IssueFacts, TokenPlan, plan};
use crate::base::refusal::{Reason, Refusal};
use crate::event::{Actor, What};
use crate::model::client::{Client, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::code::CodeTicket;
use crate::oauth::scope::Scope;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};
use crate::store::sealed::Taken;

/// What came with the code.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
}

/// Decides a redemption. `facts` is absent when the ticket is unknown or its grant is gone.
pub fn decide(
    client: &AuthenticatedClient,
    redemption: Redemption<'_>,
    taken: &Taken<CodeTicket>,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let client = client.client();
    let (ticket, first) = match taken {
        Taken::Unknown => return Decision::refused(Reason::CodeUnknown),
        Taken::Again(ticket) => (ticket, false),
        Taken::First(ticket) => (ticket, true),
    };
    if !first {
        return burned(client, Reason::CodeReused, facts, deciding);
    }
    let checks = ticket.check(client, redemption.redirect_uri, redemption.verifier, deciding.now());
    if let Err(refusal) = checks {
        return burned(client, refusal.reason, facts, deciding);
    }
    match facts {
        None => Decision::refused(Reason::GrantEnded),
        Some(facts) => issue(client, facts, deciding)
            .unwrap_or_else(|refusal| burned(client, refusal.reason, Some(facts), deciding)),
    }
}

/// The code is spent, so the grant behind it ends.
fn burned(
    client: &Client,
    reason: Reason,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let refused = Decision::refused(reason);
    let Some(grant) = facts.map(|f| &f.grant.grant).filter(|g| g.state != GrantState::Revoked)
    else {
        return refused;
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::GrantRevoked {
            client: grant.client.clone(),
            grant: grant.id,
            reason: reason.name().to_owned(),
        },
    );
    let revoked = Grant { state: GrantState::Revoked, ..grant.clone() };
    refused.with_change(Change::Grant(Write::Put(revoked))).with_event(event)
}

fn issue(
    client: &Client,
    facts: &IssueFacts<'_>,
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let now = deciding.now();
    check_grant(facts, now)?;
    let refreshes = client.may_use(GrantType::RefreshToken);
    let grant = Grant {
        state: GrantState::Active,
        generation: u32::from(refreshes),
        rotated_at: now,
        ..facts.grant.grant.clone()
    };
    let scope = Scope::of(&grant.scope);
    let mut issued = facts.grant.clone();
    issued.grant = grant.clone();
    let plan = plan(client, &IssueFacts { grant: &issued, paths: facts.paths }, &scope, deciding)?;
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: Some(grant.id),
            grant_type: GrantType::AuthorizationCode.as_str().to_owned(),
        },
    );
    Ok(Decision::done(plan).with_change(Change::Grant(Write::Put(grant))).with_event(event))
}

fn check_grant(facts: &IssueFacts<'_>, now: crate::base::time::Timestamp) -> Result<(), Refusal> {
    let facts = facts.grant;
    if facts.grant.state != GrantState::Authorized || now >= facts.grant.expires_at {
        return Err(Reason::GrantEnded.into());
    }
    if !facts.user.is_active() {
        return Err(Reason::PersonDisabled.into());
    }
    let live = |s: &crate::model::session::Session| s.ended.is_none() && now < s.expires_at;
    if !facts.session.as_ref().is_some_and(live) {
        return Err(Reason::SessionOver.into());
    }
    Ok(())
}
