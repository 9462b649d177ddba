//! Organisation units.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::text::{Clearable, LocalText, clearable};

/// Whether a unit takes part in anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// In use.
    Active,
    /// Kept for history; nobody can be assigned to it.
    Disabled,
}

/// A unit named inside something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitReference {
    /// Its id.
    pub id: String,
    /// Its agency code.
    pub code: String,
    /// Its name.
    pub name: LocalText,
}

/// An organisation unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unit {
    /// Identity for life, across renames and moves.
    pub id: String,
    /// Written so often; the `ETag`.
    pub version: i64,
    /// The agency code (mã định danh, `H56.14`), unique among all units.
    pub code: String,
    /// The name.
    pub name: LocalText,
    /// The units above, root first, without the unit itself; empty for a root.
    pub path: Vec<UnitReference>,
    /// In use or not.
    pub state: UnitState,
    /// Valid from (RFC 3339).
    pub valid_from: String,
    /// Valid until, when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// The unit that took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<UnitReference>,
}

impl Unit {
    /// The unit directly above; none for a root.
    pub fn parent(&self) -> Option<&UnitReference> {
        self.path.last()
    }
}

/// A new unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitNew {
    /// The agency code; the old form `000.00.14.H56` is accepted and becomes `H56.14`.
    pub code: String,
    /// The name, each language 1–200 characters.
    pub name: LocalText,
    /// The unit above (id or code); absent for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Valid from (date or RFC 3339); now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
}

/// What changes about a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitEdit {
    /// Another code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Another name, both languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalText>,
    /// Move below another unit (id or code); `null` makes it a root.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub parent: Clearable<String>,
    /// The unit that takes over (id or code); `null` takes that back.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub replaced_by: Clearable<String>,
}

/// Which units. Listed by code; all given conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UnitQuery {
    /// Words of the name, with or without diacritics, or the beginning of a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only the unit with this id or code and all units below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// Only active or only disabled ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<UnitState>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many entries, 1–500; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
