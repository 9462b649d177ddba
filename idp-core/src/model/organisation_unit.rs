//! Nodes of the agency tree.

use serde::{Deserialize, Serialize};

use super::identifier::AgencyCode;
use super::{LocalText, UnitId, Version};
use crate::base::time::Timestamp;

/// Whether a unit takes part in anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// In use.
    Active,
    /// Kept for history; nobody can be assigned to it.
    Disabled,
}

/// An organisation unit. Its code is dated and may be replaced by a successor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationUnit {
    /// Identity for life, across renames and moves.
    pub id: UnitId,
    /// Written so often.
    pub version: Version,
    /// The agency code (mã định danh), unique among all units.
    pub code: AgencyCode,
    /// The name.
    pub name: LocalText,
    /// The unit above; none for a root.
    pub parent: Option<UnitId>,
    /// In use or not.
    pub state: UnitState,
    /// Valid from.
    pub valid_from: Timestamp,
    /// Valid until, when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// The unit that took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<UnitId>,
}
