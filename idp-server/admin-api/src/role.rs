//! Roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::LocalText;

/// A role that applications and the provider itself know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Its name and identity: 2–64 of `a-z 0-9 - _ . :`, beginning with a letter.
    pub name: String,
    /// Written so often; the `ETag`.
    pub version: i64,
    /// What people read.
    pub title: LocalText,
    /// What the role is for; may be empty.
    pub description: String,
    /// Came with the product; cannot be changed or removed.
    pub built_in: bool,
}

/// A new role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleNew {
    /// Its name.
    pub name: String,
    /// What people read, each language 1–200 characters.
    pub title: LocalText,
    /// What it is for, at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What changes about a role. Its name never does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleEdit {
    /// Another title, both languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<LocalText>,
    /// Another description; empty clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
