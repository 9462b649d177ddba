//! Values, rows and statements as every engine understands them.

use std::borrow::Cow;

use idp_core::base::fault::Fault;
use idp_core::base::id::Id;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::Version;
use serde::de::DeserializeOwned;

/// A value of one of the three types the schema uses, or none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A statement with what is bound to its `$n` markers.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Put together from fixed texts only; values are always bound.
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self {
            text: Cow::Borrowed(text),
            values,
        }
    }
}

/// A row that was read.
#[derive(Debug)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn text(&self, column: usize) -> Result<&str, Fault> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(unexpected(column, "a text")),
        }
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, Fault> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, Fault> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(unexpected(column, "a number")),
        }
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, Fault> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&[u8], Fault> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(unexpected(column, "bytes")),
        }
    }

    /// The aggregate in a body column.
    pub(crate) fn body<T: DeserializeOwned>(&self, column: usize) -> Result<T, Fault> {
        from_json(self.text(column)?)
    }
}

fn unexpected(column: usize, expected: &str) -> Fault {
    Fault::lasting(
        "store",
        format!("column {column} of an answer is not {expected}: the schema was changed by hand"),
    )
}

/// Reads a body. The parser's message is left out, because it may quote what it read.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| {
        let kind = std::any::type_name::<T>();
        Fault::lasting(
            "store",
            format!("a stored {kind} does not read back (column {})", e.column()),
        )
    })
}

/// Writes a body.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|e| Fault::lasting("store", e))
}

/// The word of a closed list (a state, a kind), as it stands in its own column.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(Fault::lasting("store", "a closed list holds a non-word")),
    }
}

/// Reads what [`word`] wrote.
pub(crate) fn from_word<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Fault::lasting("store", "a column holds a word that is not in its list"))
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Self::Bytes(digest.as_bytes().to_vec())
    }
}
impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Int(time.millis())
    }
}
impl From<Version> for Value {
    fn from(version: Version) -> Self {
        Self::Int(version.0)
    }
}
impl<K> From<Id<K>> for Value {
    fn from(id: Id<K>) -> Self {
        Self::Text(id.to_string())
    }
}
impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The values bound to a statement, in the order of their markers.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::value::Value::from($value)),*] };
}
pub(crate) use values;
