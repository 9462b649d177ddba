//! A map that never grows beyond its capacity: the oldest entry makes room.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

/// Entries under string keys, each with an end of life.
#[derive(Debug)]
pub(crate) struct Bounded<V> {
    capacity: usize,
    next: u64,
    entries: HashMap<String, Entry<V>>,
    order: BTreeMap<u64, String>,
}

#[derive(Debug)]
struct Entry<V> {
    number: u64,
    until: DateTime<Utc>,
    value: V,
}

impl<V> Bounded<V> {
    /// An empty map of at least one entry's capacity.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            next: 0,
            entries: HashMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// Puts `value` under `key` until `until`, replacing what was there.
    pub(crate) fn put(&mut self, key: String, value: V, until: DateTime<Utc>) {
        self.remove(&key);
        while self.entries.len() >= self.capacity && self.drop_oldest() {}
        self.order.insert(self.next, key.clone());
        self.entries.insert(
            key,
            Entry {
                number: self.next,
                until,
                value,
            },
        );
        self.next += 1;
    }

    /// The value under `key` that lives at `now`.
    pub(crate) fn find_mut(&mut self, key: &str, now: DateTime<Utc>) -> Option<&mut V> {
        self.entries
            .get_mut(key)
            .filter(|e| now < e.until)
            .map(|e| &mut e.value)
    }

    /// Takes out the value under `key`, if it lives at `now`.
    pub(crate) fn take(&mut self, key: &str, now: DateTime<Utc>) -> Option<V> {
        self.remove(key).filter(|e| now < e.until).map(|e| e.value)
    }

    /// Drops every entry for which `keep` is false and tells how many.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) -> usize {
        let before = self.entries.len();
        let order = &mut self.order;
        self.entries.retain(|_, entry| {
            let kept = keep(&entry.value);
            if !kept {
                order.remove(&entry.number);
            }
            kept
        });
        before - self.entries.len()
    }

    /// Drops the oldest entries as long as their life has ended: cheap enough for every call, and
    /// complete where all entries live equally long.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) {
        while let Some((_, key)) = self.order.first_key_value() {
            if self.entries.get(key).is_some_and(|e| now < e.until) || !self.drop_oldest() {
                return;
            }
        }
    }

    fn remove(&mut self, key: &str) -> Option<Entry<V>> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.number);
        Some(entry)
    }

    fn drop_oldest(&mut self) -> bool {
        self.order
            .pop_first()
            .is_some_and(|(_, key)| self.entries.remove(&key).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut map = Bounded::new(2);
        for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
            map.put(key.to_owned(), n, at(100));
        }
        assert_eq!(map.find_mut("a", at(0)), None);
        assert_eq!(map.find_mut("b", at(0)), Some(&mut 1));
        assert_eq!(map.take("c", at(0)), Some(2));
        assert_eq!(map.take("c", at(0)), None, "taken once");
        map.put("b".to_owned(), 9, at(100));
        assert_eq!(
            (map.entries.len(), map.order.len()),
            (1, 1),
            "replacing keeps one entry"
        );
    }

    #[test]
    fn nothing_outlives_its_end() {
        let mut map = Bounded::new(8);
        map.put("a".to_owned(), (), at(10));
        map.put("b".to_owned(), (), at(20));
        assert!(map.find_mut("a", at(10)).is_none());
        map.expire(at(15));
        assert_eq!((map.entries.len(), map.order.len()), (1, 1));
        assert_eq!(map.retain(|()| false), 1);
        assert!(map.order.is_empty());
    }
}
