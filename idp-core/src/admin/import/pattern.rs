//! User names made from names of people: `{given}{initials}.{unit}`.

use crate::base::refusal::Reason;
use crate::base::text::search_key;
use crate::model::identifier::AgencyCode;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Given,
    Family,
    Initials,
    Unit,
}

/// A pattern of `{given}` (the last word of a name), `{family}` (the first), `{initials}` (of
/// all words but the given name), `{unit}` (the last part of the unit's code) and plain
/// characters of user names. What it makes is without diacritics and in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserNamePattern(Vec<Part>);

impl UserNamePattern {
    /// Reads a pattern. It must hold something of the person's name before the first dot, where
    /// the number goes when a name is taken.
    ///
    /// # Errors
    /// [`Reason::UserNamePatternMalformed`].
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let malformed = Reason::UserNamePatternMalformed;
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (part, after) = next_part(rest).ok_or(malformed)?;
            parts.push(part);
            rest = after;
        }
        let personal = |p: &Part| matches!(p, Part::Given | Part::Family | Part::Initials);
        let dotted = |p: &Part| matches!(p, Part::Text(t) if t.contains('.'));
        let named = parts.iter().take_while(|p| !dotted(p)).any(personal);
        named.then_some(Self(parts)).ok_or(malformed)
    }

    /// Makes the user name of a person; `None` when a needed part is missing or holds no letter
    /// or digit of `a-z 0-9`.
    pub fn make(&self, full_name: &str, unit: Option<&AgencyCode>) -> Option<String> {
        let key = search_key(full_name);
        let words: Vec<String> = key
            .split(' ')
            .map(plain)
            .filter(|w| !w.is_empty())
            .collect();
        let (given, others) = words.split_last()?;
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Given => name.push_str(given),
                Part::Family => name.push_str(words.first()?),
                Part::Initials => name.extend(others.iter().filter_map(|w| w.chars().next())),
                Part::Unit => name.push_str(&plain(unit?.as_str().rsplit('.').next()?)),
            }
        }
        Some(name)
    }
}

/// The `n`-th choice for a user name: 2, 3, … is added to what stands before the first dot, so
/// that a unit's number behind it stays readable.
pub(super) fn numbered(base: &str, n: u32) -> String {
    match (n, base.split_once('.')) {
        (..=1, _) => base.to_owned(),
        (_, Some((person, rest))) => format!("{person}{n}.{rest}"),
        (_, None) => format!("{base}{n}"),
    }
}

fn plain(text: &str) -> String {
    let lower = text.chars().map(|c| c.to_ascii_lowercase());
    lower
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        .collect()
}

fn next_part(text: &str) -> Option<(Part, &str)> {
    if let Some(rest) = text.strip_prefix('{') {
        let (name, rest) = rest.split_once('}')?;
        let part = match name {
            "given" => Part::Given,
            "family" => Part::Family,
            "initials" => Part::Initials,
            "unit" => Part::Unit,
            _ => return None,
        };
        return Some((part, rest));
    }
    let end = text.find('{').unwrap_or(text.len());
    let (plain, rest) = text.split_at_checked(end)?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    plain
        .bytes()
        .all(allowed)
        .then(|| (Part::Text(plain.to_owned()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: &str, name: &str, unit: Option<&str>) -> Option<String> {
        let unit = unit.map(|u| AgencyCode::parse(u).unwrap());
        UserNamePattern::parse(pattern)
            .unwrap()
            .make(name, unit.as_ref())
    }

    #[test]
    fn names_are_made_without_diacritics() {
        for (pattern, name, unit, expected) in [
            (
                "{given}{initials}.{unit}",
                "Đặng Thị Ngọc Ánh",
                Some("H42.05"),
                Some("anhdtn.05"),
            ),
            ("{given}{initials}", "Nguyễn Văn An", None, Some("annv")),
            ("{given}.{family}", "Trần Văn Bình", None, Some("binh.tran")),
            ("{given}{initials}", "K'Brôi", None, Some("kbroi")),
            ("{given}{initials}", "Y Nguyên Niê", None, Some("nieyn")),
            ("cb-{given}", "Lê An", None, Some("cb-an")),
            ("{given}.{unit}", "Lê An", None, None),
            ("{given}", "李", None, None),
        ] {
            assert_eq!(
                made(pattern, name, unit).as_deref(),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for text in [
            "",
            "{given",
            "{name}",
            "{unit}",
            "cb.{given}",
            "{given} {family}",
            "{Given}",
            "á{given}",
        ] {
            let refused = Err(Reason::UserNamePatternMalformed);
            assert_eq!(UserNamePattern::parse(text), refused, "{text}");
        }
    }

    #[test]
    fn the_number_of_a_clash_stands_before_the_unit() {
        assert_eq!(numbered("annv.05", 1), "annv.05");
        assert_eq!(numbered("annv.05", 2), "annv2.05");
        assert_eq!(numbered("annv", 12), "annv12");
    }
}
