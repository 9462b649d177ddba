//! Positions: given, edited, ended. Exactly one of those held is the main one.

use super::{dates, written};
use crate::admin::acting::{Act, current_positions, not_over};
use crate::admin::unit::needs_active;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::text::label;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::UnitId;
use crate::model::user::{Position, PositionId, User};
use crate::store::decision::Decision;

const TITLE_LENGTH: usize = 200;

/// A position to be given.
#[derive(Clone, Debug, Default)]
pub struct PositionNew {
    /// The unit, by id or code.
    pub unit: String,
    /// What it is called.
    pub title: String,
    /// Whether it becomes the main one; the first always is.
    pub main: bool,
    /// Held from; now when absent.
    pub from: Option<Timestamp>,
    /// Held until; open when absent.
    pub until: Option<Timestamp>,
}

/// What changes about a position; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct PositionEdit {
    /// Another title.
    pub title: Option<String>,
    /// `Some(true)` makes it the main one.
    pub main: Option<bool>,
    /// Held until; `Some(None)` opens it again.
    pub until: Option<Option<Timestamp>>,
}

fn title(text: &str) -> Result<String, Reason> {
    label(text, TITLE_LENGTH).map_err(|_| Reason::PositionTitleMalformed)
}

/// Checks a wanted position and adds it to the account; answers its unit.
pub(super) fn give(
    act: &Act<'_>,
    user: &mut User,
    new: &PositionNew,
    entropy: &mut Entropy,
) -> Result<UnitId, Reason> {
    let unit = act.unit(&new.unit)?;
    act.by.needs_unit(unit.id)?;
    needs_active(unit)?;
    let title = title(&new.title)?;
    let (from, until) = dates(act, new.from, new.until)?;
    if current_positions(user, act.now()).any(|p| p.unit == unit.id && p.title == title) {
        return Err(Reason::PositionTaken);
    }
    let position = Position {
        id: PositionId::generate(act.now(), entropy),
        unit: unit.id,
        title,
        main: false,
        from,
        until,
    };
    let (id, first) = (
        position.id,
        current_positions(user, act.now()).next().is_none(),
    );
    user.positions.push(position);
    if first || new.main {
        make_main(act, user, id)?;
    }
    Ok(unit.id)
}

/// Makes a position the main one; the one that was must be within reach too, because
/// applications then no longer see it first.
fn make_main(act: &Act<'_>, user: &mut User, id: PositionId) -> Result<(), Reason> {
    if let Some(main) = current_positions(user, act.now()).find(|p| p.main && p.id != id) {
        act.by.needs_unit(main.unit)?;
    }
    for position in &mut user.positions {
        position.main = position.id == id;
    }
    Ok(())
}

/// Where the main position has ended, the one held longest takes its place.
fn keep_a_main(user: &mut User, now: Timestamp) {
    let over = |p: &Position| !not_over(p.until, now);
    if current_positions(user, now).any(|p| p.main) {
        return;
    }
    let next = current_positions(user, now)
        .min_by_key(|p| (p.from, p.id))
        .map(|p| p.id);
    for position in &mut user.positions {
        // Without a successor the last one stays marked: history says what it was.
        position.main = next.map_or(position.main && over(position), |id| position.id == id);
    }
}

/// Gives somebody a position. A unit administrator gives it to people who already belong to a
/// unit within reach; bringing somebody in from elsewhere is the province's.
///
/// Refuses with `not_found_here`, `changed_meanwhile`, `unit_unknown`, `outside_scope`,
/// `unit_not_active`, `position_title_malformed`, `dates_reversed`, `position_taken`.
pub fn assign_position(
    act: &Act<'_>,
    user: &User,
    new: &PositionNew,
    entropy: &mut Entropy,
) -> Decision<User> {
    let mut changed = user.clone();
    let given = act
        .by
        .needs_sight(user, act.now())
        .and_then(|()| act.expects(user.version))
        .and_then(|()| give(act, &mut changed, new, entropy));
    match given {
        Ok(unit) => written(
            act,
            changed,
            What::PositionAssigned {
                user: user.id,
                unit,
            },
            entropy,
        ),
        Err(reason) => Decision::refused(reason),
    }
}

/// Finds a position that is held or will be, in a unit within reach.
fn find<'a>(act: &Act<'_>, user: &'a User, id: PositionId) -> Result<&'a Position, Reason> {
    act.by.needs_sight(user, act.now())?;
    act.expects(user.version)?;
    let found = current_positions(user, act.now()).find(|p| p.id == id);
    let found = found.ok_or(Reason::NotFoundHere)?;
    act.by.needs_unit(found.unit)?;
    Ok(found)
}

/// Changes title, end or rank of a position.
///
/// Refuses with `not_found_here` (past positions do not change), `changed_meanwhile`,
/// `outside_scope`, `position_title_malformed`, `dates_reversed`, `main_position_needed`.
pub fn edit_position(
    act: &Act<'_>,
    user: &User,
    id: PositionId,
    edit: &PositionEdit,
    entropy: &mut Entropy,
) -> Decision<User> {
    match edited(act, user, id, edit) {
        Ok(changed) if changed == *user => Decision::done(changed),
        Ok(changed) => {
            let fields = vec!["positions".to_owned()];
            written(
                act,
                changed,
                What::UserEdited {
                    user: user.id,
                    fields,
                },
                entropy,
            )
        }
        Err(reason) => Decision::refused(reason),
    }
}

fn edited(act: &Act<'_>, user: &User, id: PositionId, edit: &PositionEdit) -> Result<User, Reason> {
    let mut position = find(act, user, id)?.clone();
    if edit.main == Some(false) && position.main {
        return Err(Reason::MainPositionNeeded);
    }
    if let Some(text) = &edit.title {
        position.title = title(text)?;
    }
    if let Some(until) = edit.until {
        let (_, until) = dates(act, Some(position.from), until)?;
        position.until = until;
    }
    let mut changed = user.clone();
    for held in changed.positions.iter_mut().filter(|p| p.id == id) {
        *held = position.clone();
    }
    if edit.main == Some(true) {
        make_main(act, &mut changed, id)?;
    }
    keep_a_main(&mut changed, act.now());
    Ok(changed)
}

/// Ends a position now. Another one becomes the main one if it was.
///
/// Refuses with `not_found_here`, `changed_meanwhile`, `outside_scope`.
pub fn unassign_position(
    act: &Act<'_>,
    user: &User,
    id: PositionId,
    entropy: &mut Entropy,
) -> Decision<User> {
    match find(act, user, id).map(|p| p.unit) {
        Ok(unit) => {
            let mut changed = user.clone();
            for position in changed.positions.iter_mut().filter(|p| p.id == id) {
                // One that never began leaves an empty span, not one that ends before it begins.
                position.from = position.from.min(act.now());
                position.until = Some(act.now());
            }
            keep_a_main(&mut changed, act.now());
            written(
                act,
                changed,
                What::PositionUnassigned {
                    user: user.id,
                    unit,
                },
                entropy,
            )
        }
        Err(reason) => Decision::refused(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{
        self, CLINIC, HEALTH, JUSTICE, NOW, Stage, done, reason, with_position,
    };

    fn new(unit: &str, main: bool) -> PositionNew {
        PositionNew {
            unit: unit.into(),
            title: "Trưởng phòng".into(),
            main,
            ..PositionNew::default()
        }
    }

    #[test]
    fn positions_are_given_within_reach() {
        let (province, health) = (Stage::province(), Stage::health());
        let here = || with_position(sample::user("an"), HEALTH);
        let elsewhere = || with_position(sample::user("an"), JUSTICE);
        let both = || with_position(elsewhere(), HEALTH);
        let mut reversed = new("H42.05", false);
        reversed.until = Some(NOW);
        let mut same = new("H42.05", false);
        same.title = "Chuyên viên".into();
        for (what, stage, user, new, answer) in [
            ("here", &health, here(), new("H42.05.01", false), None),
            (
                "elsewhere",
                &health,
                here(),
                new("H42.06", false),
                Some(Reason::OutsideScope),
            ),
            (
                "to a stranger",
                &health,
                elsewhere(),
                new("H42.05", false),
                Some(Reason::NotFoundHere),
            ),
            (
                "to somebody shared",
                &health,
                both(),
                new("H42.05.01", false),
                None,
            ),
            (
                "as main before another unit's",
                &health,
                both(),
                new("H42.05.01", true),
                Some(Reason::OutsideScope),
            ),
            (
                "the same by the province",
                &province,
                both(),
                new("H42.05.01", true),
                None,
            ),
            (
                "in no unit",
                &province,
                here(),
                new("H99", false),
                Some(Reason::UnitUnknown),
            ),
            (
                "ending at once",
                &province,
                here(),
                reversed,
                Some(Reason::DatesReversed),
            ),
            (
                "twice",
                &province,
                here(),
                same,
                Some(Reason::PositionTaken),
            ),
        ] {
            let decision = assign_position(&stage.act(), &user, &new, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
        }
    }

    #[test]
    fn there_is_always_one_main_position() {
        let stage = Stage::province();
        let mut entropy = sample::entropy();
        let user = with_position(with_position(sample::user("an"), HEALTH), CLINIC);
        let mains = |user: &User| user.positions_at(NOW).iter().filter(|p| p.main).count();
        let moved = done(assign_position(
            &stage.act(),
            &user,
            &new("H42.06", true),
            &mut entropy,
        ));
        assert_eq!(mains(&moved), 1);
        assert_eq!(moved.positions_at(NOW)[0].unit, JUSTICE);
        let id = moved.positions_at(NOW)[0].id;
        let left = done(unassign_position(&stage.act(), &moved, id, &mut entropy));
        assert_eq!((mains(&left), left.positions_at(NOW).len()), (1, 2));
        let main = left.positions_at(NOW)[0].id;
        let demote = PositionEdit {
            main: Some(false),
            ..PositionEdit::default()
        };
        let refused = edit_position(&stage.act(), &left, main, &demote, &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::MainPositionNeeded));
        let other = left.positions_at(NOW)[1].id;
        let promote = PositionEdit {
            main: Some(true),
            ..PositionEdit::default()
        };
        let promoted = done(edit_position(
            &stage.act(),
            &left,
            other,
            &promote,
            &mut entropy,
        ));
        assert_eq!(
            (mains(&promoted), promoted.positions_at(NOW)[0].id),
            (1, other)
        );
        let past = edit_position(&stage.act(), &left, id, &promote, &mut entropy);
        assert_eq!(reason(&past), Some(Reason::NotFoundHere));
    }

    #[test]
    fn a_unit_administrator_ends_own_positions_only() {
        let stage = Stage::health();
        let user = with_position(with_position(sample::user("an"), JUSTICE), HEALTH);
        let (foreign, own) = (user.positions[0].id, user.positions[1].id);
        let mut entropy = sample::entropy();
        let refused = unassign_position(&stage.act(), &user, foreign, &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::OutsideScope));
        let left = done(unassign_position(&stage.act(), &user, own, &mut entropy));
        assert_eq!(left.positions_at(NOW).len(), 1);
        assert!(left.positions_at(NOW)[0].main);
    }

    #[test]
    fn a_position_that_never_began_ends_without_ever_being_held() {
        let stage = Stage::province();
        let mut user = with_position(with_position(sample::user("an"), HEALTH), CLINIC);
        user.positions[1].from = NOW + std::time::Duration::from_secs(60);
        let id = user.positions[1].id;
        let left = done(unassign_position(
            &stage.act(),
            &user,
            id,
            &mut sample::entropy(),
        ));
        assert_eq!(left.positions[1].until, Some(NOW));
        assert_eq!(left.positions_at(NOW).len(), 1);
    }
}
