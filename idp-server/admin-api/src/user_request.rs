//! What is asked for about an account: bodies and queries of its operations.

use crate::text::{Clearable, clearable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::address::{Address, AddressEdit};
use crate::user::AccountKind;

/// A new account. It has no password: its holder sets one through the activation link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserNew {
    /// 2–64 of `a-z 0-9 . _ -` with a letter, beginning and ending with a letter or digit.
    pub user_name: String,
    /// The full name, 1–200 characters.
    pub name: String,
    /// What the account stands for; `official` when absent.
    #[serde(default)]
    pub kind: AccountKind,
    /// A mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// A mobile number, Vietnamese or international.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// The 12-digit personal ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_id: Option<String>,
    /// The agency's own number, 1–64 visible characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_code: Option<String>,
    /// The tax code, for organisations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
    /// The postal address.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// Preferred language, `vi` or `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Positions from the start. The first is the main one unless another says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<PositionNew>,
    /// Roles from the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleGrantNew>,
    /// Make an activation link.
    #[serde(default)]
    pub activation_link: bool,
}

/// What changes about an account. User name and kind never change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserEdit {
    /// Another full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another mail address; the old one is released and stays reserved.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub mail: Clearable<String>,
    /// Another mobile number.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub mobile: Clearable<String>,
    /// Another personal ID; the old one is released and stays reserved.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub personal_id: Clearable<String>,
    /// Another employee code.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub employee_code: Clearable<String>,
    /// Another tax code.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub tax_code: Clearable<String>,
    /// Other parts of the postal address; `null` takes all of them away.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<AddressEdit>)]
    pub address: Clearable<AddressEdit>,
    /// A JSON merge patch (RFC 7396) of `nickname`, `profile`, `picture`, `website`, `gender`,
    /// `birthdate` and `zoneinfo`: `null` takes one away.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Another language; `null` for the installation's.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub locale: Clearable<String>,
}

/// Why an account is disabled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDisable {
    /// A note of at most 200 characters, kept with the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A position to be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionNew {
    /// The unit (id or code).
    pub unit: String,
    /// What it is called, 1–200 characters.
    pub title: String,
    /// Make it the main one; the first position always is.
    #[serde(default)]
    pub main: bool,
    /// Held from (date or RFC 3339); now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Held until (date or RFC 3339); open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What changes about a position. The unit never does: end it and give another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionEdit {
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `true` makes it the main one; `false` is refused, choose another main one instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<bool>,
    /// Held until (date or RFC 3339); `null` opens it again.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub until: Clearable<String>,
}

/// A role to be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleGrantNew {
    /// The role's name.
    pub role: String,
    /// Where it counts (id or code), with all units below; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// From when (date or RFC 3339); now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when (date or RFC 3339); open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Which grant of a role ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RoleGrantQuery {
    /// The unit for which it was given (id or code); the grant that counts everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `true`: decide and answer as if, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}
