//! JSON in which no object names a member twice.
//!
//! RFC 8259 §4 leaves duplicates to the reader, and two readers of one signed document that choose
//! differently can be played against each other. Everything that this crate decides on is read here.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// Parses `bytes`, or nothing when they are no such document or name a member twice anywhere.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    if !is_unique(bytes) {
        return None;
    }
    serde_json::from_slice(bytes).ok()
}

/// True when `bytes` are JSON without duplicate members.
pub(crate) fn is_unique(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Unique>(bytes).is_ok()
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a member occurs twice"));
            }
            object.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth() {
        for (text, accepted) in [
            (r#"{"a":1,"b":[{"a":null},{"a":-1.5}],"c":{"a":"x"}}"#, true),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            (r#"{"b":[1,{"c":{"d":true,"d":false}}]}"#, false),
            (r#"{"a":1"#, false),
            ("", false),
        ] {
            assert_eq!(is_unique(text.as_bytes()), accepted, "{text}");
        }
        assert!(parse::<serde_json::Value>(b"{\"a\":1} trailing").is_none());
        assert!(!is_unique("[".repeat(5000).as_bytes()), "depth is bounded");
    }
}
