//! What people are called by: user name, mail, numbers. One unique, case-folded namespace.

mod agency_code;
mod personal_id;
mod tax_code;

pub use agency_code::{AgencyCode, AgencyCodeError};
pub use personal_id::{PersonalId, PersonalIdError, Sex};
pub use tax_code::{TaxCode, TaxCodeError};

use serde::{Deserialize, Serialize};

use crate::base::refusal::Reason;
use crate::base::text::is_deceptive;
use crate::base::time::Timestamp;

/// The kind of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// A name chosen here.
    UserName,
    /// An e-mail address.
    Mail,
    /// The 12-digit personal ID.
    PersonalId,
    /// A mobile number in E.164.
    Mobile,
    /// An agency's own number for its employee.
    EmployeeCode,
    /// A tax code, of an organisation.
    TaxCode,
}

impl IdentifierKind {
    /// Whether a person may sign in with it: user name, mail or 12-digit ID.
    pub const fn signs_in(self) -> bool {
        matches!(
            self,
            Self::UserName | Self::Mail | Self::PersonalId | Self::TaxCode
        )
    }

    /// Whether two accounts may never share it. Mobile numbers are shared by families and
    /// employee codes are unique per agency only.
    pub const fn is_unique(self) -> bool {
        self.signs_in()
    }
}

/// Who vouched for an identifier, and when. Import and directories set it only where the source
/// is entitled to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The source (`administrator`, a provider's or directory's name).
    pub source: String,
    /// Who caused it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An identifier of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Its normal form, as shown.
    pub value: String,
    /// Proof, if anybody gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verification>,
    /// Since when it belongs to the account.
    pub assigned_at: Timestamp,
    /// When it was given up. It stays reserved: released names are never assigned again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// The form in which identifiers are unique: one namespace for all kinds that sign in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentifierKey(String);

impl IdentifierKey {
    /// The key of an identifier in its normal form.
    pub fn of(value: &str) -> Self {
        Self(value.to_lowercase())
    }

    /// What a person typed into the sign-in field. White space is trimmed; nothing else is
    /// guessed. `None` when it cannot be anybody's identifier: empty, longer than 254
    /// characters, or holding invisible characters.
    pub fn typed(text: &str) -> Option<Self> {
        let text = crate::base::text::nfc(text);
        let fits = !text.is_empty() && text.len() <= 254 && !text.chars().any(is_deceptive);
        fits.then(|| Self::of(&text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Identifier {
    /// Checks a value of `kind` and brings it into its normal form; unverified.
    ///
    /// # Errors
    /// The reason of the kind's own rule.
    pub fn parse(kind: IdentifierKind, text: &str, now: Timestamp) -> Result<Self, Reason> {
        let value = match kind {
            IdentifierKind::UserName => user_name(text)?,
            IdentifierKind::Mail => mail(text)?,
            IdentifierKind::PersonalId => {
                let id = PersonalId::parse(text).map_err(|_| Reason::PersonalIdMalformed)?;
                id.as_str().to_owned()
            }
            IdentifierKind::Mobile => mobile(text)?,
            IdentifierKind::EmployeeCode => employee_code(text)?,
            IdentifierKind::TaxCode => TaxCode::parse(text)
                .map_err(|_| Reason::PersonalIdMalformed)?
                .to_string(),
        };
        Ok(Self {
            kind,
            value,
            verified: None,
            assigned_at: now,
            released_at: None,
        })
    }

    /// The form in which it is unique.
    pub fn key(&self) -> IdentifierKey {
        IdentifierKey::of(&self.value)
    }
}

/// First three and last three characters; how whole numbers appear in lists and reports.
pub fn masked(value: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    if chars.len() < 8 {
        return "•".repeat(chars.len());
    }
    let hidden = chars.len() - 6;
    let first: String = chars.iter().take(3).collect();
    let last: String = chars.iter().skip(chars.len() - 3).collect();
    format!("{first}{}{last}", "•".repeat(hidden))
}

fn user_name(text: &str) -> Result<String, Reason> {
    let name = text.trim().to_ascii_lowercase();
    let allowed =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let well_formed = (2..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && edge(name.bytes().next())
        && edge(name.bytes().last())
        && name.bytes().any(|b| b.is_ascii_lowercase());
    well_formed.then_some(name).ok_or(Reason::UserNameMalformed)
}

fn mail(text: &str) -> Result<String, Reason> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(Reason::MailMalformed)?;
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let well_formed = text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.bytes().all(atext)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(label);
    let normal = || format!("{local}@{}", domain.to_ascii_lowercase());
    well_formed.then(normal).ok_or(Reason::MailMalformed)
}

fn mobile(text: &str) -> Result<String, Reason> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')'))
        .collect();
    let international = if let Some(rest) = digits.strip_prefix('+') {
        rest.to_owned()
    } else if let Some(rest) = digits.strip_prefix('0') {
        format!("84{rest}")
    } else {
        digits
    };
    let well_formed = (8..=15).contains(&international.len())
        && international.bytes().all(|b| b.is_ascii_digit())
        && !international.starts_with('0');
    let vietnamese_length = !international.starts_with("84") || international.len() == 11;
    (well_formed && vietnamese_length)
        .then(|| format!("+{international}"))
        .ok_or(Reason::MobileMalformed)
}

fn employee_code(text: &str) -> Result<String, Reason> {
    crate::base::text::label(text, 64).map_err(|_| Reason::EmployeeCodeMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind as Kind;

    fn parse(kind: Kind, text: &str) -> Result<String, Reason> {
        Identifier::parse(kind, text, Timestamp::EPOCH).map(|i| i.value)
    }

    #[test]
    fn accepted_values_take_their_normal_form() {
        for (kind, text, normal) in [
            (Kind::UserName, " An.NV ", "an.nv"),
            (
                Kind::Mail,
                "An.Nguyen@Tinh.Example",
                "An.Nguyen@tinh.example",
            ),
            (Kind::Mobile, "0912 345 678", "+84912345678"),
            (Kind::Mobile, "+84.912.345.678", "+84912345678"),
            (Kind::PersonalId, "001085000001", "001085000001"),
        ] {
            assert_eq!(parse(kind, text).as_deref(), Ok(normal), "{text}");
        }
    }

    #[test]
    fn refused_values_name_their_rule() {
        for (kind, text, reason) in [
            (Kind::UserName, "12345", Reason::UserNameMalformed),
            (Kind::UserName, "an@x", Reason::UserNameMalformed),
            (Kind::UserName, "ánh", Reason::UserNameMalformed),
            (Kind::UserName, ".an", Reason::UserNameMalformed),
            (Kind::Mail, "an@localhost", Reason::MailMalformed),
            (Kind::Mail, "a..n@tinh.example", Reason::MailMalformed),
            (Kind::Mail, "an\u{200b}@tinh.example", Reason::MailMalformed),
            (Kind::Mobile, "09123", Reason::MobileMalformed),
            (Kind::Mobile, "091234567a", Reason::MobileMalformed),
            (Kind::PersonalId, "00108500001", Reason::PersonalIdMalformed),
            (
                Kind::EmployeeCode,
                "a\u{202e}b",
                Reason::EmployeeCodeMalformed,
            ),
        ] {
            assert_eq!(parse(kind, text), Err(reason), "{text}");
        }
    }

    #[test]
    fn mail_is_unique_whatever_its_case_and_numbers_are_masked() {
        let a = Identifier::parse(Kind::Mail, "An@tinh.example", Timestamp::EPOCH).unwrap();
        assert_eq!(a.key(), IdentifierKey::typed(" an@TINH.example ").unwrap());
        assert_eq!(masked("001085000001"), "001••••••001");
        assert_eq!(masked("12345"), "•••••");
        assert_eq!(IdentifierKey::typed("a\u{200d}n"), None);
    }
}
