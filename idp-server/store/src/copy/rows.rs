//! Rows on their way: as text for `COPY`, and as bytes for the digest.

use std::fmt::Write;

use idp_core::base::fault::Fault;

use super::catalogue::{Kind, Table};
use crate::sql::value::{Row, Value};

/// Rows in the text format of `COPY` (PostgreSQL manual, "COPY", File Formats).
pub(super) fn encode(table: &Table, page: &[Row]) -> Result<Vec<u8>, Fault> {
    let mut text = String::with_capacity(page.len() * 256);
    for row in page {
        for (number, (column, value)) in table.columns.iter().zip(&row.0).enumerate() {
            if number > 0 {
                text.push('\t');
            }
            match (column.kind, value) {
                (_, Value::Null) => text.push_str("\\N"),
                (Kind::Int, Value::Int(int)) => {
                    // Writing to a text never fails.
                    let _ = write!(text, "{int}");
                }
                (Kind::Text, Value::Text(value)) => escape(&mut text, value),
                (Kind::Bytes, Value::Bytes(bytes)) => {
                    text.push_str("\\\\x");
                    for byte in bytes {
                        let _ = write!(text, "{byte:02x}");
                    }
                }
                _ => {
                    let what = format!("a row of {} holds a value of another type", table.name);
                    return Err(Fault::lasting("store", what));
                }
            }
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            other => text.push(other),
        }
    }
}

/// Appends a row so that no two rows give the same bytes.
pub(super) fn append_canonical(bytes: &mut Vec<u8>, row: &Row) {
    for value in &row.0 {
        let (tag, part): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Int(int) => {
                bytes.push(1);
                bytes.extend_from_slice(&int.to_be_bytes());
                continue;
            }
            Value::Text(text) => (2, text.as_bytes()),
            Value::Bytes(part) => (3, part),
        };
        bytes.push(tag);
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
}
