//! Points in time as certificates name them.

use crate::der::{GENERALIZED_TIME, Reader, UTC_TIME};
use crate::error::Rejection;

/// A point in time: seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The point so many seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The point so many seconds later.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Reads a GeneralizedTime alone, as RFC 6960 §4.2.2.1 wants them.
    pub(crate) fn read_generalized(reader: &mut Reader<'_>) -> Result<Self, Rejection> {
        if reader.tag() != Some(GENERALIZED_TIME) {
            return Err(Rejection::TimeMalformed);
        }
        Self::read(reader)
    }

    /// Reads a `Time` (RFC 5280 §4.1.2.5): UTCTime with seconds and `Z` for the years 1950 to
    /// 2049, GeneralizedTime with seconds, without fractions, and `Z`. Years before 2050 as
    /// GeneralizedTime are read too, as issuers write them.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejection> {
        let element = reader.any()?;
        let wrong = Rejection::TimeMalformed;
        let text = element.content.strip_suffix(b"Z").ok_or(wrong)?;
        let digits: Vec<i64> = text
            .iter()
            .map(|d| d.is_ascii_digit().then(|| i64::from(d - b'0')))
            .collect::<Option<_>>()
            .ok_or(wrong)?;
        let pair = |pair: &[i64]| pair.iter().fold(0, |sum, d| sum * 10 + d);
        let pairs: Vec<i64> = digits.chunks(2).map(pair).collect();
        let (year, rest) = match (element.tag, digits.len(), pairs.as_slice()) {
            (UTC_TIME, 12, [year, rest @ ..]) => {
                (if *year < 50 { 2000 } else { 1900 } + year, rest)
            }
            (GENERALIZED_TIME, 14, [century, year, rest @ ..]) => (century * 100 + year, rest),
            _ => return Err(wrong),
        };
        let [month, day, hour, minute, second] = rest else {
            return Err(wrong);
        };
        let fits = (1..=12).contains(month)
            && (1..=days_of(year, *month)).contains(day)
            && *hour < 24
            && *minute < 60
            && *second < 60;
        let days = days_since_epoch(year, *month, *day);
        fits.then_some(Self(((days * 24 + hour) * 60 + minute) * 60 + second))
            .ok_or(wrong)
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar: whole years, leap days among them, whole months.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = |years: i64| years / 4 - years / 100 + years / 400;
    let years = (year - 1970) * 365 + leap_days(before) - leap_days(1969);
    let months: i64 = (1..month).map(|m| days_of(year, m)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Result<i64, Rejection> {
        let length = u8::try_from(text.len()).unwrap();
        let bytes = [&[tag, length][..], text.as_bytes()].concat();
        Time::read(&mut Reader::new(&bytes)).map(Time::seconds)
    }

    #[test]
    fn both_kinds_are_read_in_their_one_form() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "500101000000Z", -631_152_000),
            (UTC_TIME, "240229120000Z", 1_709_208_000),
            (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
            (GENERALIZED_TIME, "20000229000000Z", 951_782_400),
        ] {
            assert_eq!(read(tag, text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for (tag, text) in [
            (UTC_TIME, "7001010000Z"),
            (UTC_TIME, "700101000000+0700"),
            (UTC_TIME, "230229000000Z"),
            (UTC_TIME, "231301000000Z"),
            (UTC_TIME, "230101240000Z"),
            (UTC_TIME, "230101006000Z"),
            (UTC_TIME, "20230101000000Z"),
            (GENERALIZED_TIME, "20230101000000.5Z"),
            (GENERALIZED_TIME, "20230101000000"),
            (GENERALIZED_TIME, "19000229000000Z"),
            (0x16, "700101000000Z"),
        ] {
            assert_eq!(read(tag, text), Err(Rejection::TimeMalformed), "{text}");
        }
    }
}
