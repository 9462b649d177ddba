//! The 12-digit personal ID (số định danh cá nhân): `PPP G YY RRRRRR`.

/// Sex as the personal ID encodes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Even century digit.
    Male,
    /// Odd century digit.
    Female,
}

/// A well-formed personal ID. It has no check digit; always text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonalId(String);

/// Why a text is not a personal ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonalIdError {
    /// Not exactly twelve digits.
    #[error("a personal ID has exactly 12 digits")]
    NotTwelveDigits,
    /// The century digit and year name a birth after the year 2050.
    #[error("the birth year in the number lies in the future")]
    BornInTheFuture,
}

/// The last birth year that the number may name: the encoding reaches far beyond, but no one
/// registered today was born later. A constant, because a decision on a number must not change
/// from one year to the next; the exact age is checked where a birth date is known.
const LAST_BIRTH_YEAR: u16 = 2050;

impl PersonalId {
    /// Takes twelve digits, with outer white space removed. An unknown province prefix is
    /// accepted (births abroad); see [`PersonalId::has_known_prefix`].
    ///
    /// # Errors
    /// See [`PersonalIdError`].
    pub fn parse(text: &str) -> Result<Self, PersonalIdError> {
        let text = text.trim();
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PersonalIdError::NotTwelveDigits);
        }
        let id = Self(text.to_owned());
        if id.birth_year() > LAST_BIRTH_YEAR {
            return Err(PersonalIdError::BornInTheFuture);
        }
        Ok(id)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digit(&self, place: usize) -> u16 {
        self.0
            .as_bytes()
            .get(place)
            .map_or(0, |b| u16::from(b.wrapping_sub(b'0')))
    }

    /// The birth year that the number names.
    pub fn birth_year(&self) -> u16 {
        1900 + 100 * (self.digit(3) / 2) + 10 * self.digit(4) + self.digit(5)
    }

    /// The sex that the number names.
    pub fn sex(&self) -> Sex {
        if self.digit(3).is_multiple_of(2) {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// Whether the first three digits are one of the 63 province prefixes in use (even numbers
    /// from 001 to 096, with gaps). A number with another prefix deserves a warning.
    pub fn has_known_prefix(&self) -> bool {
        const KNOWN: [u16; 63] = [
            1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35,
            36, 37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70,
            72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
        ];
        KNOWN.contains(&(100 * self.digit(0) + 10 * self.digit(1) + self.digit(2)))
    }
}

impl std::fmt::Debug for PersonalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::masked(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_tells_year_and_sex() {
        let id = PersonalId::parse("001085000001").unwrap();
        assert_eq!((id.birth_year(), id.sex()), (1985, Sex::Male));
        let id = PersonalId::parse("001305000001").unwrap();
        assert_eq!((id.birth_year(), id.sex()), (2005, Sex::Female));
        assert_eq!(format!("{id:?}"), "001••••••001");
    }

    #[test]
    fn wrong_numbers_are_refused_and_strange_prefixes_only_noted() {
        assert_eq!(
            PersonalId::parse("001385000001"),
            Err(PersonalIdError::BornInTheFuture)
        );
        assert_eq!(
            PersonalId::parse("00108500001"),
            Err(PersonalIdError::NotTwelveDigits)
        );
        assert_eq!(
            PersonalId::parse("00108500000a"),
            Err(PersonalIdError::NotTwelveDigits)
        );
        assert!(
            !PersonalId::parse("999085000001")
                .unwrap()
                .has_known_prefix()
        );
        assert!(
            PersonalId::parse("037085000001")
                .unwrap()
                .has_known_prefix()
        );
    }
}
