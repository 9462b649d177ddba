//! Reads typed values and collects what is wrong with them, all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Value;

use super::key::{Absent, Key, Kind};
use super::source::Given;
use super::{Problem, value};

/// A value in the form that its kind says.
enum Read {
    Text(String),
    Span(Duration),
    Count(u64),
    Switch(bool),
    Words(Vec<String>),
}

/// Hands out values by key. Where one is wrong or missing, a problem is noted and a value of the
/// right type is handed out, so that reading goes on.
pub(super) struct Reader<'a> {
    keys: &'a [Key],
    given: BTreeMap<String, Given>,
    folder: &'a Path,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads `given` by the table `keys`; relative paths start at `folder`.
    pub(super) fn new(keys: &'a [Key], given: BTreeMap<String, Given>, folder: &'a Path) -> Self {
        Self {
            keys,
            given,
            folder,
            problems: Vec::new(),
        }
    }

    /// Notes a problem of `key`.
    pub(super) fn problem(
        &mut self,
        key: &str,
        wrong: impl Into<String>,
        right: impl Into<String>,
    ) {
        self.problems.push(Problem {
            key: key.to_owned(),
            wrong: wrong.into(),
            right: right.into(),
        });
    }

    /// Whether somebody gave the key.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// A text; empty when it is missing.
    pub(super) fn text(&mut self, key: &str) -> String {
        self.optional_text(key).unwrap_or_default()
    }

    /// A text, if there is one.
    pub(super) fn optional_text(&mut self, key: &str) -> Option<String> {
        match self.read(key)? {
            Read::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A path, if there is one, made absolute from the configuration's folder.
    pub(super) fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        self.optional_text(key).map(|text| self.folder.join(text))
    }

    /// A span of time.
    pub(super) fn span(&mut self, key: &str) -> Duration {
        match self.read(key) {
            Some(Read::Span(span)) => span,
            _ => Duration::ZERO,
        }
    }

    /// A number.
    pub(super) fn count(&mut self, key: &str) -> u64 {
        match self.read(key) {
            Some(Read::Count(count)) => count,
            _ => 0,
        }
    }

    /// A number of 32 bits; the table's bounds keep it there.
    pub(super) fn count_u32(&mut self, key: &str) -> u32 {
        u32::try_from(self.count(key)).unwrap_or(u32::MAX)
    }

    /// A number of things in memory.
    pub(super) fn count_usize(&mut self, key: &str) -> usize {
        usize::try_from(self.count(key)).unwrap_or(usize::MAX)
    }

    /// Yes or no.
    pub(super) fn switch(&mut self, key: &str) -> bool {
        matches!(self.read(key), Some(Read::Switch(true)))
    }

    /// A list.
    pub(super) fn words(&mut self, key: &str) -> Vec<String> {
        match self.read(key) {
            Some(Read::Words(words)) => words,
            _ => Vec::new(),
        }
    }

    /// The value that counts, written in one way; empty when there is none.
    pub(super) fn canonical(&mut self, key: &str) -> String {
        match self.read(key) {
            Some(Read::Text(text)) => text,
            Some(Read::Span(span)) => value::write_span(span),
            Some(Read::Count(count)) => count.to_string(),
            Some(Read::Switch(switch)) => switch.to_string(),
            Some(Read::Words(mut words)) => {
                words.sort_unstable();
                words.join(", ")
            }
            None => String::new(),
        }
    }

    /// Everything that was wrong, unknown keys included, in the order of the keys.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        let unknown: Vec<String> = self
            .given
            .keys()
            .filter(|path| !self.is_known(path))
            .cloned()
            .collect();
        for path in unknown {
            let right = match nearest(self.keys, &path) {
                Some(near) => format!("did you mean {near}?"),
                None => "remove it; `idp config explain` lists all keys".to_owned(),
            };
            self.problem(&path, "there is no such key", right);
        }
        self.problems.sort_by(|a, b| a.key.cmp(&b.key));
        // A key that is read twice is complained about once.
        self.problems.dedup();
        self.problems
    }

    /// A key of the table, or an empty section of it.
    fn is_known(&self, path: &str) -> bool {
        let is_section = |key: &Key| {
            key.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        let empty =
            matches!(self.given.get(path), Some(Given::File(Value::Table(t))) if t.is_empty());
        self.keys
            .iter()
            .any(|key| key.path == path || empty && is_section(key))
    }

    fn read(&mut self, path: &str) -> Option<Read> {
        let key = *self.keys.iter().find(|key| key.path == path)?;
        let answer = match (self.given.get(path), key.absent) {
            (Some(Given::File(value)), _) => from_file(&key, value),
            (Some(Given::Environment(text)), _) => from_text(&key, text),
            (None, Absent::Value(text)) => from_text(&key, text),
            (None, Absent::Nothing) => return None,
            (None, Absent::Required) => {
                let example = key.as_toml(key.example);
                let right = format!("set it, for instance {} = {example}", key.name());
                self.problem(path, "it is missing", right);
                return None;
            }
        };
        match answer {
            Ok(read) => Some(read),
            Err(wrong) => {
                self.problem(path, wrong, expected(&key.kind));
                // The default keeps the checks that compare keys going.
                match key.absent {
                    Absent::Value(text) => from_text(&key, text).ok(),
                    Absent::Nothing | Absent::Required => None,
                }
            }
        }
    }
}

/// The key that was probably meant: near as a whole, or by its last word.
pub(super) fn nearest(keys: &[Key], path: &str) -> Option<&'static str> {
    let near = |key: &Key| {
        let last = path.rsplit('.').next().unwrap_or(path);
        let whole = value::distance(path, key.path);
        let name = value::distance(last, key.name());
        (whole.min(name + 1), whole, key.path)
    };
    let (far, _, nearest) = keys.iter().map(near).min()?;
    (far <= 3.min(path.len() / 2)).then_some(nearest)
}

fn from_file(key: &Key, value: &Value) -> Result<Read, String> {
    match (key.kind, value) {
        (Kind::Text | Kind::Path | Kind::Span(..) | Kind::Choice(_), Value::String(text)) => {
            from_text(key, text)
        }
        (Kind::Count(..), Value::Integer(number)) => from_text(key, &number.to_string()),
        (Kind::Switch, Value::Boolean(switch)) => Ok(Read::Switch(*switch)),
        (Kind::Words, Value::Array(words)) => words
            .iter()
            .map(|word| word.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map(Read::Words)
            .ok_or_else(|| "the list holds something that is not text".to_owned()),
        _ => Err(format!("it is of type {}", value.type_str())),
    }
}

fn from_text(key: &Key, text: &str) -> Result<Read, String> {
    match key.kind {
        Kind::Text | Kind::Path if text.trim().is_empty() => Err("it is empty".to_owned()),
        Kind::Text | Kind::Path => Ok(Read::Text(text.to_owned())),
        Kind::Span(least, most) => match value::span(text) {
            Some(span) if (least..=most).contains(&span) => Ok(Read::Span(span)),
            Some(_) => Err(format!("{text} is out of bounds")),
            None => Err(format!("`{text}` is no span of time")),
        },
        Kind::Count(least, most) => match text.trim().parse() {
            Ok(count) if (least..=most).contains(&count) => Ok(Read::Count(count)),
            Ok(_) => Err(format!("{text} is out of bounds")),
            Err(_) => Err(format!("`{text}` is no whole number")),
        },
        Kind::Switch => match text.trim() {
            "true" => Ok(Read::Switch(true)),
            "false" => Ok(Read::Switch(false)),
            other => Err(format!("`{other}` is neither true nor false")),
        },
        Kind::Words => Ok(Read::Words(value::words(text))),
        Kind::Choice(choices) if choices.contains(&text) => Ok(Read::Text(text.to_owned())),
        Kind::Choice(_) => Err(format!("`{text}` is not among the choices")),
    }
}

/// How values of a kind are written, for problems and for the manual.
pub(super) fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Text => "a text in quotes".to_owned(),
        Kind::Path => "a path in quotes; relative ones start at this file's folder".to_owned(),
        Kind::Span(least, most) => {
            let (least, most) = (value::write_span(*least), value::write_span(*most));
            format!("a span of time like \"90s\", \"10m\", \"8h\", \"30d\", from {least} to {most}")
        }
        Kind::Count(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Switch => "true or false, without quotes".to_owned(),
        Kind::Words => "a list of texts like [\"a\", \"b\"]".to_owned(),
        Kind::Choice(choices) => {
            let quoted: Vec<_> = choices
                .iter()
                .map(|choice| format!("\"{choice}\""))
                .collect();
            format!("one of {}", quoted.join(", "))
        }
    }
}
