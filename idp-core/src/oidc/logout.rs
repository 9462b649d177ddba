//! Signing out (OpenID Connect RP-Initiated Logout 1.0): whose session ends, who is told, and
//! where the browser goes.

use serde::{Deserialize, Serialize};

use super::backchannel::{EndedSession, deliveries};
use super::id_token::IdTokenHint;
use crate::base::refusal::{Reason, Refusal};
use crate::base::seal::SealingKey;
use crate::event::{Actor, What};
use crate::model::client::Client;
use crate::model::grant::{Grant, GrantState};
use crate::model::session::{Session, SessionEnd};
use crate::model::subject::Subject;
use crate::oauth::authorize::with_query;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// A sign-out request whose addresses were proved. It rests in a ticket while the person
/// confirms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOutRequest {
    /// Where the browser goes afterwards, `state` included.
    pub then: Option<String>,
    /// The name of the application that asked.
    pub application: Option<String>,
    /// Whether the hint named the session that the browser holds, so that no question is needed:
    /// only somebody who was given that session's ID Token can have sent it.
    pub confirmed: bool,
}

/// The parameters, as far as they were understood.
#[derive(Clone, Debug)]
pub struct SignOutFacts<'a> {
    /// The verified `id_token_hint`.
    pub hint: Option<&'a IdTokenHint>,
    /// The client named by the hint or by `client_id`.
    pub client: Option<&'a Client>,
    /// The browser's live session.
    pub session: Option<&'a Session>,
}

/// Checks a sign-out request.
///
/// # Errors
/// [`Reason::LogoutRedirectMismatch`] unless the address is exactly one that the client
/// registered; an address without a known client is not proved.
pub fn check(
    facts: &SignOutFacts<'_>,
    then: Option<&str>,
    state: Option<&str>,
) -> Result<SignOutRequest, Refusal> {
    let then = then.map(|address| proved(facts.client, address, state)).transpose()?;
    let sid = facts.hint.and_then(|hint| hint.sid.as_deref());
    let confirmed =
        facts.session.is_some_and(|session| sid == Some(session.id.to_string().as_str()));
    let application = facts.client.map(|client| client.name.vi.clone());
    Ok(SignOutRequest { then, application, confirmed })
}

fn proved(client: Option<&Client>, address: &str, state: Option<&str>) -> Result<String, Refusal> {
    let registered = client
        .filter(|c| !c.disabled)
        .is_some_and(|c| c.post_logout_redirect_uris.iter().any(|r| r == address));
    if !registered {
        return Err(Reason::LogoutRedirectMismatch.into());
    }
    Ok(state.map_or_else(
        || address.to_owned(),
        |state| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("state", state)
                .finish();
            with_query(address, &query)
        },
    ))
}

/// What ending a session touches.
#[derive(Clone, Debug)]
pub struct SessionEndFacts<'a> {
    /// The session.
    pub session: &'a Session,
    /// The grants given in it.
    pub grants: &'a [Grant],
    /// The clients of those grants.
    pub clients: &'a [Client],
    /// The user's public subject.
    pub subject: Option<&'a Subject>,
}

/// Ends a session: its grants end unless they outlive it (`offline_access`), and every client
/// with a back-channel address is told, in the same commit. Ending an ended session changes
/// nothing.
pub fn end_session(
    facts: &SessionEndFacts<'_>,
    why: SessionEnd,
    actor: Actor,
    sealing: &SealingKey,
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    if facts.session.ended.is_some() {
        return Decision::done(());
    }
    let now = deciding.now();
    let ended = Session { ended: Some((now, why)), ..facts.session.clone() };
    let event = deciding.event(
        actor,
        What::SessionEnded { user: ended.user, session: ended.id, why },
    );
    let mut decision = Decision::done(()).with_event(event);
    decision.changes.push(Change::Session(Write::Put(ended)));
    let lives = |grant: &&Grant| grant.state != GrantState::Revoked && !grant.offline;
    for grant in facts.grants.iter().filter(lives) {
        let revoked = Grant { state: GrantState::Revoked, ..grant.clone() };
        decision.changes.push(Change::Grant(Write::Put(revoked)));
    }
    if let Some(subject) = facts.subject {
        let ended = EndedSession { session: facts.session.id, grants: facts.grants, sub: &subject.sub };
        let told = deliveries(ended, facts.clients, sealing, now, deciding.entropy);
        decision.changes.extend(told.into_iter().map(Change::Outbox));
    }
    decision
}
