//! Clients' key sets by address: kept for a while, fetched anew when a key is missing, never more
//! often than a bound, so that strangers' assertions cannot make us hammer a client's server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::Timestamp;
use crate::jose::JwkSet;

/// A set is used this long without asking again.
const KEPT: Duration = Duration::from_secs(600);
/// A set is not fetched again within this.
const PAUSE: Duration = Duration::from_secs(30);
/// The most sets kept; one with the oldest fetch makes room.
const MOST: usize = 1_000;

/// The key sets known to this process.
#[derive(Debug, Default)]
pub struct KeySets {
    known: Mutex<HashMap<String, (Timestamp, Arc<JwkSet>)>>,
    failed: Mutex<HashMap<String, Timestamp>>,
}

impl KeySets {
    /// The set at an address, unless it should be fetched: because it is unknown or old, or
    /// because a key was missing in it (`fresh`) and the last fetch is not too recent.
    pub fn find(&self, uri: &str, fresh: bool, now: Timestamp) -> Option<Arc<JwkSet>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, keys) = known.get(uri)?;
        let bound = if fresh { PAUSE } else { KEPT };
        (now.since(*at) < bound).then(|| Arc::clone(keys))
    }

    /// Whether the last fetch failed so recently that another must wait.
    pub fn must_wait(&self, uri: &str, now: Timestamp) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(uri).is_some_and(|at| now.since(*at) < PAUSE)
    }

    /// Notes that a fetch failed.
    pub fn fail(&self, uri: &str, now: Timestamp) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, at| now.since(*at) < PAUSE);
        failed.insert(uri.to_owned(), now);
    }

    /// Keeps a set that was just fetched.
    pub fn keep(&self, uri: &str, keys: JwkSet, now: Timestamp) -> Arc<JwkSet> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uri);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(uri) {
            let oldest = known
                .iter()
                .min_by_key(|(_, (at, _))| *at)
                .map(|(uri, _)| uri.clone());
            oldest.and_then(|uri| known.remove(&uri));
        }
        let keys = Arc::new(keys);
        known.insert(uri.to_owned(), (now, Arc::clone(&keys)));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_set_is_kept_and_fetched_again_within_bounds() {
        let sets = KeySets::default();
        assert!(
            sets.find("https://app.example/jwks", false, at(0))
                .is_none()
        );
        sets.keep("https://app.example/jwks", JwkSet::new(Vec::new()), at(0));
        assert!(
            sets.find("https://app.example/jwks", false, at(599))
                .is_some()
        );
        assert!(
            sets.find("https://app.example/jwks", false, at(600))
                .is_none()
        );
        assert!(
            sets.find("https://app.example/jwks", true, at(29))
                .is_some()
        );
        assert!(
            sets.find("https://app.example/jwks", true, at(30))
                .is_none()
        );
    }

    #[test]
    fn a_failed_fetch_is_not_repeated_at_once() {
        let sets = KeySets::default();
        sets.fail("https://app.example/jwks", at(0));
        assert!(sets.must_wait("https://app.example/jwks", at(29)));
        assert!(!sets.must_wait("https://app.example/jwks", at(30)));
        sets.keep("https://app.example/jwks", JwkSet::new(Vec::new()), at(1));
        assert!(!sets.must_wait("https://app.example/jwks", at(2)));
    }

    #[test]
    fn the_number_of_sets_is_bounded() {
        let sets = KeySets::default();
        for n in 0..MOST + 5 {
            let now = at(i64::try_from(n).unwrap());
            sets.keep(
                &format!("https://{n}.example/jwks"),
                JwkSet::new(Vec::new()),
                now,
            );
        }
        assert_eq!(sets.known.lock().unwrap().len(), MOST);
        assert!(sets.find("https://0.example/jwks", false, at(10)).is_none());
    }
}
