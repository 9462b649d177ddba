//! Roles of accounts: given and taken, dated, everywhere or in one unit and below.

use super::state::Administrators;
use super::{dates, written};
use crate::admin::acting::{Act, may_administer, not_over};
use crate::admin::unit::needs_active;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::role::{Role, RoleName};
use crate::model::user::{RoleGrant, User};
use crate::store::decision::Decision;

/// A role to be given.
#[derive(Clone, Debug, Default)]
pub struct RoleGrantNew {
    /// The role's name.
    pub role: String,
    /// Where it counts, by id or code; everywhere when absent.
    pub unit: Option<String>,
    /// From when; now when absent.
    pub from: Option<Timestamp>,
    /// Until when; open when absent.
    pub until: Option<Timestamp>,
}

/// Checks a wanted role and adds it to the account.
pub(super) fn give(
    act: &Act<'_>,
    user: &mut User,
    new: &RoleGrantNew,
    known: &[Role],
) -> Result<RoleGrant, Reason> {
    let role = known
        .iter()
        .find(|r| r.name.as_str() == new.role)
        .ok_or(Reason::RoleUnknown)?;
    let unit = new
        .unit
        .as_deref()
        .map(|named| act.unit(named))
        .transpose()?;
    act.by.needs_role(&role.name, unit.map(|u| u.id))?;
    unit.map_or(Ok(()), needs_active)?;
    let (from, until) = dates(act, new.from, new.until)?;
    let grant = RoleGrant {
        role: role.name.clone(),
        unit: unit.map(|u| u.id),
        from,
        until,
    };
    fits(user, &grant)?;
    let held = |g: &RoleGrant| same(g, &grant.role, grant.unit) && not_over(g.until, act.now());
    if user.roles.iter().any(held) {
        return Err(Reason::RoleHeld);
    }
    user.roles.push(grant.clone());
    Ok(grant)
}

fn same(grant: &RoleGrant, role: &RoleName, unit: Option<crate::model::UnitId>) -> bool {
    grant.role == *role && grant.unit == unit
}

/// Administrative roles go to people alone, and each where it means something.
fn fits(user: &User, grant: &RoleGrant) -> Result<(), Reason> {
    if !grant.role.is_administrative() {
        return Ok(());
    }
    if !may_administer(user.kind) {
        return Err(Reason::AccountKindUnfit);
    }
    let everywhere = grant.role == RoleName::province_administrator();
    (everywhere == grant.unit.is_none())
        .then_some(())
        .ok_or(Reason::RoleUnitUnfit)
}

/// Gives somebody a role. `known` are all roles there are.
///
/// Refuses with `not_found_here`, `outside_scope` (the person reaches further, or the role
/// does), `changed_meanwhile`, `role_unknown`, `unit_unknown`, `unit_not_active`,
/// `dates_reversed`, `account_kind_unfit`, `role_unit_unfit`, `role_held`.
pub fn assign_role(
    act: &Act<'_>,
    user: &User,
    new: &RoleGrantNew,
    known: &[Role],
    entropy: &mut Entropy,
) -> Decision<User> {
    let mut changed = user.clone();
    let given = act
        .by
        .needs_account(user, act.now())
        .and_then(|()| act.expects(user.version))
        .and_then(|()| give(act, &mut changed, new, known));
    match given {
        Ok(grant) => {
            let what = What::RoleAssigned {
                user: user.id,
                role: grant.role,
                unit: grant.unit,
            };
            written(act, changed, what, entropy)
        }
        Err(reason) => Decision::refused(reason),
    }
}

/// Takes a role away, now: the grant for the unit (by id or code), or the one that counts
/// everywhere.
///
/// Refuses with `not_found_here` (also when the role is not held there), `outside_scope`,
/// `changed_meanwhile`, `unit_unknown`, `last_administrator`.
pub fn unassign_role(
    act: &Act<'_>,
    user: &User,
    taken: (&RoleName, Option<&str>),
    administrators: &Administrators,
    entropy: &mut Entropy,
) -> Decision<User> {
    match taken_away(act, user, taken) {
        Ok((changed, unit)) => match administrators.guard(&changed, act.now()) {
            Ok(guard) => {
                let what = What::RoleUnassigned {
                    user: user.id,
                    role: taken.0.clone(),
                    unit,
                };
                let mut decision = written(act, changed, what, entropy);
                decision.changes.extend(guard);
                decision
            }
            Err(reason) => Decision::refused(reason),
        },
        Err(reason) => Decision::refused(reason),
    }
}

fn taken_away(
    act: &Act<'_>,
    user: &User,
    (role, unit): (&RoleName, Option<&str>),
) -> Result<(User, Option<crate::model::UnitId>), Reason> {
    act.by.needs_account(user, act.now())?;
    act.expects(user.version)?;
    let unit = unit.map(|named| act.unit(named)).transpose()?.map(|u| u.id);
    act.by.needs_role(role, unit)?;
    let mut changed = user.clone();
    let mut found = false;
    let current = |g: &RoleGrant| same(g, role, unit) && not_over(g.until, act.now());
    for grant in changed.roles.iter_mut().filter(|g| current(g)) {
        found = true;
        grant.from = grant.from.min(act.now());
        grant.until = Some(act.now());
    }
    found.then_some((changed, unit)).ok_or(Reason::NotFoundHere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{
        self, CLINIC, HEALTH, JUSTICE, NOW, Stage, done, reason, with_position, with_role,
    };
    use crate::model::user::AccountKind;

    fn new(role: &str, unit: Option<&str>) -> RoleGrantNew {
        RoleGrantNew {
            role: role.into(),
            unit: unit.map(str::to_owned),
            ..RoleGrantNew::default()
        }
    }

    fn known() -> [Role; 3] {
        ["clerk", "unit-administrator", "province-administrator"].map(sample::role)
    }

    #[test]
    fn roles_are_given_by_rule() {
        let (province, health) = (Stage::province(), Stage::health());
        let here = || with_position(sample::user("an"), HEALTH);
        let shared = || with_position(here(), JUSTICE);
        let mut service = here();
        service.kind = AccountKind::Service;
        let clerk = RoleName::new("clerk").unwrap();
        for (what, stage, user, new, answer) in [
            (
                "a plain one here",
                &health,
                here(),
                new("clerk", Some("H42.05.01")),
                None,
            ),
            (
                "everywhere",
                &health,
                here(),
                new("clerk", None),
                Some(Reason::OutsideScope),
            ),
            (
                "elsewhere",
                &health,
                here(),
                new("clerk", Some("H42.06")),
                Some(Reason::OutsideScope),
            ),
            (
                "an administrative one",
                &health,
                here(),
                new("unit-administrator", Some("H42.05")),
                Some(Reason::OutsideScope),
            ),
            (
                "to somebody who reaches further",
                &health,
                shared(),
                new("clerk", Some("H42.05")),
                Some(Reason::OutsideScope),
            ),
            (
                "unknown",
                &province,
                here(),
                new("chief", None),
                Some(Reason::RoleUnknown),
            ),
            (
                "a unit administrator of all",
                &province,
                here(),
                new("unit-administrator", None),
                Some(Reason::RoleUnitUnfit),
            ),
            (
                "a province administrator of a unit",
                &province,
                here(),
                new("province-administrator", Some("H42.05")),
                Some(Reason::RoleUnitUnfit),
            ),
            (
                "a program as administrator",
                &province,
                service,
                new("province-administrator", None),
                Some(Reason::AccountKindUnfit),
            ),
            (
                "a province administrator",
                &province,
                here(),
                new("province-administrator", None),
                None,
            ),
            (
                "twice",
                &province,
                with_role(here(), clerk.clone(), Some(HEALTH)),
                new("clerk", Some("H42.05")),
                Some(Reason::RoleHeld),
            ),
        ] {
            let decision = assign_role(&stage.act(), &user, &new, &known(), &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
        }
    }

    #[test]
    fn a_role_ends_now_where_it_was_given() {
        let stage = Stage::health();
        let clerk = RoleName::new("clerk").unwrap();
        let user = with_role(
            with_position(sample::user("an"), HEALTH),
            clerk.clone(),
            Some(CLINIC),
        );
        let none = Administrators::default();
        let mut entropy = sample::entropy();
        let wrong = unassign_role(
            &stage.act(),
            &user,
            (&clerk, Some("H42.05")),
            &none,
            &mut entropy,
        );
        assert_eq!(reason(&wrong), Some(Reason::NotFoundHere));
        let left = done(unassign_role(
            &stage.act(),
            &user,
            (&clerk, Some("H42.05.01")),
            &none,
            &mut entropy,
        ));
        assert_eq!(left.roles_at(NOW).count(), 0);
    }

    #[test]
    fn the_last_province_administrator_keeps_the_role() {
        let stage = Stage::province();
        let user = sample::province_administrator();
        let role = RoleName::province_administrator();
        let other = with_role(sample::user("an"), role.clone(), None);
        let mut entropy = sample::entropy();
        let mut facts = Administrators {
            role: Some(sample::role(role.as_str())),
            holders: vec![user.clone()],
        };
        let refused = unassign_role(&stage.act(), &user, (&role, None), &facts, &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::LastAdministrator));
        facts.holders.push(other);
        let decision = unassign_role(&stage.act(), &user, (&role, None), &facts, &mut entropy);
        assert_eq!(reason(&decision), None);
        assert_eq!(
            decision.changes.len(),
            2,
            "the role itself is written, so that two removals cannot race"
        );
    }
}
