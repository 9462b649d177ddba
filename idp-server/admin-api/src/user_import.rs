//! Many new accounts at once: rows in, a report and activation links out.
//!
//! All rows are checked before anything is written. One wrong row refuses the whole import with
//! the problem `import_row_wrong`, whose `rows` report on every row. What is written is a change
//! set, so it can be undone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::address::Address;
use crate::user::{AccountKind, ActivationLink};

/// At most so many rows in one import.
pub const MAX_ROWS: usize = 20_000;

/// At most so many bytes in the body of an import.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What to do with a row whose user name an account holds already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExistingAccounts {
    /// The row is wrong.
    #[default]
    Refuse,
    /// The row is passed over; the account stays as it is.
    Skip,
}

/// An import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserImport {
    /// What the change set is called (the file's name), 1–200 characters.
    pub title: String,
    /// The rows, 1–20,000.
    pub rows: Vec<UserImportRow>,
    /// What to do with accounts that exist.
    #[serde(default)]
    pub existing: ExistingAccounts,
    /// How user names are made for rows without one: a pattern of `{given}`, `{family}`,
    /// `{initials}` (of all words but the given name) and `{unit}` (the last part of the unit's
    /// code), for instance `{given}{initials}.{unit}`; without diacritics, lower case. When the
    /// name is taken, 2, 3, … is added to what stands before the first dot. Absent: such rows are
    /// wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name_pattern: Option<String>,
    /// Make an activation link for every account added without a password.
    #[serde(default)]
    pub activation_links: bool,
    /// The change set of an import of the same rows that was broken off: its rows are not added
    /// again. Only whoever began it may. Accounts that it added and that still wait for activation
    /// get new links, because the old ones never arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
}

/// One row. Absent and empty are the same.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserImportRow {
    /// Its line in the file, from 1; only reported back.
    pub line: u64,
    /// The user name; see also the import's pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The full name.
    pub name: String,
    /// What the account stands for; `official` when absent. Administrators arrive disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AccountKind>,
    /// A mail address; unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// A mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// The 12-digit personal ID; unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_id: Option<String>,
    /// The agency's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_code: Option<String>,
    /// The postal address; unverified.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// The code of the unit of the main position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The title of the main position; needed with `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Names of roles, each for the unit of the row, or everywhere when it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// A password hash of another system: bcrypt (`$2b$…`), PBKDF2 (`$pbkdf2-sha256$…`) or
    /// `{SSHA}…`. It is wrapped in Argon2id at once and replaced at the next sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
}

impl std::fmt::Debug for UserImportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserImportRow")
            .field("line", &self.line)
            .field("user_name", &self.user_name)
            .finish_non_exhaustive()
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// An account was added, or would be: nothing is wrong with the row.
    #[default]
    Added,
    /// The account existed and stays as it is.
    Skipped,
    /// The row is wrong.
    Refused,
}

/// What became of a row, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRowReport {
    /// Its line in the file.
    pub line: u64,
    /// Its user name, made up where the pattern says so; empty when there is none.
    pub user_name: String,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The reason it is wrong (`mail_malformed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The field at fault (`mail`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What an import did, or, on a dry run, would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// The change set; absent on a dry run and when there was nothing to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_set: Option<String>,
    /// Accounts added.
    pub added: u32,
    /// Rows passed over.
    pub skipped: u32,
    /// Every row, in order.
    pub rows: Vec<ImportRowReport>,
    /// Activation links, in the order of the rows; none on a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activation_links: Vec<ActivationLink>,
}
