//! JSON objects without duplicate members.
//!
//! RFC 8259 §4 leaves the meaning of a repeated name open, so two readers of one message may see two
//! messages. RFC 7515 §4, RFC 7517 §4 and RFC 7519 §4 all let a reader refuse repetition; ours does, at
//! every depth.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// Why some octets are no acceptable JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not JSON, not UTF-8, nested deeper than 128 levels, or followed by something else.
    #[error("not well-formed JSON")]
    Malformed,
    /// Well-formed, but an array, a string, a number, a boolean or null.
    #[error("not a JSON object")]
    NotAnObject,
    /// A member name occurs twice in one object, at any depth; names are compared after unescaping.
    #[error("a member name occurs twice")]
    DuplicateMember,
}

/// Parses one JSON object in which no object repeats a member name.
///
/// The depth is bounded by the JSON reader (128 levels); the size is the caller's to bound. Numbers
/// beyond the 64-bit integers become floating-point, as everywhere in `serde_json`.
pub fn object_without_duplicates(octets: &[u8]) -> Result<Map<String, Value>, ObjectError> {
    let repeated = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(octets);
    let parsed = UniqueMembers {
        repeated: &repeated,
    }
    .deserialize(&mut reader)
    .and_then(|value| reader.end().map(|()| value));
    match parsed {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ObjectError::NotAnObject),
        Err(_) if repeated.get() => Err(ObjectError::DuplicateMember),
        Err(_) => Err(ObjectError::Malformed),
    }
}

/// The same rule as a field type: deserialises any JSON object, from any `serde` format.
#[derive(Clone, Debug, PartialEq)]
pub struct UniqueObject(pub Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let repeated = Cell::new(false);
        match (UniqueMembers {
            repeated: &repeated,
        })
        .deserialize(deserializer)?
        {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(D::Error::custom(ObjectError::NotAnObject)),
        }
    }
}

/// Builds a value and notes a repetition, which a `serde` error alone could not be asked about.
#[derive(Clone, Copy)]
struct UniqueMembers<'a> {
    repeated: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for UniqueMembers<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueMembers<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value without duplicate members")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(name, value).is_some() {
                self.repeated.set(true);
                return Err(A::Error::custom(ObjectError::DuplicateMember));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectError, UniqueObject, object_without_duplicates};
    use serde_json::json;

    #[test]
    fn refusals() {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        let cases: [(&str, ObjectError); 13] = [
            ("", ObjectError::Malformed),
            ("{", ObjectError::Malformed),
            ("{} {}", ObjectError::Malformed),
            ("{\"a\":1,}", ObjectError::Malformed),
            ("{\"a\":1e999}", ObjectError::Malformed),
            (&deep, ObjectError::Malformed),
            ("[]", ObjectError::NotAnObject),
            ("null", ObjectError::NotAnObject),
            ("\"a\"", ObjectError::NotAnObject),
            ("{\"a\":1,\"a\":1}", ObjectError::DuplicateMember),
            ("{\"a\":1,\"\\u0061\":2}", ObjectError::DuplicateMember),
            ("{\"a\":{\"b\":1,\"b\":2}}", ObjectError::DuplicateMember),
            ("{\"a\":[{\"b\":1,\"b\":2}]}", ObjectError::DuplicateMember),
        ];
        for (text, expected) in cases {
            let refused = object_without_duplicates(text.as_bytes());
            assert_eq!(refused, Err(expected), "{text:.40}");
        }
        let not_utf8 = object_without_duplicates(b"{\"a\":\"\xff\"}");
        assert_eq!(not_utf8, Err(ObjectError::Malformed));
    }

    #[test]
    fn every_kind_of_value_survives() {
        let value = json!({"s": "x", "n": null, "b": true, "i": -1, "u": 1, "f": 1.5, "a": [{}]});
        let object = object_without_duplicates(value.to_string().as_bytes());
        assert_eq!(object.as_ref().ok(), value.as_object());
        let field: UniqueObject = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(Some(&field.0), value.as_object());
    }

    #[test]
    fn the_field_type_keeps_the_rule() {
        assert!(serde_json::from_str::<UniqueObject>("{\"a\":1,\"a\":2}").is_err());
        assert!(serde_json::from_str::<UniqueObject>("[]").is_err());
    }
}
