//! Why something was refused (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::user_import::ImportRowReport;

/// A refusal, or a fault without its details. Sent as `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:idp:problem:` and the reason. A name, not an address: on premises nothing points
    /// outside.
    #[serde(rename = "type")]
    pub kind: String,
    /// The violated rule, as one sentence.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What this occurrence adds to the title, if anything; never a secret or a whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The stable name of the violated rule (`identifier_taken`); `fault` when something went
    /// wrong that the operator's log explains under `request_id`.
    pub reason: String,
    /// The field at fault, as it is called in the request (`mail`), if it is one field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the caller can do about it.
    pub remedy: String,
    /// The identity of the request, as in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Seconds after which the same call may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// With `import_row_wrong`: every row and what is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<ImportRowReport>,
}

impl Problem {
    /// The `type` of a reason.
    pub fn kind_of(reason: &str) -> String {
        format!("urn:idp:problem:{reason}")
    }
}
