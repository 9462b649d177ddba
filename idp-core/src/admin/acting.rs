//! Who administers, and how far that reaches: the escalation rules, all in one place.
//!
//! A province administrator reaches everything. A unit administrator reaches the people who
//! belong to their units and to nothing else: whoever can sign in as somebody holds that
//! person's rights, so nobody may take over an account that reaches further than their own.

use std::collections::BTreeSet;

use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::time::Timestamp;
use crate::event::{Actor, Circumstances, Event, What};
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::role::RoleName;
use crate::model::user::{AccountKind, Position, RoleGrant, User};
use crate::model::{UnitId, Version};
use crate::organisation::UnitTree;
use crate::policy::Policy;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    Units(BTreeSet<UnitId>),
}

/// The proof that somebody administers, with the reach of their rights at one moment. Made only
/// by [`ActingAdministrator::prove`] and [`ActingAdministrator::of_installation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingAdministrator {
    actor: Actor,
    reach: Reach,
}

impl ActingAdministrator {
    /// Proves it from a loaded account: active, of kind official or administrator, holding at
    /// `now` the role `province-administrator` everywhere, or `unit-administrator` in a unit. A
    /// role in a unit counts there and in every unit below. Does not check how the person signed
    /// in; the local socket and the token endpoint do.
    ///
    /// # Errors
    /// [`Reason::AdministratorUnknown`], alike for nobody, a disabled account and a plain one.
    pub fn prove(user: Option<&User>, tree: &UnitTree, now: Timestamp) -> Result<Self, Reason> {
        user.filter(|u| u.is_active() && may_administer(u.kind))
            .and_then(|user| {
                let actor = Actor::User(user.id);
                reach(user, tree, now).map(|reach| Self { actor, reach })
            })
            .ok_or(Reason::AdministratorUnknown)
    }

    /// The installation itself: founding it (`idp init`), what its configuration demands without an
    /// administrator (declared clients at each start, keys that the schedule replaces), and reading
    /// by whoever may open the socket on this machine. It changes nothing for a request from
    /// outside.
    pub fn of_installation() -> Self {
        Self {
            actor: Actor::System,
            reach: Reach::Everything,
        }
    }

    /// Who acts, for events.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The name under which change sets and verifications keep who acted: an account's id, or
    /// `system`.
    pub fn signature(&self) -> String {
        match &self.actor {
            Actor::User(id) => id.to_string(),
            _ => "system".to_owned(),
        }
    }

    /// The units reached; `None` when everything is.
    pub fn units(&self) -> Option<&BTreeSet<UnitId>> {
        match &self.reach {
            Reach::Everything => None,
            Reach::Units(units) => Some(units),
        }
    }

    /// Whether the unit is within reach.
    pub fn reaches(&self, unit: UnitId) -> bool {
        self.units().is_none_or(|units| units.contains(&unit))
    }

    /// Clients, keys, roles, the audit, deliveries, verified identifiers: the whole province's.
    ///
    /// # Errors
    /// [`Reason::OutsideScope`] for a unit administrator.
    pub fn needs_everything(&self) -> Result<(), Reason> {
        within(self.units().is_none())
    }

    /// A unit that is to be changed, or in which something is to be given.
    ///
    /// # Errors
    /// [`Reason::OutsideScope`].
    pub fn needs_unit(&self, unit: UnitId) -> Result<(), Reason> {
        within(self.reaches(unit))
    }

    /// Whether the account may be looked at: it has a position, now or later, in a unit within
    /// reach.
    pub fn sees(&self, user: &User, now: Timestamp) -> bool {
        let here = |p: &Position| self.reaches(p.unit);
        self.units().is_none() || current_positions(user, now).any(here)
    }

    /// An account that can be seen.
    ///
    /// # Errors
    /// [`Reason::NotFoundHere`], as if it did not exist.
    pub fn needs_sight(&self, user: &User, now: Timestamp) -> Result<(), Reason> {
        self.sees(user, now)
            .then_some(())
            .ok_or(Reason::NotFoundHere)
    }

    /// An account that may be taken over: reset, disabled, renamed, its sessions ended, its link
    /// handed out. A unit administrator may do so only with an official who belongs to the units
    /// within reach and holds no position and no role, now or later, beyond them.
    ///
    /// # Errors
    /// [`Reason::NotFoundHere`] when it cannot even be seen; [`Reason::OutsideScope`].
    pub fn needs_account(&self, user: &User, now: Timestamp) -> Result<(), Reason> {
        self.needs_sight(user, now)?;
        within(self.holds_all_of(user, now))
    }

    fn holds_all_of(&self, user: &User, now: Timestamp) -> bool {
        let position_here = |p: &Position| self.reaches(p.unit);
        let role_here = |r: &RoleGrant| {
            r.role != RoleName::province_administrator() && r.unit.is_some_and(|u| self.reaches(u))
        };
        self.units().is_none()
            || (user.kind == AccountKind::Official
                && current_positions(user, now).all(position_here)
                && user
                    .roles
                    .iter()
                    .filter(|r| not_over(r.until, now))
                    .all(role_here))
    }

    /// A role that is to be given to, or taken from, an account: outside one's own province only
    /// roles without administrative rights, in a unit within reach.
    ///
    /// # Errors
    /// [`Reason::OutsideScope`].
    pub fn needs_role(&self, role: &RoleName, unit: Option<UnitId>) -> Result<(), Reason> {
        let plain = !role.is_administrative() && unit.is_some_and(|u| self.reaches(u));
        within(self.units().is_none() || plain)
    }

    /// A kind of account that is to be made: unit administrators make officials.
    ///
    /// # Errors
    /// [`Reason::OutsideScope`].
    pub fn needs_kind(&self, kind: AccountKind) -> Result<(), Reason> {
        within(self.units().is_none() || kind == AccountKind::Official)
    }
}

/// How far the roles of an account reach; `None` when they administer nothing.
fn reach(user: &User, tree: &UnitTree, now: Timestamp) -> Option<Reach> {
    if is_province_administrator(user, now) {
        return Some(Reach::Everything);
    }
    let role = RoleName::unit_administrator();
    let roots = user
        .roles_at(now)
        .filter(|r| r.role == role)
        .filter_map(|r| r.unit);
    let units: BTreeSet<_> = roots.flat_map(|root| tree.subtree(root)).collect();
    (!units.is_empty()).then_some(Reach::Units(units))
}

fn within(holds: bool) -> Result<(), Reason> {
    holds.then_some(()).ok_or(Reason::OutsideScope)
}

/// Kinds that may administer: never citizens, organisations or programs.
pub const fn may_administer(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Official | AccountKind::Administrator)
}

/// Whether the account, if active, is one that may do everything at `now`.
pub fn is_province_administrator(user: &User, now: Timestamp) -> bool {
    let role = RoleName::province_administrator();
    may_administer(user.kind)
        && user
            .roles_at(now)
            .any(|r| r.role == role && r.unit.is_none())
}

/// Whether something that ends at `until` still counts now or later.
pub fn not_over(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|end| now < end)
}

/// Positions held now, and those that will be.
pub fn current_positions(user: &User, now: Timestamp) -> impl Iterator<Item = &Position> {
    user.positions
        .iter()
        .filter(move |p| not_over(p.until, now))
}

/// The ground on which an administrative decision stands.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// Who acts.
    pub by: &'a ActingAdministrator,
    /// All units.
    pub tree: &'a UnitTree,
    /// When, where, in which request.
    pub here: &'a Circumstances,
    /// The rules.
    pub policy: &'a Policy,
    /// Seals what is put into the outbox.
    pub sealing: &'a SealingKey,
    /// Seals clients' secrets.
    pub client_sealing: &'a SealingKey,
    /// The version the caller believes to change (RFC 9110 §13.1.1, `If-Match`); any when absent.
    pub expected: Option<Version>,
}

impl Act<'_> {
    /// The time of the decision.
    pub fn now(&self) -> Timestamp {
        self.here.now
    }

    /// An event caused by the acting administrator.
    pub fn event(&self, what: What, entropy: &mut Entropy) -> Event {
        self.here.event(self.by.actor().clone(), what, entropy)
    }

    /// Checks the version the caller believes to change.
    ///
    /// # Errors
    /// [`Reason::ChangedMeanwhile`].
    pub fn expects(&self, version: Version) -> Result<(), Reason> {
        let holds = self.expected.is_none_or(|expected| expected == version);
        holds.then_some(()).ok_or(Reason::ChangedMeanwhile)
    }

    /// The unit with an id or a code.
    ///
    /// # Errors
    /// [`Reason::UnitUnknown`].
    pub fn unit(&self, named: &str) -> Result<&OrganisationUnit, Reason> {
        self.tree.named(named).ok_or(Reason::UnitUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, with_position, with_role};
    use crate::model::user::AccountState;

    fn prove(user: &User) -> Result<ActingAdministrator, Reason> {
        ActingAdministrator::prove(Some(user), &sample::tree(), sample::NOW)
    }

    #[test]
    fn only_active_holders_of_an_administrative_role_administer() {
        let refused = Err(Reason::AdministratorUnknown);
        assert_eq!(
            ActingAdministrator::prove(None, &sample::tree(), sample::NOW),
            refused
        );
        assert_eq!(prove(&sample::user("an")), refused);
        let mut disabled = sample::province_administrator();
        disabled.state = AccountState::Disabled {
            at: sample::NOW,
            why: String::new(),
        };
        assert_eq!(prove(&disabled), refused);
        for kind in [
            AccountKind::Citizen,
            AccountKind::Organisation,
            AccountKind::Service,
        ] {
            let mut user = sample::province_administrator();
            user.kind = kind;
            assert_eq!(prove(&user), refused, "{kind:?}");
        }
        let mut lapsed = sample::province_administrator();
        lapsed.roles[0].until = Some(sample::NOW);
        assert_eq!(prove(&lapsed), refused);
        let everywhere = with_role(sample::user("an"), RoleName::unit_administrator(), None);
        assert_eq!(
            prove(&everywhere),
            refused,
            "a unit administrator without a unit"
        );
        let unit = with_role(
            sample::user("an"),
            RoleName::province_administrator(),
            Some(sample::HEALTH),
        );
        assert_eq!(
            prove(&unit),
            refused,
            "a province administrator of one unit"
        );
    }

    #[test]
    fn a_unit_administrator_reaches_the_unit_and_below() {
        let by = prove(&sample::unit_administrator()).unwrap();
        for (unit, reached) in [
            (sample::HEALTH, true),
            (sample::CLINIC, true),
            (sample::PROVINCE, false),
            (sample::JUSTICE, false),
        ] {
            assert_eq!(by.reaches(unit), reached, "{unit}");
            assert_eq!(by.needs_unit(unit).is_ok(), reached, "{unit}");
        }
        assert_eq!(by.needs_everything(), Err(Reason::OutsideScope));
        assert_eq!(
            prove(&sample::province_administrator())
                .unwrap()
                .needs_everything(),
            Ok(())
        );
    }

    /// Every kind of account against a unit administrator of the health department.
    #[test]
    fn an_account_that_reaches_further_cannot_be_taken_over() {
        let user = || sample::user("binh");
        let health = || with_position(user(), sample::HEALTH);
        let role = |name| RoleName::new(name).unwrap();
        let mut lapsed = with_position(health(), sample::JUSTICE);
        lapsed.positions[1].until = Some(sample::NOW);
        let mut future = with_position(health(), sample::JUSTICE);
        future.positions[1].from = Timestamp::from_millis(i64::MAX);
        let mut gone = health();
        gone.positions[0].until = Some(sample::NOW);
        let mut administrator = health();
        administrator.kind = AccountKind::Administrator;
        let mut citizen = health();
        citizen.kind = AccountKind::Citizen;
        let outside = Err(Reason::OutsideScope);
        for (what, user, answer) in [
            ("own unit", health(), Ok(())),
            ("unit below", with_position(user(), sample::CLINIC), Ok(())),
            ("both", with_position(health(), sample::CLINIC), Ok(())),
            ("a past position elsewhere", lapsed, Ok(())),
            (
                "a role here",
                with_role(health(), role("clerk"), Some(sample::CLINIC)),
                Ok(()),
            ),
            (
                "a unit administrator below",
                with_role(
                    health(),
                    RoleName::unit_administrator(),
                    Some(sample::CLINIC),
                ),
                Ok(()),
            ),
            (
                "another position elsewhere",
                with_position(health(), sample::JUSTICE),
                outside,
            ),
            ("a position elsewhere to come", future, outside),
            (
                "a role everywhere",
                with_role(health(), role("clerk"), None),
                outside,
            ),
            (
                "a role elsewhere",
                with_role(health(), role("clerk"), Some(sample::JUSTICE)),
                outside,
            ),
            (
                "a unit administrator elsewhere",
                with_role(
                    health(),
                    RoleName::unit_administrator(),
                    Some(sample::JUSTICE),
                ),
                outside,
            ),
            (
                "a province administrator",
                with_role(health(), RoleName::province_administrator(), None),
                outside,
            ),
            (
                "a province administrator in name only",
                with_role(
                    health(),
                    RoleName::province_administrator(),
                    Some(sample::HEALTH),
                ),
                outside,
            ),
            ("an account for administration", administrator, outside),
            ("a citizen", citizen, outside),
            ("nowhere", user(), Err(Reason::NotFoundHere)),
            (
                "elsewhere",
                with_position(user(), sample::JUSTICE),
                Err(Reason::NotFoundHere),
            ),
            (
                "above",
                with_position(user(), sample::PROVINCE),
                Err(Reason::NotFoundHere),
            ),
            ("no longer here", gone, Err(Reason::NotFoundHere)),
        ] {
            let stage = Stage::health();
            assert_eq!(stage.by.needs_account(&user, sample::NOW), answer, "{what}");
            let province = Stage::province();
            assert_eq!(
                province.by.needs_account(&user, sample::NOW),
                Ok(()),
                "{what}"
            );
        }
    }

    #[test]
    fn only_plain_roles_within_reach_are_given() {
        let by = Stage::health().by;
        let clerk = RoleName::new("clerk").unwrap();
        for (role, unit, given) in [
            (&clerk, Some(sample::HEALTH), true),
            (&clerk, Some(sample::CLINIC), true),
            (&clerk, Some(sample::JUSTICE), false),
            (&clerk, None, false),
            (&RoleName::unit_administrator(), Some(sample::CLINIC), false),
            (&RoleName::province_administrator(), None, false),
            (
                &RoleName::province_administrator(),
                Some(sample::HEALTH),
                false,
            ),
        ] {
            assert_eq!(by.needs_role(role, unit).is_ok(), given, "{role} {unit:?}");
            assert_eq!(Stage::province().by.needs_role(role, unit), Ok(()));
        }
    }
}
