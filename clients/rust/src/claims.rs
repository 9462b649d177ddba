//! What the provider says about a person: standard claims plus a province's own.

use openidconnect::core::CoreGenderClaim;
use openidconnect::{AdditionalClaims, StandardClaims};
use serde::{Deserialize, Serialize};

/// Claims of an ID token or a userinfo answer of a province's provider.
///
/// `sid` comes from OpenID Connect Front- and Back-Channel Logout; `roles` with scope `roles`;
/// `unit` and, where the client asked for all of them, `positions` with scope `unit`. Members that
/// are absent stay empty; unknown members are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvinceClaims {
    /// The provider's session, the same in every application of one sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Roles that the person holds, as this application's registration names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The position in which the person works in this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Position>,
    /// Every current position of the person, the chosen one included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<Vec<Position>>,
}

impl AdditionalClaims for ProvinceClaims {}

/// A position in an organisation unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The unit's agency code, such as `H42.7`.
    pub code: String,
    /// The unit's name.
    pub name: String,
    /// The units from the root of the tree down to this one, itself included.
    #[serde(default)]
    pub path: Vec<PathStep>,
    /// What the person is there, such as *Chuyên viên*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

impl Position {
    /// True when the unit is `code` or lies anywhere below it.
    #[must_use]
    pub fn is_within(&self, code: &str) -> bool {
        self.code == code || self.path.iter().any(|step| step.code == code)
    }
}

/// One unit on the way from the root to a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStep {
    /// Agency code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// Verified claims of an ID token.
pub type IdTokenClaims = openidconnect::IdTokenClaims<ProvinceClaims, CoreGenderClaim>;
/// Verified claims of a userinfo answer.
pub type UserInfoClaims = openidconnect::UserInfoClaims<ProvinceClaims, CoreGenderClaim>;

/// Who signed in, read from the ID token and, where it is silent, from userinfo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The subject identifier: the only claim that names the person for life. Use it, together
    /// with the issuer, as the key of your own records.
    pub sub: String,
    /// Full name as the person writes it.
    pub name: Option<String>,
    /// User name; may change hands, never a key.
    pub preferred_username: Option<String>,
    /// Mail address; may change hands, never a key.
    pub email: Option<String>,
    /// Whether the provider verified that the mail address is the person's.
    pub email_verified: bool,
    /// Roles in this application.
    pub roles: Vec<String>,
    /// The position in which the person works in this application.
    pub unit: Option<Position>,
    /// All current positions, where the client asked for them.
    pub positions: Vec<Position>,
}

impl Person {
    /// Reads the person from an ID token's claims.
    #[must_use]
    pub fn from_id_token(claims: &IdTokenClaims) -> Self {
        let mut person = Self {
            sub: claims.subject().to_string(),
            ..Self::default()
        };
        person.name = claims
            .name()
            .and_then(|n| n.get(None))
            .map(|n| n.to_string());
        person.preferred_username = claims.preferred_username().map(|n| n.to_string());
        person.email = claims.email().map(|e| e.to_string());
        person.email_verified = claims.email_verified().unwrap_or(false);
        person.add_province(claims.additional_claims());
        person
    }

    /// Fills what the ID token left open. The caller has checked that `sub` is the same.
    pub(crate) fn complete_from(&mut self, claims: &UserInfoClaims) {
        let standard: &StandardClaims<CoreGenderClaim> = claims.standard_claims();
        if self.name.is_none() {
            self.name = standard
                .name()
                .and_then(|n| n.get(None))
                .map(|n| n.to_string());
        }
        if self.preferred_username.is_none() {
            self.preferred_username = standard.preferred_username().map(|n| n.to_string());
        }
        if self.email.is_none() {
            self.email = standard.email().map(|e| e.to_string());
            self.email_verified = standard.email_verified().unwrap_or(false);
        }
        self.add_province(claims.additional_claims());
    }

    fn add_province(&mut self, claims: &ProvinceClaims) {
        if self.roles.is_empty() {
            self.roles = claims.roles.clone().unwrap_or_default();
        }
        if self.unit.is_none() {
            self.unit = claims.unit.clone();
        }
        if self.positions.is_empty() {
            self.positions = claims.positions.clone().unwrap_or_default();
        }
    }

    /// True when the person holds `role` in this application.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}
