//! Where values come from: the file, and over it the environment.

use std::collections::BTreeMap;

use toml::Value;

use super::Problem;

const PREFIX: &str = "IDP__";

/// A value as somebody gave it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    /// In the file.
    File(Value),
    /// In the environment, always text.
    Environment(String),
}

/// All given values by key path.
pub(super) fn merge(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, Given>, Problem> {
    let file: toml::Table = text.parse().map_err(|e| syntax_problem(text, &e))?;
    let mut given = BTreeMap::new();
    flatten("", &file, &mut given);
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(PREFIX) {
            let path = path.to_ascii_lowercase().replace("__", ".");
            given.insert(path, Given::Environment(value));
        }
    }
    Ok(given)
}

fn flatten(above: &str, table: &toml::Table, given: &mut BTreeMap<String, Given>) {
    for (name, value) in table {
        let path = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match value {
            Value::Table(inner) if !inner.is_empty() => flatten(&path, inner, given),
            other => {
                given.insert(path, Given::File(other.clone()));
            }
        }
    }
}

/// The place and the parser's words; never the line itself, which may hold a secret.
fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    Problem {
        key: format!("line {line}"),
        wrong: format!("the file is no TOML: {}", error.message()),
        right: "correct the line; nothing else was checked".to_owned(),
    }
}
