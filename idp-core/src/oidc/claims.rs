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
    (
        scope.holds(scope::UNIT) || scope.holds(scope::ROLES),
        scope.holds(scope::POSITIONS) || scope.holds(scope::UNIT_CODES),
    )
}

impl Person<'_> {
    /// The claims of this project's own scopes: `unit`, `positions`, `unit_codes`, `roles`. They go into ID
    /// Token and userinfo alike.
    pub fn organisation_claims(&self, scope: &Scope, now: Timestamp) -> Map<String, Value> {
        let mut claims = Map::new();
        if let (true, Some(position)) = (scope.holds(scope::UNIT), self.position) {
            claims.insert("unit".to_owned(), self.unit(position));
        }
        if scope.holds(scope::POSITIONS) {
            let held = self
                .user
                .positions_at(now)
                .into_iter()
                .map(|p| self.unit(p))
                .collect();
            claims.insert("positions".to_owned(), Value::Array(held));
        }
        if scope.holds(scope::UNIT_CODES) {
            claims.insert("unit_codes".to_owned(), self.unit_codes(now).into());
        }
        if scope.holds(scope::ROLES) {
            claims.insert("roles".to_owned(), self.roles(now).into());
        }
        claims
    }

    /// The standard claims of `profile`, `email`, `phone`, `address`; they go into userinfo only
    /// (OpenID Connect Core §5.4). What is not known about the person is left out.
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
            let more = &self.user.claims;
            let zone = more.zoneinfo.as_deref().unwrap_or("Asia/Ho_Chi_Minh");
            put("zoneinfo", zone.into());
            for (name, value) in [
                ("nickname", &more.nickname),
                ("profile", &more.profile),
                ("picture", &more.picture),
                ("website", &more.website),
                ("gender", &more.gender),
                ("birthdate", &more.birthdate),
            ] {
                if let Some(value) = value {
                    put(name, value.clone().into());
                }
            }
            put("updated_at", self.user.updated_at.seconds().into());
        }
        if let (true, Some(mail)) = (
            scope.holds(scope::EMAIL),
            self.user.identifier(IdentifierKind::Mail),
        ) {
            put("email", mail.value.clone().into());
            put("email_verified", mail.verified.is_some().into());
        }
        if let (true, Some(mobile)) = (
            scope.holds(scope::PHONE),
            self.user.identifier(IdentifierKind::Mobile),
        ) {
            put("phone_number", mobile.value.clone().into());
            put("phone_number_verified", mobile.verified.is_some().into());
        }
        if scope.holds(scope::ADDRESS) && !self.user.address.is_empty() {
            put("address", json!(self.user.address));
        }
        claims
    }

    /// Single standard claims by name, whatever the scope (OpenID Connect Core §5.5).
    pub fn named_claims(&self, names: &[String]) -> Map<String, Value> {
        if names.is_empty() {
            return Map::new();
        }
        let all = [scope::PROFILE, scope::EMAIL, scope::PHONE, scope::ADDRESS];
        let mut claims = self.standard_claims(&Scope::of(&all.map(str::to_owned)));
        claims.retain(|name, _| names.contains(name));
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

    /// The codes of the units of all positions held, each once, that of the chosen position first:
    /// an application that takes one value of a list takes the right one.
    fn unit_codes(&self, now: Timestamp) -> Vec<String> {
        let code = |position: &Position| Some(self.path(position).last()?.code.to_string());
        let held = self.user.positions_at(now);
        let mut codes: Vec<String> = Vec::new();
        for code in self.position.into_iter().chain(held).filter_map(code) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Role names that count here: held everywhere, or in a unit on the chosen position's path.
    fn roles(&self, now: Timestamp) -> Vec<String> {
        let path = self.position.map_or(&[][..], |p| self.path(p));
        let counts = |grant: &&RoleGrant| {
            grant
                .unit
                .is_none_or(|unit| path.iter().any(|u| u.id == unit))
        };
        let mut names: Vec<String> = self
            .user
            .roles_at(now)
            .filter(counts)
            .map(|g| g.role.to_string())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Family, middle and given name: the given name is the last word, the family name the first.
/// A name of one word is a given name.
fn name_parts(name: &str) -> (Option<&str>, Option<&str>, &str) {
    let Some((rest, given)) = name.rsplit_once(' ') else {
        return (None, None, name);
    };
    match rest.split_once(' ') {
        Some((family, middle)) => (Some(family), Some(middle), given),
        None => (Some(rest), None, given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, CLINIC, HEALTH, JUSTICE, NOW, PROVINCE};
    use crate::model::UnitId;
    use crate::model::address::AddressPart;
    use crate::model::identifier::{Identifier, Verification};
    use crate::model::role::RoleName;
    use std::time::Duration;

    fn path(ids: &[UnitId]) -> UnitPath {
        let units = sample::units();
        let one = |id: &UnitId| units.iter().find(|u| u.id == *id).unwrap().clone();
        ids.iter().map(one).collect()
    }

    /// `an` works in the clinic first and at justice besides.
    fn user() -> User {
        let mut user = sample::with_position(sample::user("an"), CLINIC);
        user = sample::with_position(user, JUSTICE);
        user.name = "Đặng Thị Ngọc Ánh".into();
        let role = |name: &str| RoleName::new(name).unwrap();
        for (name, unit) in [
            ("reader", None),
            ("province-clerk", Some(PROVINCE)),
            ("health-clerk", Some(HEALTH)),
            ("clinic-clerk", Some(CLINIC)),
            ("justice-clerk", Some(JUSTICE)),
            ("reader", Some(CLINIC)),
        ] {
            user = sample::with_role(user, role(name), unit);
        }
        user
    }

    fn paths() -> [UnitPath; 2] {
        [
            path(&[PROVINCE, HEALTH, CLINIC]),
            path(&[PROVINCE, JUSTICE]),
        ]
    }

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn organisation(user: &User, place: Option<usize>, asked: &str) -> Value {
        let person = Person {
            user,
            position: place.and_then(|place| user.positions.get(place)),
            paths: &paths(),
        };
        person.organisation_claims(&scope(asked), NOW).into()
    }

    fn standard(user: &User, asked: &str) -> Value {
        let person = Person {
            user,
            position: None,
            paths: &[],
        };
        person.standard_claims(&scope(asked)).into()
    }

    #[test]
    fn vietnamese_names_are_split_from_the_end() {
        assert_eq!(
            name_parts("Đặng Thị Ngọc Ánh"),
            (Some("Đặng"), Some("Thị Ngọc"), "Ánh")
        );
        assert_eq!(name_parts("Lê An"), (Some("Lê"), None, "An"));
        assert_eq!(name_parts("K'Brôi"), (None, None, "K'Brôi"));
    }

    #[test]
    fn a_claim_that_nobody_asked_for_is_not_there() {
        let user = user();
        for asked in ["openid", "offline_access", "address", "payroll:read"] {
            assert_eq!(organisation(&user, Some(0), asked), json!({}), "{asked}");
            assert_eq!(standard(&user, asked), json!({}), "{asked}");
        }
        assert_eq!(
            standard(&user, "roles unit positions email phone"),
            json!({})
        );
        assert_eq!(
            organisation(&user, Some(0), "profile email phone"),
            json!({})
        );
    }

    #[test]
    fn roles_count_where_the_chosen_position_is() {
        let user = user();
        for (place, roles) in [
            (
                Some(0),
                json!(["clinic-clerk", "health-clerk", "province-clerk", "reader"]),
            ),
            (
                Some(1),
                json!(["justice-clerk", "province-clerk", "reader"]),
            ),
            (None, json!(["reader"])),
        ] {
            let claims = organisation(&user, place, "roles");
            assert_eq!(claims, json!({"roles": roles}), "{place:?}");
        }
        let mut over = user.clone();
        over.roles
            .iter_mut()
            .for_each(|grant| grant.until = Some(NOW));
        over.roles[0] = RoleGrant {
            from: NOW + Duration::from_secs(1),
            ..user.roles[0].clone()
        };
        assert_eq!(organisation(&over, Some(0), "roles"), json!({"roles": []}));
    }

    #[test]
    fn the_unit_is_that_of_the_chosen_position_with_those_above() {
        let unit = organisation(&user(), Some(0), "unit")["unit"].clone();
        assert_eq!(
            unit,
            json!({
                "code": "H42.05.01", "name": "Trạm Y tế Bến Đá", "position": "Chuyên viên",
                "path": [
                    {"code": "H42", "name": "Tỉnh Minh Hà"},
                    {"code": "H42.05", "name": "Sở Y tế"},
                    {"code": "H42.05.01", "name": "Trạm Y tế Bến Đá"},
                ],
            })
        );
        assert_eq!(organisation(&user(), None, "unit"), json!({}));
    }

    #[test]
    fn positions_are_all_that_are_held_now() {
        let codes = |user: &User| -> Vec<String> {
            let claims = organisation(user, Some(1), "positions");
            let held = claims["positions"].as_array().unwrap();
            held.iter()
                .map(|p| p["code"].as_str().unwrap().to_owned())
                .collect()
        };
        let mut user = user();
        assert_eq!(codes(&user), ["H42.05.01", "H42.06"]);
        user.positions[0].until = Some(NOW);
        assert_eq!(codes(&user), ["H42.06"]);
        user.positions.clear();
        assert_eq!(
            organisation(&user, None, "positions"),
            json!({"positions": []})
        );
    }

    #[test]
    fn unit_codes_are_a_flat_list_with_the_chosen_one_first() {
        let codes = |user: &User, place| organisation(user, place, "unit_codes");
        let mut user = user();
        let of = |codes: &[&str]| json!({"unit_codes": codes});
        assert_eq!(codes(&user, Some(0)), of(&["H42.05.01", "H42.06"]));
        assert_eq!(codes(&user, Some(1)), of(&["H42.06", "H42.05.01"]));
        assert_eq!(codes(&user, None), of(&["H42.05.01", "H42.06"]));
        user.positions[0].until = Some(NOW);
        assert_eq!(codes(&user, Some(1)), of(&["H42.06"]));
        user.positions.clear();
        assert_eq!(codes(&user, None), of(&[]));
    }

    #[test]
    fn standard_claims_have_their_types() {
        let mut user = user();
        for (kind, value) in [
            (IdentifierKind::Mail, "an@tinh.example"),
            (IdentifierKind::Mobile, "+84912345678"),
        ] {
            user.identifiers
                .push(Identifier::parse(kind, value, NOW).unwrap());
        }
        let by = Verification {
            source: "hr".into(),
            by: "quantri".into(),
            at: NOW,
        };
        user.identifiers[1].verified = Some(by);
        assert_eq!(
            standard(&user, "openid profile email phone"),
            json!({
                "name": "Đặng Thị Ngọc Ánh", "family_name": "Đặng", "middle_name": "Thị Ngọc",
                "given_name": "Ánh", "preferred_username": "an", "locale": "vi",
                "zoneinfo": "Asia/Ho_Chi_Minh", "updated_at": NOW.seconds(),
                "email": "an@tinh.example", "email_verified": true,
                "phone_number": "+84912345678", "phone_number_verified": false,
            })
        );
        user.identifiers[1].released_at = Some(NOW);
        assert_eq!(
            standard(&user, "email"),
            json!({}),
            "a released address is nobody's"
        );
        user.name = "K'Brôi".into();
        user.locale = Some("en".into());
        let claims = standard(&user, "profile");
        assert_eq!(
            (&claims["given_name"], &claims["locale"]),
            (&json!("K'Brôi"), &json!("en"))
        );
        assert!(claims.get("family_name").is_none() && claims.get("middle_name").is_none());
    }

    #[test]
    fn the_address_is_an_object_of_its_known_parts() {
        let mut user = user();
        assert_eq!(
            standard(&user, "address"),
            json!({}),
            "an unknown address is no empty object"
        );
        for (part, text) in [
            (AddressPart::StreetAddress, "12 ngõ 3\nđường Hoa Ban"),
            (AddressPart::Country, "Việt Nam"),
        ] {
            user.address.set(part, Some(text)).unwrap();
        }
        assert_eq!(
            standard(&user, "openid address"),
            json!({"address": {
                "street_address": "12 ngõ 3\nđường Hoa Ban", "country": "Việt Nam",
            }})
        );
        assert!(
            standard(&user, "profile email phone")
                .get("address")
                .is_none()
        );
    }

    #[test]
    fn single_claims_are_told_by_name_and_no_others() {
        let user = user();
        let person = Person {
            user: &user,
            position: None,
            paths: &[],
        };
        let names = ["email", "given_name", "roles"].map(str::to_owned);
        let told = person.named_claims(&names);
        assert_eq!(Value::Object(told), json!({"given_name": "Ánh"}));
        assert!(person.named_claims(&[]).is_empty());
    }

    #[test]
    fn paths_are_loaded_for_the_scopes_that_speak_of_units() {
        for (asked, needed) in [
            ("openid profile", (false, false)),
            ("unit", (true, false)),
            ("roles", (true, false)),
            ("positions", (false, true)),
            ("unit_codes", (false, true)),
            ("positions roles", (true, true)),
        ] {
            assert_eq!(needs_paths(&scope(asked)), needed, "{asked}");
        }
    }
}
