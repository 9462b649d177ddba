//! Sessions and grants.

use idp_core::base::fault::Fault;
use idp_core::model::grant::Grant;
use idp_core::model::session::Session;
use idp_core::store::change::{EndSessions, Write};

use super::super::engine::Step;
use super::super::value::{Statement, values, word};
use super::aggregate::{Columns, Texts, step};

const SESSION: Texts = Texts {
    insert: "INSERT INTO sessions \
             (id, user_id, secret, expires_ms, ended_ms, ended_why, version, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    update: "UPDATE sessions SET user_id = $2, secret = $3, expires_ms = $4, ended_ms = $5, \
             ended_why = $6, version = $7, body = $8 WHERE id = $1 AND version = $7 - 1",
    remove: "DELETE FROM sessions WHERE id = $1 AND version = $2",
};

pub(super) fn session(write: &Write<Session>) -> Result<Step, Fault> {
    let (Write::Put(session) | Write::Remove(session)) = write;
    let ended = session.ended.map(|(at, _)| at);
    let why = match &session.ended {
        Some((_, why)) => Some(word(why)?),
        None => None,
    };
    let derived = values![
        session.user,
        &session.secret,
        session.expires_at,
        ended,
        why
    ];
    step(write, &SESSION, Columns::new(values![session.id], derived))
}

const GRANT: Texts = Texts {
    insert: "INSERT INTO grants (id, issuer, user_id, session_id, state, expires_ms, version, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    update: "UPDATE grants SET issuer = $2, user_id = $3, session_id = $4, state = $5, \
             expires_ms = $6, version = $7, body = $8 WHERE id = $1 AND version = $7 - 1",
    remove: "DELETE FROM grants WHERE id = $1 AND version = $2",
};

pub(super) fn grant(write: &Write<Grant>) -> Result<Step, Fault> {
    let (Write::Put(grant) | Write::Remove(grant)) = write;
    let derived = values![
        grant.issuer.as_str(),
        grant.user,
        grant.session,
        word(&grant.state)?,
        grant.expires_at
    ];
    step(write, &GRANT, Columns::new(values![grant.id], derived))
}

/// Ends all sessions of a user but one, and revokes all grants, the spared session's too.
pub(super) fn end_all(steps: &mut Vec<Step>, end: &EndSessions) -> Result<(), Fault> {
    // No session has the empty id, so `<>` then spares none.
    let except = end.except.map(|id| id.to_string()).unwrap_or_default();
    let sessions = Statement::new(
        "UPDATE sessions SET ended_ms = $2, ended_why = $3, version = version + 1 \
         WHERE user_id = $1 AND ended_ms IS NULL AND expires_ms > $2 AND id <> $4",
        values![end.user, end.at, word(&end.why)?, except.as_str()],
    );
    let grants = Statement::new(
        "UPDATE grants SET state = 'revoked', version = version + 1 \
         WHERE user_id = $1 AND state <> 'revoked'",
        values![end.user],
    );
    steps.extend([sessions, grants].map(|statement| Step {
        statement,
        otherwise: None,
    }));
    Ok(())
}
