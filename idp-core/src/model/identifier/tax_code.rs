//! Tax codes (mã số thuế): ten digits, or ten and a branch suffix.

/// A well-formed tax code with a correct check digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaxCode {
    number: String,
    branch: Option<String>,
}

/// Why a text is not a tax code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaxCodeError {
    /// Neither 10 nor 13 digits.
    #[error("a tax code has 10 digits, or 13 with a branch")]
    WrongLength,
    /// The tenth digit does not follow from the first nine.
    #[error("the check digit of the tax code is wrong")]
    WrongCheckDigit,
    /// The branch is 000.
    #[error("a branch suffix is not 000")]
    NoBranch,
}

impl TaxCode {
    /// Takes `NNNNNNNNNN`, `NNNNNNNNNN-BBB` or `NNNNNNNNNNBBB`.
    ///
    /// # Errors
    /// See [`TaxCodeError`].
    pub fn parse(text: &str) -> Result<Self, TaxCodeError> {
        let text = text.trim();
        let (number, branch) = match text.split_at_checked(10) {
            Some((number, "")) => (number, None),
            Some((number, rest)) => (number, Some(rest.strip_prefix('-').unwrap_or(rest))),
            None => return Err(TaxCodeError::WrongLength),
        };
        let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if !digits(number) || branch.is_some_and(|b| b.len() != 3 || !digits(b)) {
            return Err(TaxCodeError::WrongLength);
        }
        if check_digit(number) != number.bytes().last().map(|b| u32::from(b - b'0')) {
            return Err(TaxCodeError::WrongCheckDigit);
        }
        if branch == Some("000") {
            return Err(TaxCodeError::NoBranch);
        }
        Ok(Self {
            number: number.to_owned(),
            branch: branch.map(str::to_owned),
        })
    }
}

/// The digit that belongs to the first nine; `None` when no number with them can exist.
fn check_digit(number: &str) -> Option<u32> {
    const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
    let sum: u32 = number
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let digit = 10 - sum % 11;
    // 10 - 0 = 10 cannot be written in one place; 10 - 10 = 0 can.
    (digit < 10).then_some(digit)
}

impl std::fmt::Display for TaxCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.branch {
            Some(branch) => write!(f, "{}-{branch}", self.number),
            None => f.write_str(&self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_forms_are_accepted() {
        for text in [
            "0100233488",
            "0314409058",
            "0100112437",
            "0312687878",
            "0101335193",
            "0100686209",
            "0101243150",
        ] {
            assert_eq!(
                TaxCode::parse(text).map(|c| c.to_string()).as_deref(),
                Ok(text)
            );
        }
        assert_eq!(
            TaxCode::parse("0100686209199"),
            TaxCode::parse("0100686209-199")
        );
    }

    #[test]
    fn wrong_forms_name_their_rule() {
        assert_eq!(
            TaxCode::parse("0100686209-000"),
            Err(TaxCodeError::NoBranch)
        );
        assert_eq!(
            TaxCode::parse("0100686208"),
            Err(TaxCodeError::WrongCheckDigit)
        );
        assert_eq!(TaxCode::parse("010068620"), Err(TaxCodeError::WrongLength));
        assert_eq!(
            TaxCode::parse("0100686209-19"),
            Err(TaxCodeError::WrongLength)
        );
        assert_eq!(TaxCode::parse("01006862đ9"), Err(TaxCodeError::WrongLength));
    }
}
