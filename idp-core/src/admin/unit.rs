//! Organisation units: added, edited, moved, disabled, enabled.

use super::acting::{Act, current_positions};
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::text::label;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::identifier::AgencyCode;
use crate::model::organisation_unit::{OrganisationUnit, UnitState};
use crate::model::user::User;
use crate::model::{LocalText, UnitId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// The longest name, in characters.
pub const NAME_LENGTH: usize = 200;

/// A new unit.
#[derive(Clone, Debug, Default)]
pub struct UnitNew {
    /// The agency code, in either form.
    pub code: String,
    /// The name.
    pub name: LocalText,
    /// The unit above, by id or code; a root when absent.
    pub parent: Option<String>,
    /// Valid from; now when absent.
    pub valid_from: Option<Timestamp>,
}

/// What changes about a unit; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct UnitEdit {
    /// Another code; the unit then counts as valid from now under it.
    pub code: Option<String>,
    /// Another name.
    pub name: Option<LocalText>,
    /// Another unit above, by id or code; `Some(None)` makes it a root.
    pub parent: Option<Option<String>>,
    /// The unit that takes over; `Some(None)` takes that back.
    pub replaced_by: Option<Option<String>>,
}

/// Adds a unit below one within reach; roots are the province's.
///
/// Refuses with `agency_code_malformed`, `unit_code_taken` (also by the store, when two race),
/// `unit_name_malformed`, `unit_unknown`, `unit_not_active`, `outside_scope`.
pub fn add(act: &Act<'_>, new: &UnitNew, entropy: &mut Entropy) -> Decision<OrganisationUnit> {
    checked_add(act, new, entropy).unwrap_or_else(Decision::refused)
}

fn checked_add(
    act: &Act<'_>,
    new: &UnitNew,
    entropy: &mut Entropy,
) -> Result<Decision<OrganisationUnit>, Reason> {
    let parent = parent_within_reach(act, new.parent.as_deref())?;
    let unit = OrganisationUnit {
        id: UnitId::generate(act.now(), entropy),
        version: Version::NEW,
        code: free_code(act, &new.code, None)?,
        name: name(&new.name)?,
        parent,
        state: UnitState::Active,
        valid_from: new.valid_from.unwrap_or(act.now()),
        valid_until: None,
        replaced_by: None,
    };
    let what = What::UnitAdded { unit: unit.id };
    Ok(Decision::done(unit.clone())
        .with_change(Change::Unit(Write::Put(unit)))
        .with_event(act.event(what, entropy)))
}

/// Changes name, code, place or successor of a unit. Nothing is written when nothing changes.
///
/// Refuses with what [`add`] refuses with, and `changed_meanwhile`, `unit_cycle`. A move needs
/// the unit, the one above it and the new one above it within reach.
pub fn edit(
    act: &Act<'_>,
    unit: &OrganisationUnit,
    edit: &UnitEdit,
    entropy: &mut Entropy,
) -> Decision<OrganisationUnit> {
    edited(act, unit, edit)
        .map(|changed| write(act, unit, changed, entropy))
        .unwrap_or_else(Decision::refused)
}

fn edited(
    act: &Act<'_>,
    unit: &OrganisationUnit,
    edit: &UnitEdit,
) -> Result<OrganisationUnit, Reason> {
    act.by.needs_unit(unit.id)?;
    act.expects(unit.version)?;
    let mut changed = unit.clone();
    if let Some(code) = &edit.code {
        changed.code = free_code(act, code, Some(unit.id))?;
        if changed.code != unit.code {
            changed.valid_from = act.now();
        }
    }
    if let Some(text) = &edit.name {
        changed.name = name(text)?;
    }
    if let Some(parent) = &edit.parent {
        changed.parent = moved(act, unit, parent.as_deref())?;
    }
    if let Some(successor) = &edit.replaced_by {
        let successor = successor
            .as_deref()
            .map(|named| act.unit(named))
            .transpose()?;
        changed.replaced_by = successor.map(|u| u.id);
    }
    Ok(changed)
}

/// The new unit above, when the move is allowed.
fn moved(
    act: &Act<'_>,
    unit: &OrganisationUnit,
    to: Option<&str>,
) -> Result<Option<UnitId>, Reason> {
    let same = match to {
        None => unit.parent.is_none(),
        Some(named) => unit.parent == Some(act.unit(named)?.id),
    };
    if same {
        return Ok(unit.parent);
    }
    match unit.parent {
        Some(above) => act.by.needs_unit(above)?,
        None => act.by.needs_everything()?,
    }
    let parent = parent_within_reach(act, to)?;
    let below_itself = parent.is_some_and(|p| act.tree.subtree(unit.id).contains(&p));
    if below_itself {
        Err(Reason::UnitCycle)
    } else {
        Ok(parent)
    }
}

fn parent_within_reach(act: &Act<'_>, parent: Option<&str>) -> Result<Option<UnitId>, Reason> {
    let Some(named) = parent else {
        act.by.needs_everything()?;
        return Ok(None);
    };
    let parent = act.unit(named)?;
    act.by.needs_unit(parent.id)?;
    needs_active(parent)?;
    Ok(Some(parent.id))
}

/// A unit in which something new may begin.
///
/// # Errors
/// [`Reason::UnitNotActive`].
pub fn needs_active(unit: &OrganisationUnit) -> Result<(), Reason> {
    (unit.state == UnitState::Active)
        .then_some(())
        .ok_or(Reason::UnitNotActive)
}

fn free_code(act: &Act<'_>, text: &str, own: Option<UnitId>) -> Result<AgencyCode, Reason> {
    let code = AgencyCode::parse(text).map_err(|_| Reason::AgencyCodeMalformed)?;
    let holder = act.tree.find_by_code(code.as_str()).map(|u| u.id);
    if holder.is_some() && holder != own {
        Err(Reason::UnitCodeTaken)
    } else {
        Ok(code)
    }
}

fn name(text: &LocalText) -> Result<LocalText, Reason> {
    local(text).ok_or(Reason::UnitNameMalformed)
}

/// A text in one or two languages, each a label; an empty English one counts as absent.
pub(super) fn local(text: &LocalText) -> Option<LocalText> {
    let en = text.en.as_deref().filter(|en| !en.trim().is_empty());
    Some(LocalText {
        vi: label(&text.vi, NAME_LENGTH).ok()?,
        en: en.map(|en| label(en, NAME_LENGTH)).transpose().ok()?,
    })
}

fn write(
    act: &Act<'_>,
    before: &OrganisationUnit,
    after: OrganisationUnit,
    entropy: &mut Entropy,
) -> Decision<OrganisationUnit> {
    let fields: Vec<String> = [
        ("code", before.code != after.code),
        ("name", before.name != after.name),
        ("parent", before.parent != after.parent),
        ("replaced_by", before.replaced_by != after.replaced_by),
        ("state", before.state != after.state),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| field.to_owned())
    .collect();
    if fields.is_empty() {
        return Decision::done(after);
    }
    let event = act.event(
        What::UnitEdited {
            unit: after.id,
            fields,
        },
        entropy,
    );
    Decision::done(after.clone())
        .with_change(Change::Unit(Write::Put(after)))
        .with_event(event)
}

/// Takes a unit out of use: nothing in use lies below it, and none of `people` (everybody with a
/// position in it, past ones included) holds one now or later.
///
/// Refuses with `outside_scope`, `changed_meanwhile`, `unit_not_empty`.
pub fn disable(
    act: &Act<'_>,
    unit: &OrganisationUnit,
    people: &[User],
    entropy: &mut Entropy,
) -> Decision<OrganisationUnit> {
    let check = || {
        act.by.needs_unit(unit.id)?;
        act.expects(unit.version)?;
        let holds = |user: &User| current_positions(user, act.now()).any(|p| p.unit == unit.id);
        let empty = !act.tree.has_active_children(unit.id) && !people.iter().any(holds);
        empty.then_some(()).ok_or(Reason::UnitNotEmpty)
    };
    if let Err(reason) = check() {
        return Decision::refused(reason);
    }
    let mut after = unit.clone();
    if after.state == UnitState::Active {
        after.state = UnitState::Disabled;
        after.valid_until = Some(act.now());
    }
    write(act, unit, after, entropy)
}

/// Takes a unit into use again, below one that is in use.
///
/// Refuses with `outside_scope`, `changed_meanwhile`, `unit_not_active`.
pub fn enable(
    act: &Act<'_>,
    unit: &OrganisationUnit,
    entropy: &mut Entropy,
) -> Decision<OrganisationUnit> {
    let check = || {
        act.by.needs_unit(unit.id)?;
        act.expects(unit.version)?;
        unit.parent
            .and_then(|p| act.tree.find(p))
            .map_or(Ok(()), needs_active)
    };
    if let Err(reason) = check() {
        return Decision::refused(reason);
    }
    let mut after = unit.clone();
    after.state = UnitState::Active;
    after.valid_until = None;
    write(act, unit, after, entropy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, CLINIC, HEALTH, JUSTICE, Stage, done, reason};

    fn new(code: &str, parent: Option<&str>) -> UnitNew {
        UnitNew {
            code: code.into(),
            name: LocalText::plain("Phòng Tổ chức"),
            parent: parent.map(str::to_owned),
            valid_from: None,
        }
    }

    fn unit(id: UnitId) -> OrganisationUnit {
        sample::tree().find(id).cloned().unwrap()
    }

    #[test]
    fn units_are_added_by_rule_and_within_reach() {
        let (province, health) = (Stage::province(), Stage::health());
        for (what, stage, new, answer) in [
            ("a root", &province, new("H43", None), None),
            (
                "a root by a unit administrator",
                &health,
                new("H43", None),
                Some(Reason::OutsideScope),
            ),
            (
                "below the own",
                &health,
                new("H42.05.02", Some("H42.05")),
                None,
            ),
            (
                "the old form",
                &health,
                new("000.03.05.H42", Some("H42.05")),
                None,
            ),
            (
                "below another",
                &health,
                new("H42.06.02", Some("H42.06")),
                Some(Reason::OutsideScope),
            ),
            (
                "a taken code",
                &province,
                new("H42.06", Some("H42")),
                Some(Reason::UnitCodeTaken),
            ),
            (
                "no code",
                &province,
                new("h42", Some("H42")),
                Some(Reason::AgencyCodeMalformed),
            ),
            (
                "below nothing",
                &province,
                new("H42.09", Some("H99")),
                Some(Reason::UnitUnknown),
            ),
        ] {
            let decision = add(&stage.act(), &new, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
            assert_eq!(
                decision.changes.len(),
                usize::from(answer.is_none()),
                "{what}"
            );
            assert_eq!(
                decision.events.len(),
                usize::from(answer.is_none()),
                "{what}"
            );
        }
    }

    #[test]
    fn moves_make_no_circle_and_stay_within_reach() {
        let (province, health) = (Stage::province(), Stage::health());
        for (what, stage, id, to, answer) in [
            (
                "below itself",
                &province,
                HEALTH,
                Some("H42.05"),
                Some(Reason::UnitCycle),
            ),
            (
                "below its child",
                &province,
                HEALTH,
                Some("H42.05.01"),
                Some(Reason::UnitCycle),
            ),
            ("elsewhere", &province, CLINIC, Some("H42.06"), None),
            ("to the top", &province, CLINIC, None, None),
            (
                "out of reach",
                &health,
                CLINIC,
                Some("H42.06"),
                Some(Reason::OutsideScope),
            ),
            (
                "the own unit, from outside",
                &health,
                HEALTH,
                Some("H42.05.01"),
                Some(Reason::OutsideScope),
            ),
            (
                "a stranger",
                &health,
                JUSTICE,
                Some("H42.05"),
                Some(Reason::OutsideScope),
            ),
            ("to where it is", &health, HEALTH, Some("H42"), None),
        ] {
            let change = UnitEdit {
                parent: Some(to.map(str::to_owned)),
                ..UnitEdit::default()
            };
            let decision = edit(&stage.act(), &unit(id), &change, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
        }
    }

    #[test]
    fn an_edit_names_its_fields_and_an_empty_one_writes_nothing() {
        let stage = Stage::health();
        let change = UnitEdit {
            name: Some(LocalText::plain("Trạm Y tế")),
            code: Some("H42.05.09".into()),
            ..UnitEdit::default()
        };
        let decision = edit(&stage.act(), &unit(CLINIC), &change, &mut sample::entropy());
        let fields = vec!["code".to_owned(), "name".to_owned()];
        assert_eq!(
            decision.events[0].what,
            What::UnitEdited {
                unit: CLINIC,
                fields
            }
        );
        assert_eq!(done(decision).valid_from, sample::NOW);
        let nothing = edit(
            &stage.act(),
            &unit(CLINIC),
            &UnitEdit::default(),
            &mut sample::entropy(),
        );
        assert!(nothing.changes.is_empty() && nothing.events.is_empty());
        let mut act = stage.act();
        act.expected = Some(Version(7));
        let stale = edit(&act, &unit(CLINIC), &change, &mut sample::entropy());
        assert_eq!(reason(&stale), Some(Reason::ChangedMeanwhile));
    }

    #[test]
    fn only_empty_units_are_disabled() {
        let stage = Stage::province();
        let here = sample::with_position(sample::user("an"), CLINIC);
        let mut gone = here.clone();
        gone.positions[0].until = Some(sample::NOW);
        let mut entropy = sample::entropy();
        let refused = disable(&stage.act(), &unit(HEALTH), &[], &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::UnitNotEmpty), "a unit below");
        let refused = disable(&stage.act(), &unit(CLINIC), &[here], &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::UnitNotEmpty), "a person");
        let disabled = done(disable(&stage.act(), &unit(CLINIC), &[gone], &mut entropy));
        assert_eq!(
            (disabled.state, disabled.valid_until),
            (UnitState::Disabled, Some(sample::NOW))
        );
        let enabled = done(enable(&stage.act(), &disabled, &mut entropy));
        assert_eq!(
            (enabled.state, enabled.valid_until),
            (UnitState::Active, None)
        );
        let outside = disable(&Stage::health().act(), &unit(JUSTICE), &[], &mut entropy);
        assert_eq!(reason(&outside), Some(Reason::OutsideScope));
    }
}
