//! Several statements in one, so that they cost one round trip and are one transaction by
//! themselves.
//!
//! PostgreSQL runs data-modifying `WITH` queries against one snapshot and in no given order
//! (manual, §7.8.4). So only statements that touch different rows may stand together.

use std::fmt::Write;

use crate::sql::value::Value;

/// A statement that is being put together from fixed texts.
#[derive(Debug, Default)]
pub(super) struct Combined {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
    parts: usize,
}

impl Combined {
    /// Adds a statement under the name `p0`, `p1`, …; answers its number.
    pub(super) fn add(&mut self, text: &str, values: &[Value]) -> usize {
        let number = self.parts;
        self.parts += 1;
        self.text.push_str(if number == 0 { "WITH " } else { ", " });
        // Writing to a text never fails.
        let _ = write!(self.text, "p{number} AS (");
        self.push(text, self.values.len());
        self.text.push(')');
        self.values.extend_from_slice(values);
        number
    }

    /// Adds a text whose markers count from the values bound so far.
    pub(super) fn push(&mut self, text: &str, bound: usize) {
        let mut parts = text.split('$');
        self.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = part.split_at(digits);
            let place = number.parse::<usize>().map_or(0, |n| n + bound);
            let _ = write!(self.text, "${place}{rest}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::value::values;

    #[test]
    fn markers_count_on() {
        let mut combined = Combined::default();
        let first = "UPDATE a SET v = $2 WHERE id = $1 AND v = $2 - 1";
        let (one, other) = (values!["x", 2_i64], values!["y"]);
        combined.add(first, &one);
        combined.add("DELETE FROM b WHERE id = $1", &other);
        assert_eq!(
            combined.text,
            "WITH p0 AS (UPDATE a SET v = $2 WHERE id = $1 AND v = $2 - 1), \
             p1 AS (DELETE FROM b WHERE id = $3)"
        );
        assert_eq!(combined.values, values!["x", 2_i64, "y"]);
    }
}
