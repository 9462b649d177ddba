//! Where lists are fetched: what a node has seen in use or in the operator's rules.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::trust::status::{Authorities, again_at, list_due};

/// The most addresses: an authority has a handful, and an anchor a handful of authorities.
const MOST: usize = 512;

/// After this a node looks at what another fetched.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// What nobody was interested in for so long is not fetched any more.
const INTEREST: Duration = Duration::from_secs(2 * 86_400);

/// An address, and what became of it.
#[derive(Clone)]
pub(super) struct Place {
    /// Whose lists are taken from it.
    pub(super) authorities: Authorities,
    /// What it gave: made at, good until.
    pub(super) gave: Option<(Timestamp, Timestamp)>,
    /// Not asked before.
    due: Timestamp,
    /// Somebody was interested last.
    noted_at: Timestamp,
    failing: bool,
}

/// See above.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<String, Place>>);

impl Places {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These authorities' lists come from there.
    pub(super) fn note(&self, address: &str, authorities: &Authorities, now: Timestamp) {
        let mut all = self.all();
        if let Some(place) = all.get_mut(address) {
            place.authorities.join(authorities);
            place.noted_at = now;
            return;
        }
        all.retain(|_, place| now < place.noted_at + INTEREST);
        if all.len() < MOST {
            let place = Place {
                authorities: authorities.clone(),
                gave: None,
                due: Timestamp::EPOCH,
                noted_at: now,
                failing: false,
            };
            all.insert(address.to_owned(), place);
        }
    }

    /// The place, if it is to be asked now.
    pub(super) fn due(&self, address: &str, now: Timestamp) -> Option<Place> {
        let all = self.all();
        let place = all.get(address)?;
        (place.due <= now).then(|| place.clone())
    }

    /// All that are to be asked now.
    pub(super) fn all_due(&self, now: Timestamp) -> Vec<String> {
        let all = self.all();
        let due = all
            .iter()
            .filter(|(_, p)| p.due <= now && now < p.noted_at + INTEREST);
        due.map(|(address, _)| address.clone()).collect()
    }

    /// All of them with what they gave.
    pub(super) fn list(&self) -> Vec<(String, Option<(Timestamp, Timestamp)>)> {
        let all = self.all();
        all.iter()
            .map(|(address, place)| (address.clone(), place.gave))
            .collect()
    }

    /// It gave a list, or had given it, to this node or another, at `fetched_at`.
    pub(super) fn gave(
        &self,
        address: &str,
        (made, until): (Timestamp, Timestamp),
        (fetched_at, now): (Timestamp, Timestamp),
    ) {
        if let Some(place) = self.all().get_mut(address) {
            let [jitter, ..] = *Digest::of(address.as_bytes()).as_bytes();
            let due = list_due((made, until), fetched_at, jitter);
            let had_it = place.gave == Some((made, until));
            // Nothing new where something new was due.
            place.due = if had_it && due <= now {
                again_at(now, until)
            } else {
                due
            };
            place.gave = Some((made, until));
            place.failing = false;
        }
    }

    /// It gave nothing that counts; whether that is news.
    pub(super) fn failed(&self, address: &str, now: Timestamp) -> bool {
        let mut all = self.all();
        let Some(place) = all.get_mut(address) else {
            return true;
        };
        let until = place.gave.map_or(now, |(_, until)| until);
        place.due = again_at(now, until);
        !std::mem::replace(&mut place.failing, true)
    }

    /// Another node is asking.
    pub(super) fn wait(&self, address: &str, now: Timestamp) {
        if let Some(place) = self.all().get_mut(address) {
            place.due = now + ELSEWHERE;
        }
    }
}
