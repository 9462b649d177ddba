//! Users: accounts with their identifiers, positions and roles.

pub use crate::user_request::{
    PositionEdit, PositionNew, RoleGrantNew, RoleGrantQuery, UserDisable, UserEdit, UserNew,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::address::Address;
use crate::unit::UnitReference;

/// What an account stands for; kinds are never mixed and never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Somebody who works for an agency.
    #[default]
    Official,
    /// Somebody who comes as a citizen.
    Citizen,
    /// A firm or other organisation.
    Organisation,
    /// An account used only to administer.
    Administrator,
    /// A program.
    Service,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    Active,
    /// May be used, but cannot sign in yet: its activation link was not made or not followed.
    Invited,
    /// May not sign in; sessions and grants are over.
    Disabled,
}

/// When and why an account was disabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountDisabled {
    /// Since when.
    pub at: String,
    /// Why, as an administrator noted it.
    pub why: String,
}

/// The kind of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// Who vouched for an identifier, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// The source (`administrator`, a provider's or directory's name).
    pub source: String,
    /// Who caused it.
    pub by: String,
    /// When.
    pub at: String,
}

/// An identifier of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Its normal form. Personal IDs show only their first and last three digits, except when
    /// one account is shown to an administrator who is entitled to the whole.
    pub value: String,
    /// Whether `value` is masked.
    #[serde(default)]
    pub masked: bool,
    /// Proof, if anybody gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verification>,
    /// Since when it belongs to the account.
    pub assigned_at: String,
    /// When it was given up; it stays reserved for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
}

/// A person's place in a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Position {
    /// Identity within the account.
    pub id: String,
    /// Where.
    pub unit: UnitReference,
    /// What it is called ("Chuyên viên").
    pub title: String,
    /// Whether it is the one that applications see when nothing else is asked for.
    pub main: bool,
    /// Held from.
    pub from: String,
    /// Held until; past positions stay as history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether it is held now.
    pub held: bool,
}

/// A role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleGrant {
    /// The role's name.
    pub role: String,
    /// Where it counts, with all units below; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitReference>,
    /// From when.
    pub from: String,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether it counts now.
    pub held: bool,
}

/// An account named inside something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserReference {
    /// Its id.
    pub id: String,
    /// Its user name, or its id where it has none.
    pub user_name: String,
    /// The full name.
    pub name: String,
}

/// An account as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserSummary {
    /// Internal identity for life. Applications see a subject instead.
    pub id: String,
    /// Its user name, or its id where it has none.
    pub user_name: String,
    /// The full name.
    pub name: String,
    /// What the account stands for.
    pub kind: AccountKind,
    /// Whether it may be used.
    pub state: AccountState,
    /// The mail address, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// The personal ID, always masked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_id: Option<String>,
    /// Positions held now, the main one first.
    pub positions: Vec<PositionSummary>,
    /// The names of roles held now, each once.
    pub roles: Vec<String>,
}

/// A position as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PositionSummary {
    /// The unit's code.
    pub unit: String,
    /// What it is called.
    pub title: String,
}

/// An account, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Internal identity for life. Applications see a subject instead.
    pub id: String,
    /// Written so often; the `ETag`.
    pub version: i64,
    /// Its user name, or its id where it has none.
    pub user_name: String,
    /// The full name, authoritative.
    pub name: String,
    /// What the account stands for.
    pub kind: AccountKind,
    /// Whether it may be used.
    pub state: AccountState,
    /// When and why it was disabled, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<AccountDisabled>,
    /// Identifiers, released ones included.
    pub identifiers: Vec<Identifier>,
    /// Positions, past ones included.
    pub positions: Vec<Position>,
    /// Roles, past ones included.
    pub roles: Vec<RoleGrant>,
    /// The postal address; shown only to an administrator who may change the account.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// What else is known about the person, by the names of OpenID Connect Core §5.1; shown only to
    /// an administrator who may change the account.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Preferred language (`vi`, `en`), if the person chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Whether a password is set; without one the account waits for its activation.
    pub has_password: bool,
    /// Until when the newest one-time link works, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_link_expires_at: Option<String>,
    /// Made.
    pub created_at: String,
    /// Last changed.
    pub updated_at: String,
}

/// A one-time link by which the holder of an account sets a new password. Shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivationLink {
    /// For whom.
    pub user_name: String,
    /// The full name.
    pub name: String,
    /// The address, secret until used.
    pub url: String,
    /// Until when it works.
    pub expires_at: String,
}

impl std::fmt::Debug for ActivationLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivationLink")
            .field("user_name", &self.user_name)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// An account with the activation link that was just made for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserWithLink {
    /// The account.
    pub user: User,
    /// The link; absent when none was asked for, and after a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_link: Option<ActivationLink>,
}

/// Which users. Listed by given name as Vietnamese lists are; all given conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// Words of the name, with or without diacritics, or the beginning of a user name, mail
    /// address or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// With a position in the unit with this id or code, or below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// With `unit`: not in the units below it.
    #[serde(default)]
    pub here_only: bool,
    /// Holding this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub kind: Option<AccountKind>,
    /// Only those in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<AccountState>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many entries, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
