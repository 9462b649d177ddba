//! Refusals of all endpoints, aggregated per source, reason and minute, so that anonymous
//! requests cannot grow the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use idp_core::base::entropy::Entropy;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::event::{Actor, Circumstances, Event, Personal, What};

/// The most different sources and reasons kept between two writes; further ones are counted
/// together without their source.
const MOST: usize = 1_000;

type Counts = HashMap<(Reason, Option<IpAddr>), u32>;

/// The counts since the last write.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: Mutex<Counts>,
}

impl Refusals {
    /// Counts one.
    pub fn count(&self, reason: Reason, source: Option<IpAddr>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let full = counts.len() >= MOST && !counts.contains_key(&(reason, source));
        let key = if full {
            (reason, None)
        } else {
            (reason, source)
        };
        let entry = counts.entry(key).or_default();
        *entry = entry.saturating_add(1);
    }

    /// Takes the counts.
    pub fn take(&self) -> Taken {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Taken(std::mem::take(&mut *counts))
    }

    /// Puts counts back that could not be written.
    pub fn put_back(&self, taken: Taken) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, count) in taken.0 {
            let entry = counts.entry(key).or_default();
            *entry = entry.saturating_add(count);
        }
    }
}

/// Counts on their way into the audit.
#[derive(Debug)]
pub struct Taken(Counts);

impl Taken {
    /// The counts as events.
    pub fn events(&self, issuer: &IssuerKey, now: Timestamp, entropy: &mut Entropy) -> Vec<Event> {
        let events = self.0.iter().map(|((reason, source), count)| {
            let here = Circumstances {
                issuer: issuer.clone(),
                now,
                request: None,
                local_uid: None,
                personal: Personal {
                    address: source.map(|s| s.to_string()),
                    user_agent: None,
                },
            };
            let what = What::RefusalsCounted {
                reason: reason.name().to_owned(),
                count: *count,
            };
            here.event(Actor::Anonymous, what, entropy)
        });
        events.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_bounded_and_nothing_is_lost() {
        let refusals = Refusals::default();
        for n in 0..2_000_u32 {
            refusals.count(Reason::CodeUnknown, Some(IpAddr::from(n.to_be_bytes())));
        }
        refusals.count(Reason::CodeUnknown, Some(IpAddr::from([0, 0, 0, 0])));
        let mut entropy = Entropy::from_seed(&[1; 32]);
        let events = refusals
            .take()
            .events(&IssuerKey::main(), Timestamp::EPOCH, &mut entropy);
        assert_eq!(events.len(), MOST + 1);
        let total: u32 = events
            .iter()
            .map(|e| match &e.what {
                What::RefusalsCounted { count, .. } => *count,
                _ => 0,
            })
            .sum();
        assert_eq!(total, 2_001);
        let nothing = refusals.take();
        assert!(nothing.0.is_empty());
        refusals.count(Reason::CodeUnknown, None);
        let unwritten = refusals.take();
        refusals.count(Reason::CodeUnknown, None);
        refusals.put_back(unwritten);
        assert_eq!(
            refusals.take().0.get(&(Reason::CodeUnknown, None)),
            Some(&2)
        );
    }
}
