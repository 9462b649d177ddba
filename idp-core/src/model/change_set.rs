//! A named, audited group of writes that can be previewed, resumed and undone.

use serde::{Deserialize, Serialize};

use super::{ChangeSetId, Version};
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;

/// What made the change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetKind {
    /// An import of users from a file.
    UserImport,
    /// An undo of another change set.
    Undo,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetState {
    /// Some of its batches are committed.
    Applying,
    /// All are.
    Applied,
    /// Undone, as far as nothing was changed since.
    Undone,
}

/// The head of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSet {
    /// Its identity.
    pub id: ChangeSetId,
    /// Written so often.
    pub version: Version,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// What made it.
    pub kind: ChangeSetKind,
    /// Where it stands.
    pub state: ChangeSetState,
    /// Who began it (an account's id or `system`).
    pub actor: String,
    /// What people read (a file name, a directory's name).
    pub title: String,
    /// Entries planned.
    pub planned: u32,
    /// Entries committed.
    pub applied: u32,
    /// Begun.
    pub created_at: Timestamp,
}

/// One aggregate that a change set touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSetEntry {
    /// Of which change set.
    pub change_set: ChangeSetId,
    /// Its place, from 0.
    pub place: u32,
    /// Which kind of aggregate (`user`).
    pub aggregate: String,
    /// Which one.
    pub id: String,
    /// Its version after the write; undo restores only when it still has it.
    pub after: Version,
    /// The aggregate before, as JSON; absent when the change set made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}
