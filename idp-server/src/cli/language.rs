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

/// Something said with values in it, in both languages; or a text that only has one, as those of
/// the operating system and of servers of another version do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    vi: String,
    en: String,
}

impl Said {
    /// Said in both languages.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        let (vi, en) = (vi.into(), en.into());
        Self { vi, en }
    }

    /// What is said in a language.
    pub fn pick(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }

    /// The same about something, which is named first.
    #[must_use]
    pub fn about(self, thing: &impl std::fmt::Display) -> Self {
        Self::new(
            format!("{thing}: {}", self.vi),
            format!("{thing}: {}", self.en),
        )
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::new(text.clone(), text)
    }
}

impl From<Text> for Said {
    fn from(text: Text) -> Self {
        Self::new(text.vi, text.en)
    }
}

impl From<serde_json::Error> for Said {
    fn from(error: serde_json::Error) -> Self {
        let (vi, en) = (
            "không phải JSON như mong đợi",
            "not the JSON that is expected",
        );
        Self::new(format!("{vi} ({error})"), format!("{en} ({error})"))
    }
}

impl From<std::io::Error> for Said {
    fn from(error: std::io::Error) -> Self {
        Self::from(&error)
    }
}

/// What the operating system says of files most often; the rest in its own words.
impl From<&std::io::Error> for Said {
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let known = match error.kind() {
            ErrorKind::NotFound => text("không có tệp hay thư mục này", "no such file or folder"),
            ErrorKind::PermissionDenied => text("không có quyền", "not permitted"),
            ErrorKind::AlreadyExists => text("đã có sẵn", "it exists already"),
            ErrorKind::IsADirectory => text("đây là thư mục", "it is a folder"),
            ErrorKind::NotADirectory => {
                text("đường dẫn đi qua một tệp", "the path leads through a file")
            }
            ErrorKind::StorageFull => text("đĩa đã đầy", "the disk is full"),
            ErrorKind::ReadOnlyFilesystem => text("đĩa chỉ cho đọc", "the disk is read-only"),
            _ => return Self::from(error.to_string()),
        };
        known.into()
    }
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

    #[test]
    fn what_the_system_says_of_files_is_told_in_both_languages() {
        let missing = std::fs::read("/no/such/file").unwrap_err();
        let said = Said::from(missing).about(&"/no/such/file");
        assert_eq!(
            said.pick(Language::En),
            "/no/such/file: no such file or folder"
        );
        let vietnamese = said.pick(Language::Vi);
        assert!(
            vietnamese.ends_with("không có tệp hay thư mục này"),
            "{vietnamese}"
        );
    }
}
