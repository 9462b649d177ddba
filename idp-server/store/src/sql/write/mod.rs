//! Changes as statements: pure functions from a batch to the steps that write it.
//!
//! Every aggregate has three texts with the same markers: its key columns, the columns derived
//! from it, the version it will have, and its body. A step that touches no row stops the batch.

mod aggregate;
mod session;
mod user;

use idp_core::base::fault::Fault;
use idp_core::event::Event;
use idp_core::event::seal::Block;
use idp_core::model::change_set::ChangeSetEntry;
use idp_core::model::outbox::OutboxEntry;
use idp_core::model::subject::Subject;
use idp_core::store::change::{Batch, Change, SettingWrite};
use idp_core::store::changes::Changed;
use idp_core::store::records::CommitError;

use super::dialect::Dialect;
use super::engine::{EventRow, Prepared, Step};
use super::value::{Statement, to_json, values, word};

pub(crate) use aggregate::settle;

/// The steps and rows of a batch. All sessions of a user are ended last: where writers run side by
/// side, the rows that the other changes have locked by then hold off a sign-in that was decided
/// by what they change, so that its session is seen here, or is refused there. Serialising happens
/// here, in the caller's task, so that the one writer only runs statements.
pub(crate) fn prepare(batch: &Batch, dialect: &Dialect) -> Result<Prepared, Fault> {
    let mut steps = Vec::with_capacity(batch.changes.len());
    let ends = |change: &&Change| matches!(change, Change::EndSessions(_));
    let (ends, others): (Vec<_>, Vec<_>) = batch.changes.iter().partition(ends);
    for change in others.into_iter().chain(ends) {
        add(&mut steps, change, dialect)?;
    }
    Ok(Prepared {
        steps,
        events: event_rows(&batch.events),
        changed: batch.changes.iter().filter_map(told).collect(),
    })
}

/// What other nodes are told of a change. One session or grant is read at each request, so nobody
/// is told of its end.
fn told(change: &Change) -> Option<Changed> {
    match change {
        Change::Client(_) => Some(Changed::Clients),
        Change::Key(_) => Some(Changed::Keys),
        Change::Role(_) | Change::Unit(_) | Change::Setting(_) => Some(Changed::Policy),
        Change::EndSessions(_) => Some(Changed::Revocations),
        _ => None,
    }
}

/// Events as they rest.
pub(crate) fn event_rows(events: &[Event]) -> Vec<EventRow> {
    let rows = events.iter().map(Event::halves);
    rows.map(|(body, personal)| EventRow { body, personal })
        .collect()
}

fn add(steps: &mut Vec<Step>, change: &Change, dialect: &Dialect) -> Result<(), Fault> {
    let step = match change {
        Change::User(write) => return user::add(steps, write),
        Change::Unit(write) => return aggregate::add_unit(steps, write),
        Change::EndSessions(end) => return session::end_all(steps, end),
        Change::Credential(write) => aggregate::credential(write)?,
        Change::EndSession(end) => session::end(*end)?,
        Change::RevokeGrant(id) => session::revoke(*id),
        Change::CredentialUnchanged(id, version) => aggregate::credential_unchanged(*id, *version),
        Change::Role(write) => aggregate::role(write)?,
        Change::Client(write) => aggregate::client(write)?,
        Change::Session(write) => session::session(write, dialect)?,
        Change::Grant(write) => session::grant(write, dialect)?,
        Change::Consent(write) => aggregate::consent(write)?,
        Change::ConsentUnchanged(consent) => aggregate::consent_unchanged(consent),
        Change::Key(write) => aggregate::key(write)?,
        Change::ChangeSet(write) => aggregate::change_set(write)?,
        Change::Subject(subject) => add_subject(subject),
        Change::Outbox(entry) => add_delivery(entry)?,
        Change::ChangeSetEntry(entry) => add_entry(entry)?,
        Change::AuditBlock(block) => add_block(block)?,
        Change::Setting(write) => setting(write),
    };
    steps.push(step);
    Ok(())
}

fn add_subject(subject: &Subject) -> Step {
    Step {
        statement: Statement::new(
            "INSERT INTO subjects (issuer, user_id, sector, sub) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            values![
                subject.issuer.as_str(),
                subject.user,
                subject.sector.as_str(),
                subject.sub.as_str()
            ],
        ),
        otherwise: Some(taken("subject", &subject.sub)),
    }
}

fn add_delivery(entry: &OutboxEntry) -> Result<Step, Fault> {
    Ok(Step {
        statement: Statement::new(
            "INSERT INTO outbox (id, state, due_ms, lease_until_ms, body) \
             VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING",
            values![entry.id, word(&entry.state)?, entry.due_at, to_json(entry)?],
        ),
        otherwise: Some(changed("outbox", entry.id.to_string())),
    })
}

fn add_entry(entry: &ChangeSetEntry) -> Result<Step, Fault> {
    Ok(Step {
        statement: Statement::new(
            "INSERT INTO change_set_entries (change_set, place, body) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
            values![entry.change_set, entry.place, to_json(entry)?],
        ),
        otherwise: Some(changed(
            "change_set_entry",
            format!("{}/{}", entry.change_set, entry.place),
        )),
    })
}

fn add_block(block: &Block) -> Result<Step, Fault> {
    Ok(Step {
        statement: Statement::new(
            "INSERT INTO audit_blocks (number, first, last, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            values![
                block.head.number,
                block.head.first,
                block.head.last,
                to_json(block)?
            ],
        ),
        otherwise: Some(taken("audit_block", &block.head.number.to_string())),
    })
}

fn setting(write: &SettingWrite) -> Step {
    let (name, value) = (write.name.as_ref(), write.value.as_str());
    let statement = match &write.was {
        None => Statement::new(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            values![name, value],
        ),
        Some(was) => Statement::new(
            "UPDATE settings SET value = $2 WHERE name = $1 AND value = $3",
            values![name, value, was.as_str()],
        ),
    };
    Step {
        statement,
        otherwise: Some(changed("setting", name.to_owned())),
    }
}

fn changed(kind: &'static str, identity: String) -> CommitError {
    CommitError::Changed { kind, identity }
}

fn taken(what: &'static str, value: &str) -> CommitError {
    CommitError::Taken {
        what,
        value: value.to_owned(),
    }
}
