//! Sessions in the memory of one process.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Session, SessionKey, SessionStore, StoreFault, Tokens};
use crate::bounded::Bounded;
use crate::logout_token::LogoutNotice;
use crate::sign_in::PendingSignIn;

/// Sessions that the in-memory store holds at most.
const SESSIONS: usize = 100_000;
/// Sign-ins on their way that the in-memory store holds at most.
const PENDING: usize = 20_000;
/// Demands remembered at most; they are signed by the provider.
const ENDED: usize = 10_000;
/// How long a demand is remembered: as long as a sign-in may be on its way.
const REMEMBERED: TimeDelta = TimeDelta::minutes(10);

/// Sessions in this process's memory: at most 100,000 sessions and 20,000 sign-ins on their way,
/// the oldest making room. They end with the process.
#[derive(Debug)]
pub struct MemoryStore {
    sessions: Mutex<Bounded<Session>>,
    pending: Mutex<Bounded<PendingSignIn>>,
    /// Demands of the last minutes, under what they name.
    ended: Mutex<Bounded<LogoutNotice>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(SESSIONS, PENDING)
    }
}

impl MemoryStore {
    /// An empty store with other bounds.
    #[must_use]
    pub fn with_capacity(sessions: usize, pending: usize) -> Self {
        Self {
            sessions: Mutex::new(Bounded::new(sessions)),
            pending: Mutex::new(Bounded::new(pending)),
            ended: Mutex::new(Bounded::new(ENDED)),
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Bounded<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when a remembered demand overtook this session.
    fn is_overtaken(&self, session: &Session, now: DateTime<Utc>) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let by_sid = session.authentication.sid.as_deref().map(named_sid);
        let names = [by_sid, Some(named_sub(&session.person.sub))];
        names.into_iter().flatten().any(|name| {
            let notice = ended.find_mut(&name, now);
            notice.is_some_and(|notice| session.is_overtaken_by(notice))
        })
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Bounded<PendingSignIn>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn put_pending(&self, key: SessionKey, pending: PendingSignIn) -> Result<(), StoreFault> {
        let until = pending.expires();
        self.pending().put(key.0, pending, until);
        Ok(())
    }

    async fn take_pending(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignIn>, StoreFault> {
        let mut pending = self.pending();
        pending.expire(now);
        Ok(pending.take(key.as_str(), now))
    }

    async fn put(&self, key: SessionKey, session: Session) -> Result<bool, StoreFault> {
        let until = session.expires;
        // One lock over both, so that no demand falls between the question and the entry.
        let mut sessions = self.sessions();
        if self.is_overtaken(&session, session.used) {
            return Ok(false);
        }
        sessions.put(key.0, session, until);
        Ok(true)
    }

    async fn find(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreFault> {
        let mut sessions = self.sessions();
        sessions.expire(now);
        let found = sessions
            .find_mut(key.as_str(), now)
            .filter(|session| session.lives(now));
        Ok(found.map(|session| {
            session.touch(now);
            session.clone()
        }))
    }

    async fn replace_tokens(
        &self,
        key: &SessionKey,
        tokens: Tokens,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFault> {
        let mut sessions = self.sessions();
        let found = sessions.find_mut(key.as_str(), now);
        Ok(found.map(|session| session.tokens = tokens).is_some())
    }

    async fn take(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreFault> {
        Ok(self.sessions().take(key.as_str(), now))
    }

    async fn end(&self, notice: &LogoutNotice) -> Result<usize, StoreFault> {
        let mut sessions = self.sessions();
        if let Some((name, received)) = name_of(notice).zip(notice.received()) {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.put(name, notice.clone(), received + REMEMBERED);
        }
        Ok(sessions.retain(|session| !session.is_ended_by(notice)))
    }
}

/// Under which a demand is remembered: its `sid`, or else its `sub`.
fn name_of(notice: &LogoutNotice) -> Option<String> {
    let by_sub = || notice.sub.as_deref().map(named_sub);
    notice.sid.as_deref().map(named_sid).or_else(by_sub)
}

fn named_sid(sid: &str) -> String {
    format!("sid {sid}")
}

fn named_sub(sub: &str) -> String {
    format!("sub {sub}")
}
