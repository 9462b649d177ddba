//! The language of tables and hints.

use clap::ValueEnum;

/// A language of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// The language of a POSIX locale name (`vi_VN.UTF-8`). Vietnamese where the name says
    /// nothing: unset, `C`, `POSIX`.
    pub fn of_locale(locale: Option<&str>) -> Self {
        let language = locale.unwrap_or_default().split(['_', '.', '@']).next();
        match language.unwrap_or_default() {
            "" | "C" | "POSIX" | "vi" => Self::Vi,
            _ => Self::En,
        }
    }

    /// The text in this language.
    pub const fn pick(self, text: Text) -> &'static str {
        match self {
            Self::Vi => text.vi,
            Self::En => text.en,
        }
    }
}

/// A fixed text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

/// A fixed text in both languages.
pub const fn text(vi: &'static str, en: &'static str) -> Text {
    Text { vi, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_choose_a_language() {
        for (locale, language) in [
            (None, Language::Vi),
            (Some(""), Language::Vi),
            (Some("C.UTF-8"), Language::Vi),
            (Some("vi_VN.UTF-8"), Language::Vi),
            (Some("en_GB.UTF-8"), Language::En),
            (Some("de"), Language::En),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale:?}");
        }
    }
}
