//! Sessions and grants.

use idp_core::base::fault::Fault;
use idp_core::model::GrantId;
use idp_core::model::grant::Grant;
use idp_core::model::session::Session;
use idp_core::store::change::{EndSession, EndSessions, Write};

use super::super::dialect::Dialect;
use super::super::engine::Step;
use super::super::value::{Statement, values, word};
use super::aggregate::{Columns, Texts, step};

/// Whoever disables the user at the same time is waited for, or waits and ends the new session.
const SESSION: Texts = Texts {
    insert: "INSERT INTO sessions \
             (id, user_id, secret, expires_ms, ended_ms, ended_why, version, body) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE COALESCE( \
             (SELECT active FROM users WHERE id = $2{locked}), 1) = 1 ON CONFLICT DO NOTHING",
    update: "UPDATE sessions SET user_id = $2, secret = $3, expires_ms = $4, ended_ms = $5, \
             ended_why = $6, version = $7, body = $8 WHERE id = $1 AND version = $7 - 1",
    remove: "DELETE FROM sessions WHERE id = $1 AND version = $2",
};

/// A new session begins only for a user who is not disabled.
pub(super) fn session(write: &Write<Session>, dialect: &Dialect) -> Result<Step, Fault> {
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
    let step = step(write, &SESSION, Columns::new(values![session.id], derived))?;
    Ok(rendered(step, dialect))
}

/// Whoever ends the session at the same time is waited for, or waits and revokes the new grant.
const GRANT: Texts = Texts {
    insert: "INSERT INTO grants (id, issuer, user_id, session_id, state, expires_ms, version, body) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE \
             (SELECT ended_ms FROM sessions WHERE id = $4{locked}) IS NULL ON CONFLICT DO NOTHING",
    update: "UPDATE grants SET issuer = $2, user_id = $3, session_id = $4, state = $5, \
             expires_ms = $6, version = $7, body = $8 WHERE id = $1 AND version = $7 - 1",
    remove: "DELETE FROM grants WHERE id = $1 AND version = $2",
};

/// A new grant is given only in a session that has not ended.
pub(super) fn grant(write: &Write<Grant>, dialect: &Dialect) -> Result<Step, Fault> {
    let (Write::Put(grant) | Write::Remove(grant)) = write;
    let derived = values![
        grant.issuer.as_str(),
        grant.user,
        grant.session,
        word(&grant.state)?,
        grant.expires_at
    ];
    let step = step(write, &GRANT, Columns::new(values![grant.id], derived))?;
    Ok(rendered(step, dialect))
}

/// The step in the engine's own words.
fn rendered(mut step: Step, dialect: &Dialect) -> Step {
    let text = step.statement.text.replace("{locked}", dialect.locked);
    step.statement.text = text.into();
    step
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
    // Touched without being changed: whoever gives a grant in the spared session is waited for.
    let spared = end.except.map(|id| {
        let text = "UPDATE sessions SET version = version WHERE id = $1";
        Statement::new(text, values![id])
    });
    let all = spared.into_iter().chain([sessions, grants]);
    steps.extend(all.map(|statement| Step {
        statement,
        otherwise: None,
    }));
    Ok(())
}

/// Ends one session, unless it is over or gone.
pub(super) fn end(end: EndSession) -> Result<Step, Fault> {
    Ok(Step {
        statement: Statement::new(
            "UPDATE sessions SET ended_ms = $2, ended_why = $3, version = version + 1 \
             WHERE id = $1 AND ended_ms IS NULL",
            values![end.session, end.at, word(&end.why)?],
        ),
        otherwise: None,
    })
}

/// Revokes one grant, unless it is revoked or gone.
pub(super) fn revoke(grant: GrantId) -> Step {
    Step {
        statement: Statement::new(
            "UPDATE grants SET state = 'revoked', version = version + 1 \
             WHERE id = $1 AND state <> 'revoked'",
            values![grant],
        ),
        otherwise: None,
    }
}
