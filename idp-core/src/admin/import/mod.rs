//! Many new accounts at once: every row is checked before anything is written.
//!
//! [`plan`] looks at all rows and reports on each; one wrong row refuses the whole import. What
//! it plans is written by [`batch`] as a change set, a bounded number of accounts at a time, so
//! that the server keeps answering; [`undo`] takes it back as far as nothing was changed since.
//! Nothing imported counts as verified, and administrators arrive disabled.

mod apply;
mod pattern;
mod plan;
mod undo;

pub use apply::{BATCH, ReadyUser, batch, begin, carry_on};
pub use pattern::UserNamePattern;
pub use plan::{ImportFacts, ImportPlan, PlanStep, plan, rehearsed};
pub use undo::{AccountNow, EntryFacts, Undone, close, undo, undo_batch};

use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::Event;
use crate::model::address::AddressPart;
use crate::model::user::{AccountKind, User};

/// At most so many rows in one import.
pub const MOST_ROWS: usize = 20_000;

/// What to do with a row whose user name an account holds already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExistingAccounts {
    /// The row is wrong.
    #[default]
    Refuse,
    /// The row is passed over.
    Skip,
}

/// An import.
#[derive(Clone, Debug, Default)]
pub struct UserImport {
    /// What the change set is called.
    pub title: String,
    /// The rows.
    pub rows: Vec<ImportRow>,
    /// What to do with accounts that exist.
    pub existing: ExistingAccounts,
    /// How user names are made where a row has none.
    pub pattern: Option<String>,
    /// Make an activation link for every account added without a password.
    pub activation_links: bool,
}

/// One row, as plain values; empty texts count as absent.
#[derive(Clone, Debug, Default)]
pub struct ImportRow {
    /// Its line in the file; only reported back.
    pub line: u64,
    /// The user name.
    pub user_name: Option<String>,
    /// The full name.
    pub name: String,
    /// What the account stands for; official when absent.
    pub kind: Option<AccountKind>,
    /// A mail address.
    pub mail: Option<String>,
    /// A mobile number.
    pub mobile: Option<String>,
    /// The 12-digit personal ID.
    pub personal_id: Option<String>,
    /// The agency's own number.
    pub employee_code: Option<String>,
    /// Parts of the postal address.
    pub address: Vec<(AddressPart, String)>,
    /// The unit of the main position, by id or code.
    pub unit: Option<String>,
    /// The title of the main position.
    pub title: Option<String>,
    /// Names of roles, each in the row's unit, or everywhere when it has none.
    pub roles: Vec<String>,
    /// A password hash of another system.
    pub password_hash: Option<SecretText>,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// An account is added.
    Added,
    /// The account exists and stays as it is.
    Skipped,
    /// The row is wrong.
    Refused(Reason),
}

/// What becomes of a row, and of which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowReport {
    /// Its line in the file.
    pub line: u64,
    /// Its user name, made up where the pattern says so; empty when there is none.
    pub user_name: String,
    /// What becomes of it.
    pub outcome: RowOutcome,
    /// Why the account of a resumed import got no new link, although it waits for activation.
    pub unlinked: Option<Reason>,
}

/// An account that passed every check.
#[derive(Debug)]
pub struct PlannedUser {
    /// The place of its row, from 0.
    pub place: u32,
    /// The account.
    pub user: User,
    /// What to record.
    pub events: Vec<Event>,
    /// The hash of another system, checked, not yet wrapped.
    pub password_hash: Option<SecretText>,
    /// Whether it gets an activation link.
    pub link: bool,
}
