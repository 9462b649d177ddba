//! Audit events: past tense, ids and reasons, never secrets or free text.

pub mod seal;

use serde::{Deserialize, Serialize};

use crate::base::entropy::Entropy;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::client::ClientId;
use crate::model::key::KeyPlace;
use crate::model::registration::InitialTokenId;
use crate::model::role::RoleName;
use crate::model::session::SessionEnd;
use crate::model::{ChangeSetId, CredentialId, GrantId, OutboxId, SessionId, UnitId, UserId};

/// Who caused something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    User(UserId),
    /// An application.
    Client(ClientId),
    /// The server itself: housekeeping, initialisation.
    System,
    /// Nobody is known yet.
    Anonymous,
}

/// What happened. Fields hold identifiers, names of a closed list, and counts.
#[expect(
    missing_docs,
    reason = "each field is named for the identifier it holds"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// Somebody signed in.
    SignedIn {
        user: UserId,
        session: SessionId,
        acr: String,
        amr: Vec<String>,
    },
    /// A sign-in to a known account failed.
    SignInRefused { user: UserId, reason: String },
    /// Refusals from callers who are not known, counted per source, reason and minute.
    RefusalsCounted { reason: String, count: u32 },
    /// Somebody signed in with a certificate; more about the sign-in of the same session.
    CertificateShown {
        user: UserId,
        session: SessionId,
        credential: CredentialId,
        anchor: String,
        way: String,
        status_at: Timestamp,
        status_outdated: bool,
    },
    /// A certificate was bound to an account.
    CertificateBound {
        user: UserId,
        credential: CredentialId,
        anchor: String,
        binding: String,
    },
    /// A certificate was taken from an account.
    CertificateUnbound {
        user: UserId,
        credential: CredentialId,
    },
    /// An authority is trusted from now on.
    TrustAdded { anchor: String, fingerprint: Digest },
    /// The rules of a trusted authority changed in the named fields.
    TrustEdited { anchor: String, fields: Vec<String> },
    /// An authority is not trusted any more.
    TrustWithdrawn { anchor: String },
    /// A session ended.
    SessionEnded {
        user: UserId,
        session: SessionId,
        why: SessionEnd,
    },
    /// A client was let in; a code was issued.
    GrantAuthorized {
        user: UserId,
        client: ClientId,
        grant: GrantId,
        scope: Vec<String>,
    },
    /// A token was issued. Without a grant: to the client itself.
    TokenIssued {
        client: ClientId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<GrantId>,
        grant_type: String,
    },
    /// A grant was revoked.
    GrantRevoked {
        client: ClientId,
        grant: GrantId,
        reason: String,
    },
    /// An access token was revoked by itself.
    AccessTokenRevoked { client: ClientId },
    /// A known client was refused.
    ClientRefused { client: ClientId, reason: String },
    /// A person agreed to, or refused, a client.
    ConsentGiven {
        user: UserId,
        client: ClientId,
        scope: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        claims: Vec<String>,
    },
    /// A person refused a client.
    ConsentRefused { user: UserId, client: ClientId },
    /// A person took back what they had agreed to.
    ConsentWithdrawn { user: UserId, client: ClientId },
    /// A password was set by its holder.
    PasswordSet { user: UserId },
    /// An old hash was replaced by a stronger one.
    PasswordUpgraded { user: UserId },
    /// A one-time link was made for somebody.
    ActivationLinkMade { user: UserId },
    /// An account was made.
    UserAdded { user: UserId },
    /// An account changed in the named fields.
    UserEdited { user: UserId, fields: Vec<String> },
    /// An account was disabled.
    UserDisabled { user: UserId },
    /// An account was enabled again.
    UserEnabled { user: UserId },
    /// Somebody was given a position.
    PositionAssigned { user: UserId, unit: UnitId },
    /// Somebody lost a position.
    PositionUnassigned { user: UserId, unit: UnitId },
    /// Somebody was given a role.
    RoleAssigned {
        user: UserId,
        role: RoleName,
        unit: Option<UnitId>,
    },
    /// Somebody lost a role.
    RoleUnassigned {
        user: UserId,
        role: RoleName,
        unit: Option<UnitId>,
    },
    /// A unit was made.
    UnitAdded { unit: UnitId },
    /// A unit changed in the named fields.
    UnitEdited { unit: UnitId, fields: Vec<String> },
    /// A role was made.
    RoleAdded { role: RoleName },
    /// A role changed.
    RoleEdited { role: RoleName },
    /// A role was removed.
    RoleRemoved { role: RoleName },
    /// A client was made.
    ClientAdded { client: ClientId },
    /// A client changed in the named fields.
    ClientEdited {
        client: ClientId,
        fields: Vec<String>,
    },
    /// A client registered itself, by an initial access token where one is named.
    ClientRegistered {
        client: ClientId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial: Option<InitialTokenId>,
    },
    /// A client was removed: by itself, or because nobody used it.
    ClientRemoved { client: ClientId },
    /// An initial access token was made.
    InitialTokenAdded { token: InitialTokenId },
    /// An initial access token was taken away.
    InitialTokenRemoved { token: InitialTokenId },
    /// A client got a new secret.
    ClientSecretRotated { client: ClientId },
    /// A key was made.
    KeyAdded {
        kid: String,
        algorithm: String,
        #[serde(default, skip_serializing_if = "KeyPlace::is_store")]
        place: KeyPlace,
    },
    /// A key stopped signing.
    KeyRetired { kid: String },
    /// A change set was begun.
    ChangeSetBegun { change_set: ChangeSetId },
    /// A change set was finished.
    ChangeSetApplied {
        change_set: ChangeSetId,
        entries: u32,
    },
    /// A change set was undone.
    ChangeSetUndone {
        change_set: ChangeSetId,
        restored: u32,
        kept: u32,
    },
    /// A delivery reached its receiver.
    Delivered {
        client: ClientId,
        delivery: OutboxId,
    },
    /// A delivery was given up.
    DeliveryFailed {
        client: ClientId,
        delivery: OutboxId,
    },
    /// A delivery was made due at once by an administrator.
    DeliveryRetried {
        client: ClientId,
        delivery: OutboxId,
    },
    /// The audit was read or verified.
    AuditRead,
    /// The audit was copied.
    AuditExported,
    /// An import was answered without being written, and so told that accounts exist: how many of
    /// its rows met one, and whose the first hundred are.
    ImportRehearsed {
        rows: u32,
        existing: u32,
        users: Vec<UserId>,
    },
    /// An administrator tried what their rights do not reach.
    AdministrationRefused { reason: String },
    /// The nodes agreed on values of these keys of the configuration.
    ConfigurationAgreed { keys: Vec<String> },
    /// The installation was made.
    Initialised,
    /// The data of an embedded store go to PostgreSQL.
    StoreMoved,
    /// The server started.
    Started { version: String },
    /// The server stopped in order.
    Stopped,
}

/// What identifies a person in an event; kept apart, so that it can be erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// The source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// An event, before it gets its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// At which provider.
    pub issuer: IssuerKey,
    /// Caused by.
    pub actor: Actor,
    /// In which request.
    pub request: Option<String>,
    /// By which user of this machine, on the administration socket.
    pub local_uid: Option<u32>,
    /// What.
    pub what: What,
    /// Personal fields, erasable.
    pub personal: Personal,
    /// The salt of their commitment.
    pub salt: [u8; 16],
}

/// The part of an event that is sealed into the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody {
    /// When, in Unix milliseconds.
    pub at: Timestamp,
    /// At which provider.
    pub issuer: IssuerKey,
    /// Caused by.
    pub actor: Actor,
    /// In which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// By which user of this machine, on the administration socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_uid: Option<u32>,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// SHA-256 over salt and personal fields; it stays when they are erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<Digest>,
}

/// The erasable part at rest: salt and fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPersonal {
    /// 16 bytes, hexadecimal.
    pub salt: String,
    /// The fields.
    #[serde(flatten)]
    pub fields: Personal,
}

impl EventPersonal {
    /// What the body commits to.
    pub fn commitment(&self) -> Digest {
        let fields = serde_json::to_string(&self.fields).unwrap_or_default();
        Digest::of(format!("{}|{fields}", self.salt).as_bytes())
    }
}

/// The circumstances of a request, from which its events are made.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// At which provider.
    pub issuer: IssuerKey,
    /// When.
    pub now: Timestamp,
    /// In which request.
    pub request: Option<String>,
    /// By which user of this machine, on the administration socket.
    pub local_uid: Option<u32>,
    /// From where and with what.
    pub personal: Personal,
}

impl Circumstances {
    /// The circumstances of something the server does by itself.
    pub fn of_system(issuer: IssuerKey, now: Timestamp) -> Self {
        Self {
            issuer,
            now,
            request: None,
            local_uid: None,
            personal: Personal::default(),
        }
    }

    /// An event under these circumstances.
    pub fn event(&self, actor: Actor, what: What, entropy: &mut Entropy) -> Event {
        Event {
            at: self.now,
            issuer: self.issuer.clone(),
            actor,
            request: self.request.clone(),
            local_uid: self.local_uid,
            what,
            personal: self.personal.clone(),
            salt: entropy.bytes(),
        }
    }
}

impl Event {
    /// The two halves at rest: the sealed body as JSON text, and the erasable part, if any.
    pub fn halves(&self) -> (String, Option<String>) {
        let personal = (self.personal != Personal::default()).then(|| EventPersonal {
            salt: self.salt.iter().map(|b| format!("{b:02x}")).collect(),
            fields: self.personal.clone(),
        });
        let body = EventBody {
            at: self.at,
            issuer: self.issuer.clone(),
            actor: self.actor.clone(),
            request: self.request.clone(),
            local_uid: self.local_uid,
            what: self.what.clone(),
            personal: personal.as_ref().map(EventPersonal::commitment),
        };
        // Both are plain structs of texts and numbers: writing them cannot fail.
        let body = serde_json::to_string(&body).unwrap_or_default();
        (body, personal.and_then(|p| serde_json::to_string(&p).ok()))
    }
}
