//! Applying changes one by one, each remembering how to take it back.

use super::state::{Kept, Leased, Reserved, State};
use crate::model::consent::Consent;
use crate::model::grant::{Grant, GrantState};
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::session::Session;
use crate::model::user::User;
use crate::model::{GrantId, Version};
use crate::store::change::{Aggregate, Change, EndSession, EndSessions, Write};
use crate::store::records::CommitError;

type Undo = Box<dyn FnOnce(&mut State)>;

/// Applies changes until one is refused; then everything before it is taken back.
pub(super) fn all(state: &mut State, changes: &[Change]) -> Result<(), CommitError> {
    let mut undo: Vec<Undo> = Vec::new();
    for change in changes {
        if let Err(error) = one(state, &mut undo, change) {
            undo.into_iter().rev().for_each(|step| step(state));
            return Err(error);
        }
    }
    Ok(())
}

fn one(state: &mut State, undo: &mut Vec<Undo>, change: &Change) -> Result<(), CommitError> {
    match change {
        Change::User(write) => user(state, undo, write),
        Change::Unit(write) => unit(state, undo, write),
        Change::Session(write) => session(state, undo, write),
        Change::Credential(write) => {
            if let Write::Put(credential) = write
                && let Some(digest) = credential.lookup()
                && state
                    .credentials
                    .values()
                    .any(|c| c.id != credential.id && c.lookup() == Some(digest))
            {
                return Err(changed("credential", credential.id.to_string()));
            }
            aggregate(state, undo, write, None)
        }
        Change::CredentialUnchanged(id, version) => {
            let stored = state.credentials.values().find(|c| c.id == *id);
            let same = stored.is_some_and(|c| c.version == *version);
            if same {
                Ok(())
            } else {
                Err(changed("credential", id.to_string()))
            }
        }
        Change::Role(write) => {
            let (Write::Put(role) | Write::Remove(role)) = write;
            aggregate(state, undo, write, Some(("role", role.name.to_string())))
        }
        Change::Client(write) => {
            let (Write::Put(client) | Write::Remove(client)) = write;
            aggregate(
                state,
                undo,
                write,
                Some(("client_id", client.id.to_string())),
            )
        }
        Change::Grant(write) => grant(state, undo, write),
        Change::Consent(write) => aggregate(state, undo, write, None),
        Change::ConsentUnchanged(consent) => consent_unchanged(state, consent),
        Change::Key(write) => aggregate(state, undo, write, None),
        Change::ChangeSet(write) => aggregate(state, undo, write, None),
        Change::EndSessions(end) => {
            end_sessions(state, undo, end);
            Ok(())
        }
        Change::EndSession(end) => {
            end_session(state, undo, *end);
            Ok(())
        }
        Change::RevokeGrant(id) => {
            revoke_grant(state, undo, *id);
            Ok(())
        }
        added => add(state, undo, added),
    }
}

fn consent_unchanged(state: &State, consent: &Consent) -> Result<(), CommitError> {
    let stored = state.consents.get(&consent.identity());
    match stored.is_some_and(|stored| stored.version == consent.version) {
        true => Ok(()),
        false => Err(changed("consent", consent.identity())),
    }
}

/// What is only ever added.
fn add(state: &mut State, undo: &mut Vec<Undo>, change: &Change) -> Result<(), CommitError> {
    match change {
        Change::Subject(subject) => {
            let clashes = state.subjects.iter().any(|other| {
                other.issuer == subject.issuer
                    && (other.sub == subject.sub
                        || other.user == subject.user && other.sector == subject.sector)
            });
            if clashes {
                return Err(taken("subject", &subject.sub));
            }
            state.subjects.push(subject.clone());
            undo.push(Box::new(|state| drop(state.subjects.pop())));
        }
        Change::Outbox(entry) => {
            let id = entry.id;
            if state.outbox.contains_key(&id) {
                return Err(changed("outbox", id.to_string()));
            }
            let entry = entry.clone();
            state.outbox.insert(id, Leased { entry, until: 0 });
            undo.push(Box::new(move |state| drop(state.outbox.remove(&id))));
        }
        Change::ChangeSetEntry(entry) => {
            let key = (entry.change_set.to_string(), entry.place);
            if state.entries.contains_key(&key) {
                let identity = format!("{}/{}", key.0, key.1);
                return Err(changed("change_set_entry", identity));
            }
            state.entries.insert(key.clone(), entry.clone());
            undo.push(Box::new(move |state| drop(state.entries.remove(&key))));
        }
        Change::AuditBlock(block) => {
            let number = block.head.number;
            if state.blocks.contains_key(&number) {
                return Err(taken("audit_block", &number.to_string()));
            }
            state.blocks.insert(number, block.clone());
            undo.push(Box::new(move |state| drop(state.blocks.remove(&number))));
        }
        Change::Setting(write) => {
            let was = state.settings.get(write.name.as_ref()).cloned();
            if was != write.was {
                return Err(changed("setting", write.name.clone().into_owned()));
            }
            state
                .settings
                .insert(write.name.clone().into_owned(), write.value.clone());
            let name = write.name.clone();
            undo.push(Box::new(move |state| match was {
                Some(was) => drop(state.settings.insert(name.into_owned(), was)),
                None => drop(state.settings.remove(name.as_ref())),
            }));
        }
        // Every versioned kind was handled before.
        _ => {}
    }
    Ok(())
}

fn aggregate<T: Kept>(
    state: &mut State,
    undo: &mut Vec<Undo>,
    write: &Write<T>,
    exists: Option<(&'static str, String)>,
) -> Result<(), CommitError> {
    let (Write::Put(value) | Write::Remove(value)) = write;
    let identity = value.identity();
    let stored = state.version::<T>(&identity);
    let inserts = value.version() == Version::NEW && matches!(write, Write::Put(_));
    if inserts && stored != Version::NEW {
        return Err(match exists {
            Some((what, text)) => taken(what, &text),
            None => changed(T::KIND, identity),
        });
    }
    if stored != value.version() || !inserts && stored == Version::NEW {
        return Err(changed(T::KIND, identity));
    }
    let before = match write {
        Write::Put(value) => {
            let mut next = value.clone();
            next.set_version(stored.next());
            T::table(state).insert(identity.clone(), next)
        }
        Write::Remove(_) => T::table(state).remove(&identity),
    };
    undo.push(Box::new(move |state| {
        match before {
            Some(before) => T::table(state).insert(identity, before),
            None => T::table(state).remove(&identity),
        };
    }));
    Ok(())
}

fn user(state: &mut State, undo: &mut Vec<Undo>, write: &Write<User>) -> Result<(), CommitError> {
    aggregate(state, undo, write, None)?;
    let (Write::Put(user) | Write::Remove(user)) = write;
    let before = state.identifiers.clone();
    undo.push(Box::new(move |state| state.identifiers = before));
    // Released first, whatever the aggregate still lists: an identifier stays its user's for ever.
    for reserved in state.identifiers.values_mut() {
        reserved.released |= reserved.user == user.id;
    }
    let Write::Put(user) = write else {
        return Ok(());
    };
    for identity in &user.external_identities {
        let clash = state.users.values().any(|other| {
            other.id != user.id
                && other.external_identities.iter().any(|theirs| {
                    theirs.source == identity.source && theirs.external_id == identity.external_id
                })
        });
        if clash {
            return Err(taken("external_identity", &identity.external_id));
        }
    }
    let mut identifiers: Vec<_> = user.identifiers.iter().collect();
    identifiers.retain(|i| i.kind.is_unique());
    identifiers.sort_by_key(|i| i.released_at.is_none());
    for identifier in identifiers {
        let key = identifier.key();
        let mine = Reserved {
            user: user.id,
            released: identifier.released_at.is_some(),
        };
        let holder = state.identifiers.insert(key.as_str().to_owned(), mine);
        if holder.is_some_and(|holder| holder.user != user.id) {
            return Err(taken("identifier", key.as_str()));
        }
    }
    Ok(())
}

fn unit(
    state: &mut State,
    undo: &mut Vec<Undo>,
    write: &Write<OrganisationUnit>,
) -> Result<(), CommitError> {
    if let Write::Put(unit) = write {
        let mut others = state.units.values().filter(|u| u.id != unit.id);
        if others.any(|other| other.code == unit.code) {
            return Err(taken("unit_code", &unit.code.to_string()));
        }
    }
    aggregate(state, undo, write, None)
}

fn session(
    state: &mut State,
    undo: &mut Vec<Undo>,
    write: &Write<Session>,
) -> Result<(), CommitError> {
    if let Write::Put(session) = write {
        let mut others = state.sessions.values().filter(|s| s.id != session.id);
        let user = state.users.get(&session.user.to_string());
        let begins_in_vain =
            session.version == Version::NEW && user.is_some_and(|u| !u.is_active());
        if begins_in_vain || others.any(|other| other.secret == session.secret) {
            return Err(changed("session", session.id.to_string()));
        }
    }
    aggregate(state, undo, write, None)
}

fn grant(state: &mut State, undo: &mut Vec<Undo>, write: &Write<Grant>) -> Result<(), CommitError> {
    if let Write::Put(grant) = write {
        let session = state.sessions.get(&grant.session.to_string());
        if grant.version == Version::NEW && session.is_some_and(|s| s.ended.is_some()) {
            return Err(changed("grant", grant.id.to_string()));
        }
    }
    aggregate(state, undo, write, None)
}

fn end_sessions(state: &mut State, undo: &mut Vec<Undo>, end: &EndSessions) {
    let (sessions, grants) = (state.sessions.clone(), state.grants.clone());
    undo.push(Box::new(move |state| {
        state.sessions = sessions;
        state.grants = grants;
    }));
    let spared = |id| Some(id) == end.except;
    for session in state.sessions.values_mut() {
        let live = session.ended.is_none() && session.expires_at > end.at;
        if session.user == end.user && live && !spared(session.id) {
            session.ended = Some((end.at, end.why));
            session.version = session.version.next();
        }
    }
    for grant in state.grants.values_mut() {
        let live = grant.state != GrantState::Revoked;
        if grant.user == end.user && live {
            grant.state = GrantState::Revoked;
            grant.version = grant.version.next();
        }
    }
}

fn end_session(state: &mut State, undo: &mut Vec<Undo>, end: EndSession) {
    let identity = end.session.to_string();
    let live = |session: &&mut Session| session.ended.is_none();
    let Some(session) = state.sessions.get_mut(&identity).filter(live) else {
        return;
    };
    let before = session.clone();
    session.ended = Some((end.at, end.why));
    session.version = session.version.next();
    undo.push(Box::new(move |state| {
        state.sessions.insert(identity, before);
    }));
}

fn revoke_grant(state: &mut State, undo: &mut Vec<Undo>, id: GrantId) {
    let identity = id.to_string();
    let live = |grant: &&mut Grant| grant.state != GrantState::Revoked;
    let Some(grant) = state.grants.get_mut(&identity).filter(live) else {
        return;
    };
    let before = grant.clone();
    grant.state = GrantState::Revoked;
    grant.version = grant.version.next();
    undo.push(Box::new(move |state| {
        state.grants.insert(identity, before);
    }));
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
