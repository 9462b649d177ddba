//! Flows about organisation units.

use std::sync::Arc;

use super::{Administration, load};
use crate::admin::unit::{self, UnitEdit, UnitNew};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::organisation_unit::OrganisationUnit;
use crate::organisation::UnitTree;

/// A unit, and the tree in which it stands (as it was before a change).
#[derive(Clone, Debug)]
pub struct UnitInTree {
    /// The unit.
    pub unit: OrganisationUnit,
    /// All units.
    pub tree: Arc<UnitTree>,
}

/// All units. Every administrator may see the whole tree.
///
/// # Errors
/// `administrator_unknown`; a fault of the store.
pub async fn tree(desk: &Administration) -> Result<Arc<UnitTree>, Failure> {
    Ok(desk.ground().await?.tree)
}

/// A unit, by id or code.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn show(desk: &Administration, named: &str) -> Result<UnitInTree, Failure> {
    let tree = tree(desk).await?;
    let unit = tree.named(named).cloned().ok_or(Reason::NotFoundHere)?;
    Ok(UnitInTree { unit, tree })
}

/// Adds a unit.
///
/// # Errors
/// What [`unit::add`] refuses with.
pub async fn add(desk: &mut Administration, new: &UnitNew) -> Result<UnitInTree, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let decision = unit::add(&ground.act(), new, &mut desk.context.entropy);
        if let Some(unit) = desk.settle(decision).await? {
            return stored(desk, unit).await;
        }
    }
    Err(contended())
}

/// Changes a unit.
///
/// # Errors
/// What [`unit::edit`] refuses with; `not_found_here`.
pub async fn edit(
    desk: &mut Administration,
    named: &str,
    edit: &UnitEdit,
) -> Result<UnitInTree, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let unit = ground.tree.named(named).ok_or(Reason::NotFoundHere)?;
        let decision = unit::edit(&ground.act(), unit, edit, &mut desk.context.entropy);
        if let Some(unit) = desk.settle(decision).await? {
            return stored(desk, unit).await;
        }
    }
    Err(contended())
}

/// Takes a unit out of use.
///
/// # Errors
/// What [`unit::disable`] refuses with; `not_found_here`.
pub async fn disable(desk: &mut Administration, named: &str) -> Result<UnitInTree, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let unit = ground.tree.named(named).ok_or(Reason::NotFoundHere)?;
        let people = load::people_of(&desk.provider, unit.id).await?;
        let decision = unit::disable(&ground.act(), unit, &people, &mut desk.context.entropy);
        if let Some(unit) = desk.settle(decision).await? {
            return stored(desk, unit).await;
        }
    }
    Err(contended())
}

/// Takes a unit into use again.
///
/// # Errors
/// What [`unit::enable`] refuses with; `not_found_here`.
pub async fn enable(desk: &mut Administration, named: &str) -> Result<UnitInTree, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let unit = ground.tree.named(named).ok_or(Reason::NotFoundHere)?;
        let decision = unit::enable(&ground.act(), unit, &mut desk.context.entropy);
        if let Some(unit) = desk.settle(decision).await? {
            return stored(desk, unit).await;
        }
    }
    Err(contended())
}

/// The tree after the change. What was decided is shown as the store has it now, with its new
/// version; after a dry run as it would be.
async fn stored(desk: &Administration, unit: OrganisationUnit) -> Result<UnitInTree, Failure> {
    let mut units = desk.provider.records.units().await?;
    let unit = match units.iter().find(|u| u.id == unit.id && !desk.dry_run) {
        Some(stored) => stored.clone(),
        None => {
            units.retain(|u| u.id != unit.id);
            units.push(unit.clone());
            unit
        }
    };
    Ok(UnitInTree {
        unit,
        tree: Arc::new(UnitTree::new(units)),
    })
}
