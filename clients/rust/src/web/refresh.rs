//! Refreshing tokens, one caller per session at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::AccessToken;

use super::{RelyingParty, SignedIn};
use crate::clock;
use crate::error::{Error, Fault};
use crate::session::{SessionKey, Tokens};

/// A token that ends within these seconds is renewed before it is handed out.
const LEEWAY_SECONDS: i64 = 30;
/// Turns kept before those that nobody waits for are swept out.
const SWEEP: usize = 1024;

/// One lock per session that is being refreshed right now.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, key: &SessionKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key.as_str()).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= SWEEP {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(key.as_str().to_owned(), Arc::downgrade(&turn));
        turn
    }
}

impl RelyingParty {
    /// An access token that lives for another half minute, refreshed if need be; see
    /// [`RelyingParty::tokens`].
    pub async fn access_token(&self, signed_in: &SignedIn) -> Result<AccessToken, Error> {
        Ok(self.tokens(signed_in).await?.access_token)
    }

    /// Tokens of which the access token lives for another half minute, refreshed if need be.
    ///
    /// Requests of one session take turns, so that a rotated refresh token is used once; and a
    /// request that is abandoned does not abandon the refresh, whose answer would be lost. Turns
    /// are taken within this process: machines that share a session store rely on the provider's
    /// grace for a refresh token used twice at once, or send one session's requests to one machine.
    /// Refuses as [`Client::refresh`](crate::Client::refresh) does, and with `session_ended` when
    /// the session ended meanwhile.
    pub async fn tokens(&self, signed_in: &SignedIn) -> Result<Tokens, Error> {
        if lasts(&signed_in.tokens, clock::now()) {
            return Ok(signed_in.tokens.clone());
        }
        let (relying_party, key) = (self.clone(), signed_in.key().clone());
        tokio::spawn(async move { relying_party.renewed(&key).await })
            .await
            .map_err(|_| Fault::Interrupted)?
    }

    /// Calls a resource server on the person's behalf: [`RelyingParty::tokens`], then
    /// [`Client::call`](crate::Client::call).
    pub async fn call(
        &self,
        signed_in: &SignedIn,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Error> {
        let tokens = self.tokens(signed_in).await?;
        self.client.call(&tokens, request).await
    }

    async fn renewed(&self, key: &SessionKey) -> Result<Tokens, Error> {
        let turn = self.turns.of(key);
        let _mine = turn.lock().await;
        let session = self
            .store
            .find(key, clock::now())
            .await?
            .ok_or(Error::SessionEnded)?;
        if lasts(&session.tokens, clock::now()) {
            return Ok(session.tokens);
        }
        let tokens = self.client.refresh(&session).await?;
        let kept = tokens.clone();
        if !self.store.replace_tokens(key, kept, clock::now()).await? {
            return Err(Error::SessionEnded);
        }
        Ok(tokens)
    }
}

fn lasts(tokens: &Tokens, now: DateTime<Utc>) -> bool {
    let needed = now + TimeDelta::seconds(LEEWAY_SECONDS);
    tokens.access_token_expires.is_none_or(|end| end > needed)
}
