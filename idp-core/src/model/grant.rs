//! What a user let a client do; the root of every token issued under it.

use serde::{Deserialize, Serialize};

use super::authentication::Authentication;
use super::authorization_details::AuthorizationDetails;
use super::client::ClientId;
use super::confirmation::Confirmation;
use super::requested_claims::RequestedClaims;
use super::subject::{Subject, ToldSubject};
use super::user::PositionId;
use super::{GrantId, SessionId, UserId, Version};
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// A code was issued; nothing was redeemed yet.
    Authorized,
    /// Tokens were issued.
    Active,
    /// Nothing more is ever issued under it, and what was issued no longer counts.
    Revoked,
}

/// A grant of one user to one client in one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its identity.
    pub id: GrantId,
    /// Written so often.
    pub version: Version,
    /// Which provider's.
    pub issuer: IssuerKey,
    /// Whose.
    pub user: UserId,
    /// To which client.
    pub client: ClientId,
    /// The session in which it was given.
    pub session: SessionId,
    /// Where it stands.
    pub state: GrantState,
    /// The scopes granted, sorted, each once.
    pub scope: Vec<String>,
    /// The APIs that tokens under it are for (RFC 8707); the provider itself when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What exactly was granted (RFC 9396).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The position chosen for this client; the main one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionId>,
    /// The `nonce` of the authorization request, repeated in the ID Token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The pairwise subject it tells; the user's public one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldSubject>,
    /// The single claims that the client may learn beyond the scopes.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub claims: RequestedClaims,
    /// Whether tokens left the authorization endpoint, which count before a code is redeemed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub front_channel: bool,
    /// How the user had signed in.
    pub authentication: Authentication,
    /// Whether it outlives the session (`offline_access`).
    #[serde(default)]
    pub offline: bool,
    /// Which refresh token is the newest; 0 when none was issued.
    #[serde(default)]
    pub generation: u32,
    /// When the newest refresh token was issued.
    #[serde(default)]
    pub rotated_at: Timestamp,
    /// The keys that its newest tokens are bound to (RFC 9449 §6, RFC 8705 §3).
    #[serde(default, skip_serializing_if = "Confirmation::is_none")]
    pub confirmation: Confirmation,
    /// The key that a refresh must show. Of clients that authenticate nothing is asked here: their
    /// refresh tokens are bound to the client (RFC 9449 §5, RFC 8705 §4).
    #[serde(default, skip_serializing_if = "Confirmation::is_none")]
    pub refresh_confirmation: Confirmation,
    /// Given at.
    pub created_at: Timestamp,
    /// Over at: no refresh beyond.
    pub expires_at: Timestamp,
}

impl Grant {
    /// The subject that its client sees: the one it tells, else the user's `public` one.
    pub fn subject(&self, public: Option<Subject>) -> Option<Subject> {
        let Some(told) = &self.told else {
            return public;
        };
        Some(Subject {
            issuer: self.issuer.clone(),
            user: self.user,
            sector: told.sector.as_str().to_owned(),
            sub: told.sub.clone(),
        })
    }
}
