//! Change sets: named, audited groups of writes that can be undone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What made a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetKind {
    /// An import of users from a file.
    UserImport,
    /// An undo of another change set.
    Undo,
}

/// Where a change set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetState {
    /// Some of its batches are committed.
    Applying,
    /// All are.
    Applied,
    /// Undone, as far as nothing was changed since.
    Undone,
}

/// A change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSet {
    /// Its identity.
    pub id: String,
    /// What made it.
    pub kind: ChangeSetKind,
    /// Where it stands.
    pub state: ChangeSetState,
    /// Who began it: a user name, an id where the account has none, or `system`.
    pub actor: String,
    /// What people read (a file name).
    pub title: String,
    /// Entries planned.
    pub planned: u32,
    /// Entries committed.
    pub applied: u32,
    /// Begun.
    pub created_at: String,
}

/// One thing that a change set touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSetEntry {
    /// Its place, from 0.
    pub place: u32,
    /// Which kind of thing (`user`).
    pub aggregate: String,
    /// Its id.
    pub id: String,
    /// What people call it (a user name); absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the change set made it; otherwise it changed it.
    pub added: bool,
    /// Whether it was changed again since; an undo would leave it alone.
    pub changed_since: bool,
}

/// What an undo did, or, on a dry run, would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UndoReport {
    /// The change set that records the undo; absent on a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_set: Option<String>,
    /// Things restored to what they were. Accounts that the change set added are disabled, not
    /// removed: their names stay reserved.
    pub restored: u32,
    /// Things left alone because they changed since.
    pub kept: Vec<ChangeSetEntry>,
}
