//! What the nodes of one installation must be told alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The part of a node's configuration that must be equal on all nodes: keys with their values, as
/// text in one form. No secrets are among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SharedConfiguration(pub BTreeMap<String, String>);

/// The name of the setting in Records under which nodes keep what they agreed on, as a JSON object.
pub const AGREED: &str = "shared_configuration";
