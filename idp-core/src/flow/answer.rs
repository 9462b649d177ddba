//! Answers what a decision asked of the outside.

use std::sync::Arc;

use super::{Failure, Provider};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::JwkSet;
use crate::oauth::client_keys::FetchedKeys;
use crate::ports::{Outgoing, PasswordVerdict};
use crate::store::decision::Asks;

const MOST_KEY_SET_BYTES: usize = 256 * 1024;

/// How many rounds of questions a decision may take: the earlier passwords that may not come
/// back are asked for one at a time.
pub const ROUNDS: usize = 32;

impl Provider {
    /// Checks a password. A full queue is the refusal "busy", so that people are told when to
    /// come back.
    pub(super) async fn verify_password(
        &self,
        hash: Option<&str>,
        password: &SecretText,
    ) -> Result<PasswordVerdict, Failure> {
        self.passwords.verify(hash, password).await.map_err(busy)
    }

    /// Hashes a new password.
    pub(super) async fn hash_password(&self, password: &SecretText) -> Result<String, Failure> {
        self.passwords.hash(password).await.map_err(busy)
    }

    /// A client's key set, as a decision asked for it.
    ///
    /// # Errors
    /// [`Reason::ClientKeysUnavailable`]; a fault when something else was asked for.
    pub(super) async fn fetched_keys(
        &self,
        asks: &Asks,
        now: Timestamp,
    ) -> Result<FetchedKeys, Failure> {
        let Asks::ClientKeys { uri, fresh } = asks else {
            return Err(endless());
        };
        Ok(FetchedKeys {
            set: Some(self.client_keys(uri, *fresh, now).await?),
            cached: !fresh,
        })
    }

    /// A client's key set: the one that is known, or a fetched one. `fresh` asks for a newer one
    /// because a key was missing.
    pub(super) async fn client_keys(
        &self,
        uri: &str,
        fresh: bool,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, Failure> {
        if let Some(keys) = self.key_sets.find(uri, fresh, now) {
            return Ok(keys);
        }
        let request = Outgoing {
            url: uri.to_owned(),
            form: None,
            most_bytes: MOST_KEY_SET_BYTES,
        };
        let unavailable = || Failure::from(Reason::ClientKeysUnavailable);
        if self.key_sets.must_wait(uri, now) {
            return Err(unavailable());
        }
        let unavailable = || {
            self.key_sets.fail(uri, now);
            unavailable()
        };
        let answer = self.fetch.fetch(request).await.map_err(|_| unavailable())?;
        if answer.status != 200 {
            return Err(unavailable());
        }
        let keys = JwkSet::parse(&answer.body).map_err(|_| unavailable())?;
        Ok(self.key_sets.keep(uri, keys, now))
    }
}

fn busy(fault: Fault) -> Failure {
    if fault.transient {
        Failure::Refused(crate::base::refusal::Refusal::until(Reason::SignInBusy, 5))
    } else {
        Failure::Fault(fault)
    }
}

/// A decision that never stops asking is a defect, not somebody's fault.
pub(super) fn endless() -> Failure {
    Failure::Fault(Fault::lasting(
        "decision",
        "asked more often than a decision may",
    ))
}
