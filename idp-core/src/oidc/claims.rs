//! What applications are told about a person (OpenID Connect Core §5), by scope and nothing more.

use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::model::identifier::IdentifierKind;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::user::{Position, RoleGrant, User};
use crate::oauth::scope::{self, Scope};

/// A unit with those above it, root first.
pub type UnitPath = Vec<OrganisationUnit>;

/// A person as seen through one grant.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// Who.
    pub user: &'a User,
    /// The position told to this client.
    pub position: Option<&'a Position>,
    /// The paths of the units that the scope needs.
    pub paths: &'a [UnitPath],
}

/// Whether the scope needs unit paths: of the chosen position, and of all positions.
pub fn needs_paths(scope: &Scope) -> (bool, bool) {
    (scope.holds(scope::UNIT) || scope.holds(scope::ROLES), scope.holds(scope::POSITIONS))
}

impl Person<'_> {
    /// The claims of this project's own scopes: `unit`, `positions`, `roles`. They go into ID
    /// Token and userinfo alike.
    pub fn organisation_claims(&self, scope: &Scope, now: Timestamp) -> Map<String, Value> {
        let mut claims = Map::new();
        if let (true, Some(position)) = (scope.holds(scope::UNIT), self.position) {
            claims.insert("unit".to_owned(), self.unit(position));
        }
        if scope.holds(scope::POSITIONS) {
            let held = self.user.positions_at(now).into_iter().map(|p| self.unit(p)).collect();
            claims.insert("positions".to_owned(), Value::Array(held));
        }
        if scope.holds(scope::ROLES) {
            claims.insert("roles".to_owned(), self.roles(now).into());
        }
        claims
    }

    /// The standard claims of `profile`, `email`, `phone`; they go into userinfo only
    /// (OpenID Connect Core §5.4). `address` has no source yet and yields nothing.
    pub fn standard_claims(&self, scope: &Scope) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        if scope.holds(scope::PROFILE) {
            let (family, middle, given) = name_parts(&self.user.name);
            put("name", self.user.name.clone().into());
            put("given_name", given.into());
            if let Some(family) = family {
                put("family_name", family.into());
            }
            if let Some(middle) = middle {
                put("middle_name", middle.into());
            }
            if let Some(name) = self.user.identifier(IdentifierKind::UserName) {
                put("preferred_username", name.value.clone().into());
            }
            put("locale", self.user.locale.as_deref().unwrap_or("vi").into());
            put("zoneinfo", "Asia/Ho_Chi_Minh".into());
            put("updated_at", self.user.updated_at.seconds().into());
        }
        if let (true, Some(mail)) =
            (scope.holds(scope::EMAIL), self.user.identifier(IdentifierKind::Mail))
        {
            put("email", mail.value.clone().into());
            put("email_verified", mail.verified.is_some().into());
        }
        if let (true, Some(mobile)) =
            (scope.holds(scope::PHONE), self.user.identifier(IdentifierKind::Mobile))
        {
            put("phone_number", mobile.value.clone().into());
            put("phone_number_verified", mobile.verified.is_some().into());
        }
        claims
    }

    fn path(&self, position: &Position) -> &[OrganisationUnit] {
        let ends_here = |path: &&UnitPath| path.last().is_some_and(|u| u.id == position.unit);
        self.paths.iter().find(ends_here).map_or(&[], Vec::as_slice)
    }

    fn unit(&self, position: &Position) -> Value {
        let path = self.path(position);
        let node = |u: &OrganisationUnit| json!({"code": u.code.as_str(), "name": u.name.vi});
        let last = path.last();
        json!({
            "code": last.map(|u| u.code.as_str()),
            "name": last.map(|u| u.name.vi.as_str()),
            "path": path.iter().map(node).collect::<Vec<_>>(),
            "position": position.title,
        })
    }

    /// Role names that count here: held everywhere, or in a unit on the chosen position's path.
    fn roles(&self, now: Timestamp) -> Vec<String> {
        let path = self.position.map_or(&[][..], |p| self.path(p));
        let counts =
            |grant: &&RoleGrant| grant.unit.is_none_or(|unit| path.iter().any(|u| u.id == unit));
        let mut names: Vec<String> =
            self.user.roles_at(now).filter(counts).map(|g| g.role.to_string()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Family, middle and given name: the given name is the last word, the family name the first.
/// A name of one word is a given name.
fn name_parts(name: &str) -> (Option<&str>, Option<&str>, &str) {
    let Some((rest, given)) = name.rsplit_once(' ') else { return (None, None, name) };
    match rest.split_once(' ') {
        Some((family, middle)) => (Some(family), Some(middle), given),
        None => (Some(rest), None, given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_names_are_split_from_the_end() {
        assert_eq!(
            name_parts("Đặng Thị Ngọc Ánh"),
            (Some("Đặng"), Some("Thị Ngọc"), "Ánh")
        );
        assert_eq!(name_parts("Lê An"), (Some("Lê"), None, "An"));
        assert_eq!(name_parts("K'Brôi"), (None, None, "K'Brôi"));
    }
}
