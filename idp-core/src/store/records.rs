//! Records: what must last. One method per question really asked; one write.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::change::Batch;
use super::page::{Listing, PageRequest};
use crate::base::fault::Fault;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::event::seal::{Block, StoredEvent};
use crate::model::change_set::{ChangeSet, ChangeSetEntry};
use crate::model::client::{Client, ClientId};
use crate::model::consent::Consent;
use crate::model::credential::Credential;
use crate::model::grant::Grant;
use crate::model::identifier::IdentifierKey;
use crate::model::key::Key;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::outbox::{OutboxEntry, OutboxState};
use crate::model::role::{Role, RoleName};
use crate::model::session::Session;
use crate::model::subject::Subject;
use crate::model::user::{AccountKind, User};
use crate::model::{ChangeSetId, CredentialId, GrantId, OutboxId, SessionId, UnitId, UserId};

/// Why nothing was committed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// Something changed since it was read: load and decide again.
    #[error("{kind} {identity} changed meanwhile")]
    Changed {
        /// The aggregate's kind.
        kind: &'static str,
        /// Its identity.
        identity: String,
    },
    /// A value that must be unique is taken (an identifier, a code, a subject).
    #[error("{what} is taken")]
    Taken {
        /// Which kind of value: `identifier`, `unit_code`, `client_id`, `role`, `subject`,
        /// `audit_block`.
        what: &'static str,
        /// The value in its unique form. May be personal: never logged.
        value: String,
    },
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A grant with what a token needs: its user, session and public subject, in one read.
#[derive(Clone, Debug)]
pub struct GrantFacts {
    /// The grant.
    pub grant: Grant,
    /// Its user.
    pub user: User,
    /// Its session; gone when housekeeping removed it.
    pub session: Option<Session>,
    /// The user's public subject at the grant's issuer.
    pub subject: Option<Subject>,
}

/// A session with its user.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The session.
    pub session: Session,
    /// Who is signed in.
    pub user: User,
}

/// Which users are asked for. All given conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Words that each occur at the beginning of a word of the name, without diacritics; or the
    /// beginning of an identifier (user name, mail, number).
    pub text: Option<String>,
    /// With a position in one of these units (the caller expands subtrees).
    pub units: Option<Vec<UnitId>>,
    /// Holding this role.
    pub role: Option<RoleName>,
    /// Of this kind.
    pub kind: Option<AccountKind>,
    /// Only active or only disabled ones.
    pub active: Option<bool>,
    /// Only those that can sign in by something of their own, or only those that cannot yet; see
    /// [`Records::activated`].
    pub activated: Option<bool>,
}

/// What must last. Implementations: memory, SQLite; all pass the same contract.
#[async_trait]
pub trait Records: super::status::StatusRecords {
    /// A client.
    async fn client(&self, issuer: &IssuerKey, id: &ClientId) -> Result<Option<Client>, Fault>;
    /// Clients, by id.
    async fn clients(
        &self,
        issuer: &IssuerKey,
        page: &PageRequest,
    ) -> Result<Listing<Client>, Fault>;

    /// A user.
    async fn user(&self, id: UserId) -> Result<Option<User>, Fault>;
    /// Who holds an identifier now (released ones find nobody), with all credentials: one read.
    async fn user_by_identifier(
        &self,
        key: &IdentifierKey,
    ) -> Result<Option<(User, Vec<Credential>)>, Fault>;
    /// Whose an identifier is for ever: also one that was released, or whose account is gone.
    async fn identifier_owner(&self, key: &IdentifierKey) -> Result<Option<UserId>, Fault>;
    /// Those of the users, at most 500, that can sign in by something of their own: they hold a
    /// credential that is not presented by its own secret (an activation link is), or an identity
    /// elsewhere.
    async fn activated(&self, users: &[UserId]) -> Result<BTreeSet<UserId>, Fault>;
    /// Users, by sort key of the name.
    async fn users(&self, filter: &UserFilter, page: &PageRequest) -> Result<Listing<User>, Fault>;
    /// The credentials of a user.
    async fn credentials(&self, user: UserId) -> Result<Vec<Credential>, Fault>;
    /// A credential.
    async fn credential(&self, id: CredentialId) -> Result<Option<Credential>, Fault>;
    /// The credential that is presented by its own secret, with its user.
    async fn credential_by_digest(
        &self,
        digest: &Digest,
    ) -> Result<Option<(Credential, User)>, Fault>;
    /// The user with a public or sector subject.
    async fn user_by_subject(&self, issuer: &IssuerKey, sub: &str) -> Result<Option<User>, Fault>;
    /// A user's subject in a sector (empty: public).
    async fn subject(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        sector: &str,
    ) -> Result<Option<Subject>, Fault>;

    /// A unit.
    async fn unit(&self, id: UnitId) -> Result<Option<OrganisationUnit>, Fault>;
    /// The unit with a code.
    async fn unit_by_code(&self, code: &str) -> Result<Option<OrganisationUnit>, Fault>;
    /// All units, by code. Hundreds to a few thousand: the tree is always read whole.
    async fn units(&self) -> Result<Vec<OrganisationUnit>, Fault>;
    /// The unit and those above it, root first; empty when there is no such unit.
    async fn unit_path(&self, id: UnitId) -> Result<Vec<OrganisationUnit>, Fault>;
    /// All roles, by name.
    async fn roles(&self) -> Result<Vec<Role>, Fault>;
    /// A role.
    async fn role(&self, name: &RoleName) -> Result<Option<Role>, Fault>;

    /// The session whose browser secret has this digest, with its user.
    async fn session_by_secret(&self, digest: &Digest) -> Result<Option<SessionFacts>, Fault>;
    /// A session.
    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, Fault>;
    /// Sessions, newest first; of one user, or of all; live ones only when asked.
    async fn sessions(
        &self,
        user: Option<UserId>,
        live_at: Option<Timestamp>,
        page: &PageRequest,
    ) -> Result<Listing<Session>, Fault>;

    /// A grant with user, session and subject.
    async fn grant(&self, id: GrantId) -> Result<Option<GrantFacts>, Fault>;
    /// The grants given in a session.
    async fn grants_of_session(&self, session: SessionId) -> Result<Vec<Grant>, Fault>;
    /// A user's grants that are not revoked, in whichever session they were given.
    async fn grants_of_user(&self, user: UserId) -> Result<Vec<Grant>, Fault>;
    /// A user's consent to a client.
    async fn consent(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        client: &ClientId,
    ) -> Result<Option<Consent>, Fault>;
    /// Everything that a user agreed to, by client.
    async fn consents_of_user(
        &self,
        issuer: &IssuerKey,
        user: UserId,
    ) -> Result<Vec<Consent>, Fault>;

    /// All keys of an issuer, newest first.
    async fn keys(&self, issuer: &IssuerKey) -> Result<Vec<Key>, Fault>;

    /// Takes up to `most` due deliveries for `lease` from `now` on. A leased delivery is offered
    /// again only when the lease has passed.
    async fn lease_outbox(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        most: u32,
    ) -> Result<Vec<OutboxEntry>, Fault>;
    /// Writes the result of an attempt and gives the lease back.
    async fn settle_outbox(
        &self,
        entry: &OutboxEntry,
        events: Vec<crate::event::Event>,
    ) -> Result<(), CommitError>;
    /// Deliveries, newest first, in one state or all.
    async fn outbox(
        &self,
        state: Option<OutboxState>,
        page: &PageRequest,
    ) -> Result<Listing<OutboxEntry>, Fault>;
    /// One delivery.
    async fn outbox_entry(&self, id: OutboxId) -> Result<Option<OutboxEntry>, Fault>;

    /// Takes or renews the lease `name` for `holder`; false when another holds it.
    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, Fault>;

    /// Events after a place, in order; `limit` at most 10,000.
    async fn events_after(&self, place: i64, limit: u32) -> Result<Vec<StoredEvent>, Fault>;
    /// The newest events, newest first, before a place (for `audit tail` and paging back).
    async fn events_before(
        &self,
        place: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, Fault>;
    /// The last block.
    async fn last_block(&self) -> Result<Option<Block>, Fault>;
    /// Blocks from a number on, in order.
    async fn blocks_from(&self, number: i64, limit: u32) -> Result<Vec<Block>, Fault>;

    /// A change set.
    async fn change_set(&self, id: ChangeSetId) -> Result<Option<ChangeSet>, Fault>;
    /// Change sets, newest first.
    async fn change_sets(&self, page: &PageRequest) -> Result<Listing<ChangeSet>, Fault>;
    /// Its entries from a place on.
    async fn change_set_entries(
        &self,
        id: ChangeSetId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<ChangeSetEntry>, Fault>;

    /// A setting of the installation (`demo`, `issuer`).
    async fn setting(&self, name: &str) -> Result<Option<String>, Fault>;
    /// Writes a setting, outside any batch: used by `init` and `demo` only.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Fault>;

    /// Writes a batch whole or not at all, durably before it answers: versions checked, changes
    /// and events in one transaction.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Removes what is over: sessions and grants that ended before `before`, delivered outbox
    /// rows, used credentials, what was to be renewed about the status of certificates. At most
    /// `most` rows a call; answers how many went.
    async fn clean(&self, before: Timestamp, most: u32) -> Result<u64, Fault>;

    /// The names of the settings that keep a picture ([`crate::model::client::LOGO_SETTING`]) which no client of any issuer
    /// shows, sorted; at most 1000.
    async fn unused_logos(&self) -> Result<Vec<String>, Fault>;
    /// Removes such a setting and no other; answers whether it went.
    async fn forget_logo(&self, name: &str) -> Result<bool, Fault>;

    /// What the clock of the store's own machine says; none when that is this process's machine.
    async fn clock(&self) -> Result<Option<Timestamp>, Fault> {
        Ok(None)
    }

    /// Whether the store answers, for readiness.
    async fn ping(&self) -> Result<(), Fault>;
}
