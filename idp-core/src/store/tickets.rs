//! Tickets: what is short-lived and server-side. Keyed by kind and by the digest of the secret.

use async_trait::async_trait;

use crate::base::fault::Fault;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// What a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TicketKind {
    /// An authorization code.
    Code,
    /// An authorization request that waits for the person.
    PendingAuthorization,
    /// A sign-out that waits for confirmation.
    PendingSignOut,
    /// The `jti` of a client assertion that was seen.
    AssertionSeen,
    /// The `jti` of an assertion that was presented as a grant.
    GrantAssertionSeen,
    /// The `jti` of a DPoP proof that was seen.
    DpopSeen,
    /// The `jti` of an access token that was revoked by itself.
    TokenRevoked,
    /// Wrong passwords for one account from one source.
    ThrottleAccount,
    /// Wrong passwords from one source.
    ThrottleSource,
    /// A browser that signed in to the account before (its guesses are counted apart).
    KnownBrowser,
    /// The browsers that are known for one account.
    KnownBrowsers,
    /// The cookie that a browser carried before a sign-in gave it a new one.
    FormerBrowser,
    /// Requests that one source let wait for the person.
    Unfinished,
    /// Somebody whose reading of the audit is on record.
    AuditReader,
    /// An authorization request that its client pushed.
    PushedRequest,
    /// What a device asked for.
    DeviceCode,
    /// The device code's digest behind a code that a person types.
    UserCode,
    /// What the person answered a device.
    DeviceAnswer,
    /// A device asked a moment ago.
    DevicePolled,
    /// User codes that were typed and led nowhere.
    ThrottleUserCode,
    /// What an opaque access token means.
    AccessToken,
    /// Clients that one source registered.
    Registrations,
    /// What somebody is to sign with the key of a certificate.
    CertificateChallenge,
}

impl TicketKind {
    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::Code,
        Self::PendingAuthorization,
        Self::PendingSignOut,
        Self::AssertionSeen,
        Self::GrantAssertionSeen,
        Self::DpopSeen,
        Self::TokenRevoked,
        Self::ThrottleAccount,
        Self::ThrottleSource,
        Self::KnownBrowser,
        Self::KnownBrowsers,
        Self::FormerBrowser,
        Self::Unfinished,
        Self::AuditReader,
        Self::PushedRequest,
        Self::DeviceCode,
        Self::UserCode,
        Self::DeviceAnswer,
        Self::DevicePolled,
        Self::ThrottleUserCode,
        Self::AccessToken,
        Self::Registrations,
        Self::CertificateChallenge,
    ];

    /// The name in a store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::PendingAuthorization => "pending_authorization",
            Self::PendingSignOut => "pending_sign_out",
            Self::AssertionSeen => "assertion_seen",
            Self::GrantAssertionSeen => "grant_assertion_seen",
            Self::DpopSeen => "dpop_seen",
            Self::TokenRevoked => "token_revoked",
            Self::ThrottleAccount => "throttle_account",
            Self::ThrottleSource => "throttle_source",
            Self::KnownBrowser => "known_browser",
            Self::KnownBrowsers => "known_browsers",
            Self::FormerBrowser => "former_browser",
            Self::Unfinished => "unfinished",
            Self::AuditReader => "audit_reader",
            Self::PushedRequest => "pushed_request",
            Self::DeviceCode => "device_code",
            Self::UserCode => "user_code",
            Self::DeviceAnswer => "device_answer",
            Self::DevicePolled => "device_polled",
            Self::ThrottleUserCode => "throttle_user_code",
            Self::AccessToken => "access_token",
            Self::Registrations => "registrations",
            Self::CertificateChallenge => "certificate_challenge",
        }
    }

    /// Whether it may be read without being taken. Single-use secrets may not.
    pub const fn peekable(self) -> bool {
        !matches!(
            self,
            Self::Code
                | Self::AssertionSeen
                | Self::GrantAssertionSeen
                | Self::DpopSeen
                | Self::CertificateChallenge
        )
    }

    /// Whether it must survive a crash of an embedded store: replay and throttle marks and
    /// revocations. The rest may be lost; people then begin again.
    pub const fn durable(self) -> bool {
        matches!(
            self,
            Self::AssertionSeen
                | Self::GrantAssertionSeen
                | Self::DpopSeen
                | Self::TokenRevoked
                | Self::ThrottleAccount
                | Self::ThrottleSource
        )
    }
}

/// The key of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketKey {
    /// What it is.
    pub kind: TicketKind,
    /// The digest of its secret.
    pub digest: Digest,
}

impl TicketKey {
    /// The key of the ticket with this secret.
    pub fn of(kind: TicketKind, secret: &str) -> Self {
        Self {
            kind,
            digest: Digest::of(secret.as_bytes()),
        }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub enum TicketOp {
    /// Stores a value unless the key exists; it is forgotten at `until`.
    Put {
        /// Where.
        key: TicketKey,
        /// The sealed value.
        value: Vec<u8>,
        /// Forgotten at.
        until: Timestamp,
    },
    /// Reads a value and leaves it; only kinds that may be peeked.
    Peek {
        /// Which.
        key: TicketKey,
    },
    /// Takes the value: of N takers exactly one is the first. A taken ticket stays a fact until
    /// it is forgotten.
    Take {
        /// Which.
        key: TicketKey,
    },
    /// Adds to a counter that is forgotten at `until` (set when it begins); never below zero.
    Count {
        /// Which.
        key: TicketKey,
        /// How much; negative gives back.
        by: i64,
        /// Forgotten at, when the counter begins now.
        until: Timestamp,
    },
    /// Forgets the ticket.
    Forget {
        /// Which.
        key: TicketKey,
    },
}

impl TicketOp {
    /// The ticket it works on.
    pub const fn key(&self) -> &TicketKey {
        match self {
            Self::Put { key, .. }
            | Self::Peek { key }
            | Self::Take { key }
            | Self::Count { key, .. }
            | Self::Forget { key } => key,
        }
    }

    /// Refuses to peek at what may only be taken; every store asks before it does anything.
    ///
    /// # Errors
    /// A lasting fault, since only a wrong flow asks so.
    pub fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Peek { key } if !key.kind.peekable() => Err(Fault::lasting(
                "tickets",
                format!("a {} may be taken, not peeked at", key.kind.name()),
            )),
            _ => Ok(()),
        }
    }
}

/// What an operation answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketAnswer {
    /// Put: stored. Forget: done.
    Done,
    /// Put: the key existed; nothing was stored.
    Exists,
    /// Peek, or the first take: the sealed value.
    Value(Vec<u8>),
    /// A later take: the sealed value again, so that what hangs on it can be revoked.
    Again(Vec<u8>),
    /// Peek, take: nothing there, or over.
    Unknown,
    /// Count: the new value.
    Counted(i64),
}

/// What is short-lived. Every call is one round trip; operations on different keys of one call
/// are applied together. Nothing over at `now` is ever answered.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Applies the operations in order and answers each.
    ///
    /// # Errors
    /// A fault when the store failed; a `Peek` of a kind that may not be peeked is one too.
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault>;

    /// Whether tickets can be kept now. A store that shares its engine with Records says yes: those
    /// are asked.
    ///
    /// # Errors
    /// The reason why not.
    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Removes what is over; answers how many went.
    async fn sweep(&self, now: Timestamp) -> Result<u64, Fault>;
}
