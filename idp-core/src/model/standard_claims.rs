//! What else may be known about a person, in the names of OpenID Connect Core §5.1.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::text::{is_deceptive, nfc};

/// The longest text, in characters.
const LONGEST_TEXT: usize = 200;
/// The longest address of a page, in bytes.
const LONGEST_ADDRESS: usize = 2_000;

/// Standard claims of the scope `profile` that no other part of an account holds. Each is as the
/// person or an administrator gave it; nobody has verified it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StandardClaims {
    /// What friends call the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The address of a page about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The address of a picture of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The address of the person's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// `female`, `male` or another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `YYYY-MM-DD`, or `YYYY`; the year `0000` where it is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// A name of the tz database; `Asia/Ho_Chi_Minh` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
}

impl StandardClaims {
    /// Whether nothing more is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether every claim is of its form: texts of 1 to 200 characters in NFC without invisible
    /// ones, web addresses, a date that exists.
    pub fn are_well_formed(&self) -> bool {
        let all = |claims: &[&Option<String>], fits: fn(&str) -> bool| {
            claims.iter().all(|claim| claim.as_deref().is_none_or(fits))
        };
        all(&[&self.nickname, &self.gender], is_text)
            && all(&[&self.profile, &self.picture, &self.website], is_address)
            && all(&[&self.birthdate], is_birthdate)
            && all(&[&self.zoneinfo], is_zone)
    }
}

fn is_text(text: &str) -> bool {
    (1..=LONGEST_TEXT).contains(&text.chars().count())
        && text.trim() == text
        && nfc(text) == text
        && !text.chars().any(is_deceptive)
}

fn is_address(text: &str) -> bool {
    let web = |url: Url| matches!(url.scheme(), "https" | "http") && url.username().is_empty();
    text.len() <= LONGEST_ADDRESS && text.is_ascii() && Url::parse(text).is_ok_and(web)
}

fn is_birthdate(text: &str) -> bool {
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let (year, rest) = text
        .split_once('-')
        .map_or((text, None), |(y, r)| (y, Some(r)));
    let day = |rest: &str| {
        let Some((month, day)) = rest.split_once('-') else {
            return false;
        };
        digits(month, 2) && digits(day, 2) && exists(year, month, day)
    };
    digits(year, 4) && rest.is_none_or(day)
}

/// Whether the Gregorian calendar has the day; the year 0000, which hides the year, was a leap year.
fn exists(year: &str, month: &str, day: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let year = number(year);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match number(month) {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=longest).contains(&number(day))
}

/// `Area/Place`, as the tz database writes names.
fn is_zone(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_claim_has_its_form() {
        for (name, good, wrong) in [
            ("nickname", "Bé An", ""),
            ("nickname", "An", " An"),
            ("gender", "female", "a\u{202e}b"),
            ("profile", "https://tinh.example/an", "an"),
            (
                "picture",
                "https://tinh.example/an.png",
                "javascript:alert(1)",
            ),
            ("website", "http://an.example/", "https://u@an.example/"),
            ("birthdate", "1990-02-28", "1990-02-30"),
            ("birthdate", "1990", "90"),
            ("birthdate", "0000-02-29", "1990-2-8"),
            ("zoneinfo", "Asia/Ho_Chi_Minh", "Asia/Hồ Chí Minh"),
        ] {
            let claims = |value: &str| -> StandardClaims {
                serde_json::from_value(json!({ name: value })).unwrap()
            };
            assert!(claims(good).are_well_formed(), "{name} {good}");
            assert!(!claims(wrong).are_well_formed(), "{name} {wrong}");
        }
        let nothing = StandardClaims::default();
        assert!(nothing.is_empty() && nothing.are_well_formed());
        assert_eq!(serde_json::to_value(nothing).unwrap(), json!({}));
    }
}
