//! Records in memory.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::apply;
use super::filter::passes;
use super::reading::{downwards, is_unused_logo, listing, upwards};
use super::state::{Leased, State};
use crate::base::fault::Fault;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::text::sort_key;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::event::seal::{Block, StoredEvent};
use crate::model::change_set::{ChangeSet, ChangeSetEntry};
use crate::model::client::{Client, ClientId};
use crate::model::consent::Consent;
use crate::model::credential::Credential;
use crate::model::grant::{Grant, GrantState};
use crate::model::identifier::IdentifierKey;
use crate::model::key::Key;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::outbox::{OutboxEntry, OutboxState};
use crate::model::role::{Role, RoleName};
use crate::model::session::Session;
use crate::model::subject::Subject;
use crate::model::user::User;
use crate::model::{ChangeSetId, CredentialId, GrantId, OutboxId, SessionId, UnitId, UserId};
use crate::store::change::Batch;
use crate::store::page::{Listing, PageRequest};
use crate::store::records::{CommitError, GrantFacts, Records, SessionFacts, UserFilter};

/// Records in memory: one lock, linear searches. Meant for tests and small installations of
/// library users, up to some thousands of accounts.
#[derive(Debug, Default)]
pub struct MemoryRecords {
    state: Mutex<State>,
    /// How often it was asked anything: what would be a round trip elsewhere.
    #[cfg(test)]
    pub(crate) asked: std::sync::atomic::AtomicUsize,
}

impl MemoryRecords {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        #[cfg(test)]
        self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Records for MemoryRecords {
    async fn client(&self, issuer: &IssuerKey, id: &ClientId) -> Result<Option<Client>, Fault> {
        Ok(self.state().clients.get(&format!("{issuer}/{id}")).cloned())
    }

    async fn clients(
        &self,
        issuer: &IssuerKey,
        page: &PageRequest,
    ) -> Result<Listing<Client>, Fault> {
        let state = self.state();
        let clients = state.clients.values().filter(|c| c.issuer == *issuer);
        let clients = clients.map(|c| (c.id.to_string(), c.clone()));
        Ok(listing(clients, page, upwards))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, Fault> {
        Ok(self.state().user(id))
    }

    async fn user_by_identifier(
        &self,
        key: &IdentifierKey,
    ) -> Result<Option<(User, Vec<Credential>)>, Fault> {
        let state = self.state();
        let holder = state.identifiers.get(key.as_str());
        let user = holder
            .filter(|h| !h.released)
            .and_then(|h| state.user(h.user));
        Ok(user.map(|user| {
            let credentials = state.credentials_of(user.id);
            (user, credentials)
        }))
    }

    async fn identifier_owner(&self, key: &IdentifierKey) -> Result<Option<UserId>, Fault> {
        Ok(self.state().identifiers.get(key.as_str()).map(|r| r.user))
    }

    async fn activated(&self, users: &[UserId]) -> Result<BTreeSet<UserId>, Fault> {
        let state = self.state();
        let known = users.iter().filter_map(|id| state.user(*id));
        let activated = known.filter(|user| state.is_activated(user));
        Ok(activated.map(|user| user.id).collect())
    }

    async fn users(&self, filter: &UserFilter, page: &PageRequest) -> Result<Listing<User>, Fault> {
        let state = self.state();
        let after = page.after.as_ref().map(|id| state.users.get(id));
        let Some(after) = after.map_or(Some(None), |user| user.map(Some)) else {
            return Ok(listing(std::iter::empty(), page, upwards));
        };
        let place = |user: &User| (sort_key(&user.name), user.id.to_string());
        let mut users: Vec<_> = state
            .users
            .values()
            .filter(|u| passes(&state, u, filter))
            .collect();
        users.sort_by_cached_key(|user| place(user));
        let rest = users
            .into_iter()
            .filter(|user| after.is_none_or(|after| place(user) > place(after)));
        let rest = rest.map(|user| (user.id.to_string(), user.clone()));
        Ok(listing(rest, page, |_, _| true))
    }

    async fn credentials(&self, user: UserId) -> Result<Vec<Credential>, Fault> {
        Ok(self.state().credentials_of(user))
    }

    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, Fault> {
        Ok(self.state().credentials.get(&id.to_string()).cloned())
    }

    async fn credential_by_digest(
        &self,
        digest: &Digest,
    ) -> Result<Option<(Credential, User)>, Fault> {
        let state = self.state();
        let mut all = state.credentials.values();
        let found = all.find(|c| c.lookup() == Some(*digest));
        Ok(found.and_then(|c| Some((c.clone(), state.user(c.user)?))))
    }

    async fn user_by_subject(&self, issuer: &IssuerKey, sub: &str) -> Result<Option<User>, Fault> {
        let state = self.state();
        let mut subjects = state.subjects.iter();
        let found = subjects.find(|s| s.issuer == *issuer && s.sub == sub);
        Ok(found.and_then(|s| state.user(s.user)))
    }

    async fn subject(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        sector: &str,
    ) -> Result<Option<Subject>, Fault> {
        Ok(self.state().subject(issuer, user, sector))
    }

    async fn unit(&self, id: UnitId) -> Result<Option<OrganisationUnit>, Fault> {
        Ok(self.state().units.get(&id.to_string()).cloned())
    }

    async fn unit_by_code(&self, code: &str) -> Result<Option<OrganisationUnit>, Fault> {
        let state = self.state();
        let mut units = state.units.values();
        Ok(units.find(|u| u.code.to_string() == code).cloned())
    }

    async fn units(&self) -> Result<Vec<OrganisationUnit>, Fault> {
        let mut units: Vec<_> = self.state().units.values().cloned().collect();
        units.sort_by_cached_key(|u| u.code.to_string());
        Ok(units)
    }

    async fn unit_path(&self, id: UnitId) -> Result<Vec<OrganisationUnit>, Fault> {
        let state = self.state();
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| state.units.get(&id.to_string()))
            && path.len() < 64
        {
            path.push(unit.clone());
            next = unit.parent;
        }
        path.reverse();
        Ok(path)
    }

    async fn roles(&self) -> Result<Vec<Role>, Fault> {
        Ok(self.state().roles.values().cloned().collect())
    }

    async fn role(&self, name: &RoleName) -> Result<Option<Role>, Fault> {
        Ok(self.state().roles.get(name.as_str()).cloned())
    }

    async fn session_by_secret(&self, digest: &Digest) -> Result<Option<SessionFacts>, Fault> {
        let state = self.state();
        let found = state.sessions.values().find(|s| s.secret == *digest);
        Ok(state.session_facts(found))
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, Fault> {
        let state = self.state();
        Ok(state.session_facts(state.sessions.get(&id.to_string())))
    }

    async fn sessions(
        &self,
        user: Option<UserId>,
        live_at: Option<Timestamp>,
        page: &PageRequest,
    ) -> Result<Listing<Session>, Fault> {
        let state = self.state();
        let wanted = state.sessions.values().rev().filter(|s| {
            user.is_none_or(|user| s.user == user)
                && live_at.is_none_or(|now| s.ended.is_none() && now < s.expires_at)
        });
        let wanted = wanted.map(|s| (s.id.to_string(), s.clone()));
        Ok(listing(wanted, page, downwards))
    }

    async fn grant(&self, id: GrantId) -> Result<Option<GrantFacts>, Fault> {
        let state = self.state();
        let grant = state.grants.get(&id.to_string()).cloned();
        Ok(grant.and_then(|grant| {
            Some(GrantFacts {
                user: state.user(grant.user)?,
                session: state.sessions.get(&grant.session.to_string()).cloned(),
                subject: grant.subject(state.subject(&grant.issuer, grant.user, "")),
                grant,
            })
        }))
    }

    async fn grants_of_session(&self, session: SessionId) -> Result<Vec<Grant>, Fault> {
        let state = self.state();
        let all = state.grants.values();
        Ok(all.filter(|g| g.session == session).cloned().collect())
    }

    async fn grants_of_user(&self, user: UserId) -> Result<Vec<Grant>, Fault> {
        let state = self.state();
        let live = |g: &&Grant| g.user == user && g.state != GrantState::Revoked;
        Ok(state.grants.values().filter(live).cloned().collect())
    }

    async fn consent(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        client: &ClientId,
    ) -> Result<Option<Consent>, Fault> {
        let identity = format!("{issuer}/{user}/{client}");
        Ok(self.state().consents.get(&identity).cloned())
    }

    async fn consents_of_user(
        &self,
        issuer: &IssuerKey,
        user: UserId,
    ) -> Result<Vec<Consent>, Fault> {
        let state = self.state();
        let all = state.consents.values();
        let own = all.filter(|c| c.issuer == *issuer && c.user == user);
        Ok(own.cloned().collect())
    }

    async fn keys(&self, issuer: &IssuerKey) -> Result<Vec<Key>, Fault> {
        let state = self.state();
        let all = state.keys.values().filter(|k| k.issuer == *issuer);
        let mut keys: Vec<Key> = all.cloned().collect();
        keys.sort_by_key(|k| std::cmp::Reverse(k.created_at));
        Ok(keys)
    }

    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        most: u32,
    ) -> Result<Vec<OutboxEntry>, Fault> {
        let mut state = self.state();
        Ok(state.lease_outbox(now, lease_until, most))
    }

    async fn settle_outbox(
        &self,
        entry: &OutboxEntry,
        events: Vec<Event>,
    ) -> Result<(), CommitError> {
        let mut state = self.state();
        let stored = state.outbox.get_mut(&entry.id);
        let Some(stored) = stored.filter(|l| l.entry.state == OutboxState::Pending) else {
            return Err(CommitError::Changed {
                kind: "outbox",
                identity: entry.id.to_string(),
            });
        };
        *stored = Leased {
            entry: entry.clone(),
            until: 0,
        };
        state.append(&events);
        Ok(())
    }

    async fn outbox(
        &self,
        wanted: Option<OutboxState>,
        page: &PageRequest,
    ) -> Result<Listing<OutboxEntry>, Fault> {
        let state = self.state();
        let entries = state.outbox.values().rev().map(|l| &l.entry);
        let entries = entries
            .filter(|e| wanted.is_none_or(|state| e.state == state))
            .map(|e| (e.id.to_string(), e.clone()));
        Ok(listing(entries, page, downwards))
    }

    async fn outbox_entry(&self, id: OutboxId) -> Result<Option<OutboxEntry>, Fault> {
        Ok(self.state().outbox.get(&id).map(|l| l.entry.clone()))
    }

    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Fault> {
        let mut state = self.state();
        let held = state.leases.get(name);
        if held.is_some_and(|(other, end)| other != holder && *end > now.millis()) {
            return Ok(false);
        }
        let lease = (holder.to_owned(), until.millis());
        state.leases.insert(name.to_owned(), lease);
        Ok(true)
    }

    async fn events_after(&self, place: i64, limit: u32) -> Result<Vec<StoredEvent>, Fault> {
        let state = self.state();
        let later = state.events.iter().filter(|e| e.place > place);
        Ok(later.take(limit.min(10_000) as usize).cloned().collect())
    }

    async fn events_before(
        &self,
        place: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let state = self.state();
        let place = place.unwrap_or(i64::MAX);
        let earlier = state.events.iter().rev().filter(|e| e.place < place);
        Ok(earlier.take(limit.min(10_000) as usize).cloned().collect())
    }

    async fn last_block(&self) -> Result<Option<Block>, Fault> {
        Ok(self.state().blocks.values().next_back().cloned())
    }

    async fn blocks_from(&self, number: i64, limit: u32) -> Result<Vec<Block>, Fault> {
        let state = self.state();
        let blocks = state.blocks.range(number..).map(|(_, block)| block);
        Ok(blocks.take(limit.min(10_000) as usize).cloned().collect())
    }

    async fn change_set(&self, id: ChangeSetId) -> Result<Option<ChangeSet>, Fault> {
        Ok(self.state().change_sets.get(&id.to_string()).cloned())
    }

    async fn change_sets(&self, page: &PageRequest) -> Result<Listing<ChangeSet>, Fault> {
        let state = self.state();
        let sets = state.change_sets.values().rev().cloned();
        let sets = sets.map(|s| (s.id.to_string(), s));
        Ok(listing(sets, page, downwards))
    }

    async fn change_set_entries(
        &self,
        id: ChangeSetId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<ChangeSetEntry>, Fault> {
        let state = self.state();
        let all = state.entries.range((id.to_string(), from)..);
        let ours = all.take_while(|(_, entry)| entry.change_set == id);
        Ok(ours
            .take(limit.min(10_000) as usize)
            .map(|(_, entry)| entry.clone())
            .collect())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.state().settings.get(name).cloned())
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Fault> {
        let mut state = self.state();
        state.settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let mut state = self.state();
        apply::all(&mut state, &batch.changes)?;
        state.append(&batch.events);
        Ok(())
    }

    async fn clean(&self, before: Timestamp, most: u32) -> Result<u64, Fault> {
        let mut state = self.state();
        Ok(state.clean(before, most))
    }

    async fn unused_logos(&self) -> Result<Vec<String>, Fault> {
        let state = self.state();
        let names = state.settings.keys();
        let unused = names.filter(|name| is_unused_logo(&state, name));
        Ok(unused.take(1000).cloned().collect())
    }

    async fn forget_logo(&self, name: &str) -> Result<bool, Fault> {
        let mut state = self.state();
        let unused = is_unused_logo(&state, name);
        Ok(unused && state.settings.remove(name).is_some())
    }

    async fn ping(&self) -> Result<(), Fault> {
        Ok(())
    }
}
