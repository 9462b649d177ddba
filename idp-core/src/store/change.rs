//! Writes as data. A batch is committed whole or not at all.

use std::borrow::Cow;

use crate::base::id::Id;
use crate::event::Event;
use crate::event::seal::Block;
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
use crate::model::{CredentialId, GrantId, SessionId, UserId, Version};

/// One write of one aggregate. The version inside the value is the one that was read
/// ([`Version::NEW`] for an insert); the store writes the next one, and refuses the whole batch
/// with a conflict when the stored version is another.
#[derive(Clone, Debug, PartialEq)]
pub enum Write<T> {
    /// Insert (version [`Version::NEW`]) or replace (any other version).
    Put(T),
    /// Remove the value with this version.
    Remove(T),
}

/// One write as data, grouped by aggregate.
#[allow(
    clippy::large_enum_variant,
    reason = "a batch holds a few changes for a moment; boxing would cost an allocation each"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An account.
    User(Write<User>),
    /// A credential.
    Credential(Write<Credential>),
    /// Writes nothing, and is a conflict when the credential has another version or is gone: what
    /// was decided by a credential must not outlive its change.
    CredentialUnchanged(CredentialId, Version),
    /// A unit.
    Unit(Write<OrganisationUnit>),
    /// A role.
    Role(Write<Role>),
    /// A client.
    Client(Write<Client>),
    /// A session. A conflict when it is new and its user is disabled.
    Session(Write<Session>),
    /// A grant. A conflict when it is new and its session has ended: the end of a session must not
    /// lose a race.
    Grant(Write<Grant>),
    /// A consent.
    Consent(Write<Consent>),
    /// Writes nothing, and is a conflict when the consent has another version or is gone: a grant
    /// that rests on a consent must not outlive its withdrawal.
    ConsentUnchanged(Consent),
    /// A key.
    Key(Write<Key>),
    /// A new subject; it never changes. A conflict when the user or the `sub` has one already.
    Subject(Subject),
    /// A new delivery.
    Outbox(OutboxEntry),
    /// A change set's head.
    ChangeSet(Write<ChangeSet>),
    /// A change set's entry; entries are only added.
    ChangeSetEntry(ChangeSetEntry),
    /// Ends every live session of a user, and revokes every live grant, in one statement each;
    /// no version is checked, because the end of an account must not lose a race.
    EndSessions(EndSessions),
    /// Ends one session that has not ended yet. No version is checked, as for
    /// [`Change::EndSessions`]: whoever keeps using a stolen session must not keep it alive by that.
    EndSession(EndSession),
    /// Revokes a grant that is not revoked yet, whatever its version: whoever keeps refreshing
    /// must not outrun it. Whatever was decided by the grant before is then a conflict.
    RevokeGrant(GrantId),
    /// A signed block; a conflict when its number is taken.
    AuditBlock(Block),
    /// A setting of the installation.
    Setting(SettingWrite),
}

/// Writes a setting; a conflict when it no longer is what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingWrite {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it was when the write was decided; none when it was not there.
    pub was: Option<String>,
    /// What it becomes.
    pub value: String,
}

/// Ends all sessions of a user at once and revokes all grants, those given in the spared session
/// too: whoever stole its cookie may have let a client of their own in. Applications there ask
/// again, and the person sees nothing of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// All but this one (the session in which the password is being changed).
    pub except: Option<Id<Session>>,
    /// When.
    pub at: crate::base::time::Timestamp,
    /// Why.
    pub why: crate::model::session::SessionEnd,
}

/// Ends one session. One that is over, or gone, stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndSession {
    /// Which.
    pub session: SessionId,
    /// When.
    pub at: crate::base::time::Timestamp,
    /// Why.
    pub why: crate::model::session::SessionEnd,
}

/// What is written together: changes and the events they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Changes, applied in order; the ends of all sessions of a user after the others.
    pub changes: Vec<Change>,
    /// Events, appended unsealed.
    pub events: Vec<Event>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.events.is_empty()
    }
}

/// An aggregate with an identity and a version: what a store needs to know to write it.
pub trait Aggregate: serde::Serialize + serde::de::DeserializeOwned + Clone + Send {
    /// The name of its kind, for conflicts and change sets (`user`, `grant`, …).
    const KIND: &'static str;

    /// The text of its identity, unique within the kind.
    fn identity(&self) -> String;

    /// The version it carries.
    fn version(&self) -> Version;

    /// Sets the version, after a write or a read.
    fn set_version(&mut self, version: Version);
}

macro_rules! aggregate {
    ($type:ty, $kind:literal, $this:ident => $identity:expr) => {
        impl Aggregate for $type {
            const KIND: &'static str = $kind;
            fn identity(&self) -> String {
                let $this = self;
                $identity
            }
            fn version(&self) -> Version {
                self.version
            }
            fn set_version(&mut self, version: Version) {
                self.version = version;
            }
        }
    };
}

aggregate!(User, "user", this => this.id.to_string());
aggregate!(Credential, "credential", this => this.id.to_string());
aggregate!(OrganisationUnit, "unit", this => this.id.to_string());
aggregate!(Role, "role", this => this.name.to_string());
aggregate!(Client, "client", this => format!("{}/{}", this.issuer, this.id));
aggregate!(Session, "session", this => this.id.to_string());
aggregate!(Grant, "grant", this => this.id.to_string());
aggregate!(Consent, "consent", this => format!("{}/{}/{}", this.issuer, this.user, this.client));
aggregate!(Key, "key", this => format!("{}/{}", this.issuer, this.kid));
aggregate!(ChangeSet, "change_set", this => this.id.to_string());
