//! Agency codes (mã định danh điện tử, Decision 20/2020/QĐ-TTg).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// An agency code such as `H56.14`: highest level first, at most 35 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AgencyCode(String);

/// The text is not an agency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agency code is a letter A-Y, two digits, then parts after dots, such as H56.14")]
pub struct AgencyCodeError;

impl AgencyCode {
    /// Takes a code. The old form with the highest level last (`000.00.14.H56`) becomes the new
    /// one (`H56.14`). Lower case is refused: codes are copied, not typed from memory.
    ///
    /// # Errors
    /// [`AgencyCodeError`].
    pub fn parse(text: &str) -> Result<Self, AgencyCodeError> {
        let text = text.trim();
        let code = if is_head(text.split('.').next().unwrap_or("")) {
            text.to_owned()
        } else {
            modern(text).ok_or(AgencyCodeError)?
        };
        let mut parts = code.split('.');
        let head = parts.next().is_some_and(is_head);
        let rest = |p: &str| {
            !p.is_empty()
                && p.bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        };
        (head && parts.all(rest) && code.len() <= 35)
            .then_some(Self(code))
            .ok_or(AgencyCodeError)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_head(part: &str) -> bool {
    let bytes = part.as_bytes();
    matches!(bytes, [b'A'..=b'Y', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

/// The old form has four parts, lowest first, unused ones all zeros.
fn modern(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != 4 || !parts.last().is_some_and(|p| is_head(p)) {
        return None;
    }
    let used: Vec<&str> = parts
        .into_iter()
        .rev()
        .filter(|p| p.is_empty() || !p.bytes().all(|b| b == b'0'))
        .collect();
    Some(used.join("."))
}

impl fmt::Display for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AgencyCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_accepted() {
        for (text, code) in [
            ("H42", "H42"),
            ("H56.14", "H56.14"),
            ("G12.18.112.001", "G12.18.112.001"),
            ("000.00.14.H56", "H56.14"),
            ("000.03.14.H56", "H56.14.03"),
        ] {
            assert_eq!(
                AgencyCode::parse(text).as_ref().map(AgencyCode::as_str),
                Ok(code),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "h56",
            "Z01",
            "H5",
            "H56.",
            "",
            "14.H56",
            "H56..1",
            "H56.a",
            "000.00.14.h56",
        ] {
            assert_eq!(AgencyCode::parse(text), Err(AgencyCodeError), "{text}");
        }
        assert_eq!(
            AgencyCode::parse(&format!("H56.{}", "1".repeat(40))),
            Err(AgencyCodeError)
        );
    }
}
