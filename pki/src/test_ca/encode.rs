//! Writing DER, one element at a time.

use crate::Time;
use crate::der;

/// One element of any tag.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    der::element(tag, content)
}

/// One element around several.
pub fn wrap(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    der::element(tag, &parts.concat())
}

/// A SEQUENCE of these.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    wrap(der::SEQUENCE, parts)
}

/// A SET OF these, in the order that DER wants.
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort();
    wrap(der::SET, &sorted)
}

/// `[number]` around what is inside.
pub fn explicit(number: u8, inside: &[u8]) -> Vec<u8> {
    der::element(der::constructed(number), inside)
}

/// An object identifier, written with dots.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut digits = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            digits.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        content.extend(digits.iter().rev());
    }
    der::element(der::OID, &content)
}

/// A non-negative INTEGER.
pub fn number(value: u64) -> Vec<u8> {
    der::integer(&value.to_be_bytes())
}

/// A non-negative INTEGER of many octets.
pub fn big_number(octets: &[u8]) -> Vec<u8> {
    der::integer(octets)
}

/// An OCTET STRING.
pub fn octets(content: &[u8]) -> Vec<u8> {
    der::element(der::OCTET_STRING, content)
}

/// A BIT STRING of whole octets.
pub fn bits(content: &[u8]) -> Vec<u8> {
    der::element(der::BIT_STRING, &[&[0], content].concat())
}

/// NULL.
pub fn null() -> Vec<u8> {
    der::element(der::NULL, &[])
}

/// TRUE.
pub fn yes() -> Vec<u8> {
    der::element(der::BOOLEAN, &[0xff])
}

/// A UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    der::element(0x0c, text.as_bytes())
}

/// A GeneralizedTime.
pub fn generalized_time(time: Time) -> Vec<u8> {
    der::element(der::GENERALIZED_TIME, digits(time).as_bytes())
}

/// A `Time` of RFC 5280: UTCTime until 2049, GeneralizedTime after that.
pub fn time(time: Time) -> Vec<u8> {
    let digits = digits(time);
    let is_short = ("1950".."2050").contains(&&digits[..4]);
    if is_short {
        der::element(der::UTC_TIME, &digits.as_bytes()[2..])
    } else {
        der::element(der::GENERALIZED_TIME, digits.as_bytes())
    }
}

/// An extension below id-ce (2.5.29) or of any dotted identifier.
pub fn extension(dotted: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { yes() } else { Vec::new() };
    sequence(&[oid(dotted), critical, octets(value)])
}

/// `yyyyMMddHHmmssZ`: the day is found by counting years and months from the epoch.
fn digits(time: Time) -> String {
    let (days, second) = (
        time.seconds().div_euclid(86_400),
        time.seconds().rem_euclid(86_400),
    );
    // Years counted from 1 March have their leap day at the end.
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let day_of_era = from_march.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}{month:02}{day:02}{hour:02}{minute:02}{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Reader;

    #[test]
    fn times_are_written_as_they_are_read() {
        for seconds in [
            0,
            951_782_399,
            951_782_400,
            1_709_208_000,
            2_524_607_999,
            4_102_444_800,
        ] {
            let written = time(Time::from_seconds(seconds));
            let read = Time::read(&mut Reader::new(&written));
            assert_eq!(read.map(Time::seconds), Ok(seconds));
        }
        let uid = oid("0.9.2342.19200300.100.1.1");
        assert_eq!(
            uid[2..],
            [9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1]
        );
    }
}
