//! What the records in memory are: a sorted table for each aggregate.

use std::collections::BTreeMap;

use crate::event::seal::{Block, StoredEvent};
use crate::model::certificate_status::KeptStatus;
use crate::model::change_set::{ChangeSet, ChangeSetEntry};
use crate::model::client::Client;
use crate::model::consent::Consent;
use crate::model::credential::Credential;
use crate::model::grant::Grant;
use crate::model::key::Key;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::outbox::OutboxEntry;
use crate::model::role::Role;
use crate::model::session::Session;
use crate::model::subject::Subject;
use crate::model::user::User;
use crate::model::{OutboxId, UserId, Version};
use crate::store::change::Aggregate;

/// Aggregates by the text of their identity.
pub(super) type Table<T> = BTreeMap<String, T>;

/// Who an identifier belongs to, for ever, and whether they still hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) user: UserId,
    pub(super) released: bool,
}

/// A delivery and until when a worker has it.
#[derive(Clone, Debug)]
pub(super) struct Leased {
    pub(super) entry: OutboxEntry,
    pub(super) until: i64,
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) users: Table<User>,
    pub(super) identifiers: BTreeMap<String, Reserved>,
    pub(super) credentials: Table<Credential>,
    pub(super) units: Table<OrganisationUnit>,
    pub(super) roles: Table<Role>,
    pub(super) clients: Table<Client>,
    pub(super) sessions: Table<Session>,
    pub(super) grants: Table<Grant>,
    pub(super) consents: Table<Consent>,
    pub(super) keys: Table<Key>,
    pub(super) subjects: Vec<Subject>,
    pub(super) outbox: BTreeMap<OutboxId, Leased>,
    pub(super) change_sets: Table<ChangeSet>,
    pub(super) entries: BTreeMap<(String, u32), ChangeSetEntry>,
    pub(super) events: Vec<StoredEvent>,
    pub(super) blocks: BTreeMap<i64, Block>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) leases: BTreeMap<String, (String, i64)>,
    pub(super) statuses: BTreeMap<[u8; 32], KeptStatus>,
}

/// An aggregate that has a table here.
pub(super) trait Kept: Aggregate + 'static {
    fn table(state: &mut State) -> &mut Table<Self>;
}

macro_rules! kept {
    ($($type:ty => $table:ident),* $(,)?) => {
        $(impl Kept for $type {
            fn table(state: &mut State) -> &mut Table<Self> {
                &mut state.$table
            }
        })*
    };
}

kept!(
    User => users, Credential => credentials, OrganisationUnit => units, Role => roles,
    Client => clients, Session => sessions, Grant => grants, Consent => consents, Key => keys,
    ChangeSet => change_sets,
);

impl State {
    /// The version stored under an identity; [`Version::NEW`] when nothing is.
    pub(super) fn version<T: Kept>(&mut self, identity: &str) -> Version {
        T::table(self)
            .get(identity)
            .map_or(Version::NEW, Aggregate::version)
    }
}
