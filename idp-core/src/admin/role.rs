//! Roles: added, edited, removed. The built-in ones stay as they are.

use super::acting::{Act, not_over};
use super::unit::local;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::text::{is_deceptive, nfc};
use crate::event::What;
use crate::model::role::{Role, RoleName};
use crate::model::user::User;
use crate::model::{LocalText, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// The longest description, in characters.
pub const DESCRIPTION_LENGTH: usize = 500;

/// A new role.
#[derive(Clone, Debug, Default)]
pub struct RoleNew {
    /// Its name and identity.
    pub name: String,
    /// What people read.
    pub title: LocalText,
    /// What it is for; may be empty.
    pub description: String,
}

/// What changes about a role; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct RoleEdit {
    /// Another title.
    pub title: Option<LocalText>,
    /// Another description.
    pub description: Option<String>,
}

/// Adds a role.
///
/// Refuses with `outside_scope`, `role_name_malformed`, `role_name_taken` (by the store when two
/// race), `role_title_malformed`, `description_malformed`.
pub fn add(act: &Act<'_>, new: &RoleNew, known: &[Role], entropy: &mut Entropy) -> Decision<Role> {
    let check = || {
        act.by.needs_everything()?;
        let name = RoleName::new(&new.name).ok_or(Reason::RoleNameMalformed)?;
        if known.iter().any(|r| r.name == name) {
            return Err(Reason::RoleNameTaken);
        }
        Ok(Role {
            name,
            version: Version::NEW,
            title: title(&new.title)?,
            description: description(&new.description)?,
            built_in: false,
        })
    };
    match check() {
        Ok(role) => {
            let what = What::RoleAdded {
                role: role.name.clone(),
            };
            Decision::done(role.clone())
                .with_change(Change::Role(Write::Put(role)))
                .with_event(act.event(what, entropy))
        }
        Err(reason) => Decision::refused(reason),
    }
}

/// Changes title or description.
///
/// Refuses with `outside_scope`, `role_built_in`, `changed_meanwhile` and what [`add`] refuses
/// texts with.
pub fn edit(act: &Act<'_>, role: &Role, edit: &RoleEdit, entropy: &mut Entropy) -> Decision<Role> {
    let check = || -> Result<Role, Reason> {
        needs_own(act, role)?;
        let mut changed = role.clone();
        if let Some(text) = &edit.title {
            changed.title = title(text)?;
        }
        if let Some(text) = &edit.description {
            changed.description = description(text)?;
        }
        Ok(changed)
    };
    match check() {
        Ok(changed) if changed == *role => Decision::done(changed),
        Ok(changed) => {
            let what = What::RoleEdited {
                role: role.name.clone(),
            };
            Decision::done(changed.clone())
                .with_change(Change::Role(Write::Put(changed)))
                .with_event(act.event(what, entropy))
        }
        Err(reason) => Decision::refused(reason),
    }
}

/// Removes a role that none of `holders` (everybody with a grant of it, past ones included)
/// holds now or later.
///
/// Refuses with `outside_scope`, `role_built_in`, `changed_meanwhile`, `role_in_use`.
pub fn remove(act: &Act<'_>, role: &Role, holders: &[User], entropy: &mut Entropy) -> Decision<()> {
    let check = || {
        needs_own(act, role)?;
        let held = |user: &User| {
            user.roles
                .iter()
                .any(|g| g.role == role.name && not_over(g.until, act.now()))
        };
        if holders.iter().any(held) {
            Err(Reason::RoleInUse)
        } else {
            Ok(())
        }
    };
    match check() {
        Ok(()) => {
            let what = What::RoleRemoved {
                role: role.name.clone(),
            };
            Decision::done(())
                .with_change(Change::Role(Write::Remove(role.clone())))
                .with_event(act.event(what, entropy))
        }
        Err(reason) => Decision::refused(reason),
    }
}

fn needs_own(act: &Act<'_>, role: &Role) -> Result<(), Reason> {
    act.by.needs_everything()?;
    if role.built_in {
        return Err(Reason::RoleBuiltIn);
    }
    act.expects(role.version)
}

fn title(text: &LocalText) -> Result<LocalText, Reason> {
    local(text).ok_or(Reason::RoleTitleMalformed)
}

fn description(text: &str) -> Result<String, Reason> {
    let text = nfc(text);
    let fits = text.chars().count() <= DESCRIPTION_LENGTH && !text.chars().any(is_deceptive);
    fits.then_some(text).ok_or(Reason::DescriptionMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, done, reason};

    fn new(name: &str) -> RoleNew {
        RoleNew {
            name: name.into(),
            title: LocalText::plain("Văn thư"),
            description: String::new(),
        }
    }

    #[test]
    fn roles_are_added_by_the_province_alone_and_by_rule() {
        let known = [sample::role("clerk")];
        let long = RoleNew {
            description: "x".repeat(501),
            ..new("auditor")
        };
        let untitled = RoleNew {
            title: LocalText::plain(" "),
            ..new("auditor")
        };
        for (stage, new, answer) in [
            (Stage::province(), new("auditor"), None),
            (Stage::province(), new("clerk"), Some(Reason::RoleNameTaken)),
            (
                Stage::province(),
                new("Văn thư"),
                Some(Reason::RoleNameMalformed),
            ),
            (Stage::province(), long, Some(Reason::DescriptionMalformed)),
            (
                Stage::province(),
                untitled,
                Some(Reason::RoleTitleMalformed),
            ),
            (Stage::health(), new("auditor"), Some(Reason::OutsideScope)),
        ] {
            let decision = add(&stage.act(), &new, &known, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{new:?}");
        }
    }

    #[test]
    fn built_in_roles_and_roles_in_use_stay() {
        let stage = Stage::province();
        let (built_in, clerk) = (sample::role("unit-administrator"), sample::role("clerk"));
        let mut entropy = sample::entropy();
        let edit_it = RoleEdit {
            title: Some(LocalText::plain("Khác")),
            description: None,
        };
        assert_eq!(
            reason(&edit(&stage.act(), &built_in, &edit_it, &mut entropy)),
            Some(Reason::RoleBuiltIn)
        );
        assert_eq!(
            reason(&remove(&stage.act(), &built_in, &[], &mut entropy)),
            Some(Reason::RoleBuiltIn)
        );
        let holder = sample::with_role(sample::user("an"), clerk.name.clone(), None);
        let mut former = holder.clone();
        former.roles[0].until = Some(sample::NOW);
        assert_eq!(
            reason(&remove(&stage.act(), &clerk, &[holder], &mut entropy)),
            Some(Reason::RoleInUse)
        );
        assert_eq!(
            reason(&remove(&stage.act(), &clerk, &[former], &mut entropy)),
            None
        );
        assert_eq!(
            done(edit(&stage.act(), &clerk, &edit_it, &mut entropy))
                .title
                .vi,
            "Khác"
        );
        assert_eq!(
            reason(&remove(&Stage::health().act(), &clerk, &[], &mut entropy)),
            Some(Reason::OutsideScope)
        );
    }
}
