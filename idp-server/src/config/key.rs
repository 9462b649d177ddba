//! What the configuration's keys are: the one table from which checking, `idp config explain`, the
//! file that `idp init` writes and the operators' manual are made.

use std::time::Duration;

/// The values that a key takes, and how they are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A file or folder; relative ones start at the configuration file's folder.
    Path,
    /// A span of time between two bounds, written `90s`, `10m`, `8h`, `30d` or `1h30m`.
    Span(Duration, Duration),
    /// A whole number between two bounds.
    Count(u64, u64),
    /// `true` or `false`.
    Switch,
    /// A list of texts; in the environment separated by commas.
    Words,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What holds when the key is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The configuration is refused.
    Required,
    /// The thing is not there, or is derived as the meaning says.
    Nothing,
    /// This value, written as in the environment.
    Value(&'static str),
}

/// One key, documented once.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path: sections and name, joined by dots.
    pub path: &'static str,
    /// Its values.
    pub kind: Kind,
    /// Its default.
    pub absent: Absent,
    /// A value for the manual where there is no default.
    pub example: &'static str,
    /// What it means, in Vietnamese.
    pub vi: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

impl Key {
    /// Whether it weakens the installation; such keys say so by name, and `idp doctor` fails on
    /// them.
    #[must_use]
    pub fn is_danger(&self) -> bool {
        self.name().starts_with("danger_")
    }

    /// The section: everything before the last dot.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// The name within its section.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or(self.path, |(_, name)| name)
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("IDP__{}", self.path.replace('.', "__").to_uppercase())
    }

    /// The value as TOML writes it, for a text as the environment writes it.
    #[must_use]
    pub fn as_toml(&self, text: &str) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        match self.kind {
            Kind::Count(..) | Kind::Switch => text.to_owned(),
            Kind::Words => {
                let words: Vec<_> = super::value::words(text)
                    .iter()
                    .map(|w| quoted(w))
                    .collect();
                format!("[{}]", words.join(", "))
            }
            Kind::Text | Kind::Path | Kind::Span(..) | Kind::Choice(_) => quoted(text),
        }
    }
}

/// Shortens the tables of the sections: path, kind, default, example, Vietnamese, English.
macro_rules! keys {
    ($($path:literal: $kind:expr, $absent:expr, $example:literal, $vi:literal, $en:literal;)*) => {
        /// The keys of this section.
        pub(super) const KEYS: &[$crate::config::key::Key] = &[$(
            $crate::config::key::Key {
                path: $path,
                kind: $kind,
                absent: $absent,
                example: $example,
                vi: $vi,
                en: $en,
            },
        )*];
    };
}
pub(super) use keys;
