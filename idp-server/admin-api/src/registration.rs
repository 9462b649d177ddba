//! Initial access tokens, by which clients register themselves (RFC 7591 §3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An initial access token, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationToken {
    /// Its name here; not the token.
    pub id: String,
    /// What it is for.
    pub note: String,
    /// How many clients may still be registered with it.
    pub uses_left: u32,
    /// Made.
    pub created_at: String,
    /// Accepted until.
    pub expires_at: String,
}

/// A new initial access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationTokenNew {
    /// What it is for, at most 200 characters.
    pub note: String,
    /// How many clients may be registered with it: 1 to 1000.
    pub uses: u32,
    /// How long it is accepted, in seconds: at most 366 days.
    pub lifetime_seconds: u32,
}

/// A token with its secret, which is answered this once and rests only as a digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationTokenWithSecret {
    /// What rests of it.
    pub registration_token: RegistrationToken,
    /// The token; absent after a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_access_token: Option<String>,
}

impl std::fmt::Debug for RegistrationTokenWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrationTokenWithSecret")
            .field("registration_token", &self.registration_token)
            .finish_non_exhaustive()
    }
}
