//! People and other account holders.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::identifier::Identifier;
use super::role::RoleName;
use super::standard_claims::StandardClaims;
use super::{UnitId, UserId, Version};
use crate::base::id::Id;
use crate::base::time::Timestamp;

/// What an account stands for; kinds are never mixed (TCVN 14423: accounts of people,
/// administrators and services stay apart).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Somebody who works for an agency.
    Official,
    /// Somebody who comes as a citizen.
    Citizen,
    /// A firm or other organisation.
    Organisation,
    /// An account used only to administer.
    Administrator,
    /// A program.
    Service,
}

/// Whether the account may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    Active,
    /// May not sign in; sessions and grants are over.
    Disabled {
        /// Since when.
        at: Timestamp,
        /// Why, in the words of a closed list or an administrator's note of at most 200 characters.
        why: String,
    },
}

/// An identity at a source outside: a directory entry, an upstream account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalIdentity {
    /// The source's configured name.
    pub source: String,
    /// The lasting identifier there (entryUUID, objectGUID, upstream `sub`), never a name.
    pub external_id: String,
    /// When it was linked.
    pub linked_at: Timestamp,
}

/// Identifies a position.
pub type PositionId = Id<Position>;

/// A person's place in a unit. Officials hold several at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Identity within the account.
    pub id: PositionId,
    /// Where.
    pub unit: UnitId,
    /// What it is called ("Chuyên viên").
    pub title: String,
    /// Whether it is the one applications see when nothing else is asked for.
    pub main: bool,
    /// Held from.
    pub from: Timestamp,
    /// Held until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A role that somebody holds, everywhere or in one unit and below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGrant {
    /// Which role.
    pub role: RoleName,
    /// Where it counts; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Internal identity for life. Relying parties see a subject instead.
    pub id: UserId,
    /// Written so often.
    pub version: Version,
    /// What the account stands for.
    pub kind: AccountKind,
    /// Whether it may be used.
    pub state: AccountState,
    /// Full name, authoritative, NFC, at most 200 characters.
    pub name: String,
    /// User name, mail, numbers: one namespace, each unique for ever.
    pub identifiers: Vec<Identifier>,
    /// Identities elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_identities: Vec<ExternalIdentity>,
    /// Positions, past ones included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<Position>,
    /// Roles held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleGrant>,
    /// Where letters reach the person, as far as it is known.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// What else is known about the person.
    #[serde(default, skip_serializing_if = "StandardClaims::is_empty")]
    pub claims: Box<StandardClaims>,
    /// Preferred language (`vi`, `en`), if the person chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Made.
    pub created_at: Timestamp,
    /// Last changed (`updated_at` claim).
    pub updated_at: Timestamp,
}

/// Whether `now` lies in `[from, until)`.
fn valid(from: Timestamp, until: Option<Timestamp>, now: Timestamp) -> bool {
    from <= now && until.is_none_or(|end| now < end)
}

impl User {
    /// Whether the account may be used.
    pub fn is_active(&self) -> bool {
        self.state == AccountState::Active
    }

    /// Positions held at `now`, the main one first.
    pub fn positions_at(&self, now: Timestamp) -> Vec<&Position> {
        let mut held: Vec<_> = self
            .positions
            .iter()
            .filter(|p| valid(p.from, p.until, now))
            .collect();
        held.sort_by_key(|p| !p.main);
        held
    }

    /// Roles held at `now`.
    pub fn roles_at(&self, now: Timestamp) -> impl Iterator<Item = &RoleGrant> {
        self.roles
            .iter()
            .filter(move |r| valid(r.from, r.until, now))
    }

    /// The value of the first identifier of a kind.
    pub fn identifier(&self, kind: super::identifier::IdentifierKind) -> Option<&Identifier> {
        self.identifiers
            .iter()
            .find(|i| i.kind == kind && i.released_at.is_none())
    }

    /// The user name, or the internal id where there is none (a citizen from upstream).
    pub fn user_name(&self) -> String {
        self.identifier(super::identifier::IdentifierKind::UserName)
            .map_or_else(|| self.id.to_string(), |i| i.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of before there were addresses; and nothing is written where nothing is known.
    #[test]
    fn an_account_without_an_address_reads_and_rests_as_before() {
        let row = r#"{"id":"00000000000000000000000007","version":3,"kind":"official",
            "state":"active","name":"Lê An","identifiers":[],"created_at":1,"updated_at":2}"#;
        let user: User = serde_json::from_str(row).unwrap();
        assert!(user.address.is_empty());
        let again = serde_json::to_string(&user).unwrap();
        assert!(!again.contains("address"), "{again}");
        assert_eq!(serde_json::from_str::<User>(&again).unwrap(), user);
    }
}
