//! Puts a statement together from fixed texts.

use super::super::value::{Statement, Value};

/// Numbers the markers of the texts it is given: each `?` becomes the next `$n`.
#[derive(Default)]
pub(super) struct Builder {
    text: String,
    values: Vec<Value>,
}

impl Builder {
    /// Adds a text without values.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a text with a value for each `?`.
    pub(super) fn push_with(&mut self, text: &str, values: &[Value]) {
        for (number, part) in text.split('?').enumerate() {
            if number > 0 {
                let place = self.values.len() + number;
                self.text.push_str(&format!("${place}"));
            }
            self.text.push_str(part);
        }
        self.values.extend_from_slice(values);
    }

    pub(super) fn finish(self) -> Statement {
        Statement {
            text: self.text.into(),
            values: self.values,
        }
    }
}
