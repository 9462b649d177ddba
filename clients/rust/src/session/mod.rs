//! Sessions of the application, and where they rest.

mod memory;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use oauth2::{AccessToken, RefreshToken};
use serde::{Deserialize, Serialize};

use crate::claims::{IdTokenClaims, Person};
use crate::dpop::DpopKey;
use crate::logout_token::LogoutNotice;
use crate::random;
use crate::sign_in::PendingSignIn;

pub use memory::MemoryStore;

/// How a person signed in, by the provider's word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// How strongly (`acr`).
    pub acr: Option<String>,
    /// By which means (`amr`, RFC 8176).
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Option<DateTime<Utc>>,
    /// The provider's session (`sid`).
    pub sid: Option<String>,
}

impl Authentication {
    /// Reads it from verified claims.
    #[must_use]
    pub fn from_id_token(claims: &IdTokenClaims) -> Self {
        let amr = claims.auth_method_refs().into_iter().flatten();
        Self {
            acr: claims.auth_context_ref().map(|acr| acr.to_string()),
            amr: amr.map(|method| method.to_string()).collect(),
            auth_time: claims.auth_time(),
            sid: claims.additional_claims().sid.clone(),
        }
    }
}

/// What the token endpoint gave. Printing shows no token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// For calling resource servers on the person's behalf.
    pub access_token: AccessToken,
    /// For [`Client::refresh`](crate::Client::refresh); absent unless the provider issued one.
    pub refresh_token: Option<RefreshToken>,
    /// When the access token ends, if the provider said so.
    pub access_token_expires: Option<DateTime<Utc>>,
    /// The ID token, out of its encryption if it had one: the hint for RP-initiated logout.
    pub id_token: String,
    /// The key that the access token is bound to, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop: Option<DpopKey>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("refreshable", &self.refresh_token.is_some())
            .field("access_token_expires", &self.access_token_expires)
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}

/// A person signed in to the application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The provider that vouched.
    pub issuer: String,
    /// Who.
    pub person: Person,
    /// How.
    pub authentication: Authentication,
    /// With which tokens.
    pub tokens: Tokens,
    /// When the session began.
    pub began: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires: DateTime<Utc>,
    /// Digest of the sign-in's nonce, against which refreshed ID tokens are held.
    pub(crate) nonce_digest: String,
    /// When the ID token was issued, by the provider's clock.
    pub(crate) issued: DateTime<Utc>,
    /// Seconds without a request after which it ends.
    pub(crate) idle_seconds: i64,
    /// When it last served a request.
    pub(crate) used: DateTime<Utc>,
}

impl Session {
    /// True when the session serves a request at `now`: neither idle for too long nor at its end.
    #[must_use]
    pub fn lives(&self, now: DateTime<Utc>) -> bool {
        now < self.expires && now - self.used < TimeDelta::seconds(self.idle_seconds)
    }

    /// Marks a use at `now`; a store's `find` calls it and keeps the result.
    pub fn touch(&mut self, now: DateTime<Utc>) {
        self.used = self.used.max(now);
    }

    /// True when the provider's demand ends this session: the same issuer; the same `sid` where
    /// one is named; the same `sub` where one is named. A demand about all of a person's sessions
    /// does not reach one whose ID token was issued after it.
    #[must_use]
    pub fn is_ended_by(&self, notice: &LogoutNotice) -> bool {
        let same_session = match &notice.sid {
            Some(sid) => self.authentication.sid.as_ref() == Some(sid),
            None => notice.sub.is_some() && notice.issued.is_none_or(|at| self.issued <= at),
        };
        let same_person = notice
            .sub
            .as_ref()
            .is_none_or(|sub| *sub == self.person.sub);
        self.issuer == notice.issuer && same_session && same_person
    }
}

impl Session {
    /// True when a demand received before this session was kept ends it: one that
    /// [ends](Session::is_ended_by) it and was issued no earlier than its ID token. A demand of
    /// before belongs to an earlier sign-in; of the same second, to be safe, to this one.
    #[must_use]
    pub fn is_overtaken_by(&self, notice: &LogoutNotice) -> bool {
        notice.issued.is_some_and(|at| self.issued <= at) && self.is_ended_by(notice)
    }
}

pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 1_000_000)
}

/// Under which a session or a pending sign-in rests: a digest, so that a copy of the store opens
/// no session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionKey(String);

impl SessionKey {
    /// The key for a cookie's secret.
    #[must_use]
    pub fn of_secret(secret: &str) -> Self {
        Self(random::digest(secret))
    }

    /// The key for a sign-in of the browser holding `browser`, waiting for `state`.
    #[must_use]
    pub fn of_pending(browser: &str, state: &str) -> Self {
        Self(random::digest(&format!("{browser} {state}")))
    }

    /// 43 URL-safe characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The store failed. Say why in your own log; the person sees only that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session store failed")]
pub struct StoreFault;

impl From<StoreFault> for crate::error::Error {
    fn from(_: StoreFault) -> Self {
        Self::Fault(crate::error::Fault::Store)
    }
}

/// Where sessions and pending sign-ins rest. Applications on several machines implement it over a
/// store that the machines share; [`MemoryStore`] serves one.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps a sign-in on its way until [`PendingSignIn::expires`].
    async fn put_pending(&self, key: SessionKey, pending: PendingSignIn) -> Result<(), StoreFault>;

    /// Takes a sign-in out: of any number of callers at most one receives it.
    async fn take_pending(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignIn>, StoreFault>;

    /// Keeps a session, unless a demand that [`SessionStore::end`] received within the last ten
    /// minutes [overtook](Session::is_overtaken_by) it; false then. So a demand that arrives while the
    /// sign-in is still being finished ends it all the same.
    async fn put(&self, key: SessionKey, session: Session) -> Result<bool, StoreFault>;

    /// The session under `key` if it [lives](Session::lives) at `now`, [touched](Session::touch).
    async fn find(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreFault>;

    /// Replaces the tokens of a living session; false when there is none any more.
    async fn replace_tokens(
        &self,
        key: &SessionKey,
        tokens: Tokens,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFault>;

    /// Takes a session out.
    async fn take(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreFault>;

    /// Ends every session that the notice [ends](Session::is_ended_by) and tells how many. A signed
    /// notice ([`LogoutNotice::issued`] is there) is remembered for ten minutes, for
    /// [`SessionStore::put`]; of others, which strangers may invent, nothing is kept.
    async fn end(&self, notice: &LogoutNotice) -> Result<usize, StoreFault>;
}
