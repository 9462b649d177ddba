//! What a node holds of lists and answers, parsed, within a bound.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::certificate_status::StatusStamp;
use pki::ocsp::Response;
use pki::revocation::RevocationList;

use super::{Slot, is_stale, slot};

/// The most octets of lists held at once: four lists with a million entries. What is used least goes
/// first, and is read from the store when it is needed again.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// The most answers held at once, of some two thousand octets each.
const MOST_ANSWERS: usize = 20_000;
/// The most issuers whose lists are remembered; paths have a few.
const MOST_ISSUERS: usize = 1_000;

/// A list in use.
struct HeldList {
    list: RevocationList,
    fetched_at: Timestamp,
    used: u64,
}

/// An answer in use.
#[derive(Clone)]
pub(super) struct Answer {
    /// Came.
    pub(super) fetched_at: Timestamp,
    /// Over at.
    pub(super) until: Timestamp,
    /// What it says.
    pub(super) response: Response,
}

/// An answer in use, or that there is none, and when that was compared with the store.
#[derive(Clone)]
pub(super) struct HeldAnswer {
    /// Where there is one.
    pub(super) answer: Option<Answer>,
    looked_at: Timestamp,
}

#[derive(Default)]
struct Tables {
    lists: HashMap<Slot, HeldList>,
    issuers: HashMap<Slot, (Timestamp, Vec<StatusStamp>)>,
    answers: HashMap<Slot, HeldAnswer>,
    uses: u64,
}

/// See above.
#[derive(Default)]
pub(super) struct Memory(Mutex<Tables>);

impl Memory {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which lists the store keeps of an issuer, as it was a moment ago.
    pub(super) fn stamps(&self, issuer: &Digest, now: Timestamp) -> Option<Vec<StatusStamp>> {
        let tables = self.tables();
        let (looked_at, stamps) = tables.issuers.get(&slot(issuer))?;
        (!is_stale(*looked_at, now)).then(|| stamps.clone())
    }

    /// Remembers it.
    pub(super) fn keep_stamps(&self, issuer: &Digest, stamps: Vec<StatusStamp>, now: Timestamp) {
        let mut tables = self.tables();
        if tables.issuers.len() >= MOST_ISSUERS {
            tables.issuers.clear();
        }
        tables.issuers.insert(slot(issuer), (now, stamps));
    }

    /// What the store keeps of this issuer has changed.
    pub(super) fn forget_stamps(&self, issuers: &[Digest]) {
        let mut tables = self.tables();
        for issuer in issuers {
            tables.issuers.remove(&slot(issuer));
        }
    }

    /// The list under a key, if it is held as it came at that time or later.
    pub(super) fn list(&self, key: &Digest, fetched_at: Timestamp) -> Option<RevocationList> {
        let mut tables = self.tables();
        tables.uses += 1;
        let uses = tables.uses;
        let held = tables.lists.get_mut(&slot(key))?;
        held.used = uses;
        (held.fetched_at >= fetched_at).then(|| held.list.clone())
    }

    /// All lists that are held of these issuers.
    pub(super) fn held_lists(&self, issuers: &[Digest]) -> Vec<RevocationList> {
        let tables = self.tables();
        let lists = tables.lists.values();
        let of = |held: &&HeldList| issuers.contains(&Digest::of(held.list.issuer().der()));
        lists.filter(of).map(|held| held.list.clone()).collect()
    }

    /// Holds a list; those used least make room.
    pub(super) fn hold_list(&self, key: &Digest, list: RevocationList, fetched_at: Timestamp) {
        let mut tables = self.tables();
        tables.uses += 1;
        let used = tables.uses;
        let held = HeldList {
            list,
            fetched_at,
            used,
        };
        tables.lists.insert(slot(key), held);
        while tables.bytes() > MOST_BYTES && tables.lists.len() > 1 {
            let least = tables.lists.iter().min_by_key(|(_, held)| held.used);
            let Some(least) = least.map(|(slot, _)| *slot) else {
                break;
            };
            tables.lists.remove(&least);
        }
        metrics::gauge!("idp_certificate_lists_bytes").set(as_f64(tables.bytes()));
    }

    /// What the store keeps under the key of an answer, as it was a moment ago.
    pub(super) fn answer(&self, key: &Digest, now: Timestamp) -> Option<HeldAnswer> {
        let tables = self.tables();
        let held = tables.answers.get(&slot(key))?;
        (!is_stale(held.looked_at, now)).then(|| held.clone())
    }

    /// Remembers it.
    pub(super) fn hold_answer(&self, key: &Digest, answer: Option<Answer>, now: Timestamp) {
        let held = HeldAnswer {
            answer,
            looked_at: now,
        };
        let mut tables = self.tables();
        if tables.answers.len() >= MOST_ANSWERS {
            // All of them rest in the store.
            tables.answers.clear();
        }
        tables.answers.insert(slot(key), held);
    }
}

impl Tables {
    fn bytes(&self) -> usize {
        self.lists.values().map(|held| held.list.kept_bytes()).sum()
    }
}

/// A size as metrics want it; beyond four gigabytes it does not matter any more.
fn as_f64(size: usize) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX))
}
