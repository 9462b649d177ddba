//! The two languages of the pages, and which one a request gets.

/// How many language ranges of one header or parameter are looked at; the rest is ignored.
const RANGES_READ: usize = 32;

/// A language the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Vietnamese, the default.
    #[default]
    Vi,
    /// English.
    En,
}

impl Locale {
    /// Both languages, the default first; the value of `ui_locales_supported`.
    pub const ALL: [Self; 2] = [Self::Vi, Self::En];

    /// The BCP 47 tag, as it stands in `<html lang>`, in cookies and in the metadata.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The language's name in that language itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Vi => "Tiếng Việt",
            Self::En => "English",
        }
    }

    /// The language that is not this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    /// The language of a tag, by its primary subtag alone: `en-GB` is English (RFC 4647, 3.4).
    /// `None` for every language the pages do not speak.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|locale| primary.eq_ignore_ascii_case(locale.tag()))
    }

    /// Chooses the language of a page: `ui_locales` (OpenID Connect Core 3.1.2.1: tags in order
    /// of preference, separated by spaces) wins over the person's earlier choice kept in a cookie,
    /// and that over `Accept-Language` (RFC 9110, 12.5.4). Nothing known anywhere is Vietnamese.
    /// Malformed input is ignored, never refused: a language is a courtesy.
    #[must_use]
    pub fn negotiate(
        ui_locales: Option<&str>,
        cookie: Option<&str>,
        accept_language: Option<&str>,
    ) -> Self {
        ui_locales
            .and_then(|tags| tags.split(' ').take(RANGES_READ).find_map(Self::parse))
            .or_else(|| cookie.and_then(Self::parse))
            .or_else(|| accept_language.and_then(Self::accepted))
            .unwrap_or_default()
    }

    /// The accepted language of greatest weight; of equal weights the first.
    fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u16)> = None;
        for range in header.split(',').take(RANGES_READ) {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
            let (Some(locale), Some(weight)) = (Self::parse(tag), thousandths(parameter)) else {
                continue;
            };
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((locale, weight));
            }
        }
        best.map(|(locale, _)| locale)
    }
}

/// A weight `q=0.8` in thousandths (RFC 9110, 12.4.2); `None` when malformed.
fn thousandths(parameter: &str) -> Option<u16> {
    let value = parameter
        .trim()
        .strip_prefix(['q', 'Q'])?
        .strip_prefix('=')?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Locale::{self, En, Vi};

    #[test]
    fn the_request_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        let chosen = Locale::negotiate;
        assert_eq!(chosen(Some("en"), Some("vi"), Some("vi")), En);
        assert_eq!(chosen(None, Some("en"), Some("vi")), En);
        assert_eq!(chosen(None, None, Some("en")), En);
        assert_eq!(chosen(None, None, None), Vi);
        assert_eq!(chosen(Some("fr"), Some("xx"), Some("de")), Vi);
        assert_eq!(chosen(Some("fr"), Some("en"), None), En);
    }

    #[test]
    fn ui_locales_is_read_in_order_of_preference() {
        for (tags, expected) in [
            ("fr en vi", En),
            ("vi en", Vi),
            ("EN-gb", En),
            ("", Vi),
            ("english", Vi),
            ("en_US", En),
        ] {
            assert_eq!(
                Locale::negotiate(Some(tags), None, None),
                expected,
                "{tags}"
            );
        }
    }

    #[test]
    fn accept_language_is_read_by_weight() {
        for (header, expected) in [
            ("vi-VN,vi;q=0.9,en;q=0.8", Vi),
            ("en-US,en;q=0.9,vi;q=0.8", En),
            ("vi;q=0.2, en;q=0.7", En),
            ("fr, en;q=0.5", En),
            ("en;q=0, vi;q=0.1", Vi),
            ("en;q=0", Vi),
            ("en;q=1.5", Vi),
            ("en;q=0.1234", Vi),
            ("en;q=é", Vi),
            ("*", Vi),
            (";;,,;q=", Vi),
        ] {
            assert_eq!(
                Locale::negotiate(None, None, Some(header)),
                expected,
                "{header}"
            );
        }
    }

    #[test]
    fn ranges_beyond_the_bound_are_not_read() {
        let long = format!("{}en", "fr,".repeat(10_000));
        assert_eq!(Locale::negotiate(None, None, Some(&long)), Vi);
    }
}
