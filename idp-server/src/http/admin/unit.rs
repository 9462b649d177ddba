//! Units over HTTP.

use axum::extract::Path;
use idp_admin_api::unit::{Unit, UnitEdit, UnitNew, UnitQuery};
use idp_core::admin::unit as core;
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::unit as flow;
use idp_core::flow::admin::unit::UnitInTree;
use idp_core::model::organisation_unit::OrganisationUnit;
use idp_core::organisation::UnitTree;

use super::desk::{Body, Desk, Query, cut, listed, made, one, page};
use super::problem::{Answer, Refused};
use super::wire::{core_local, local, parse_times, same, time, unit_reference};

fn shown(tree: &UnitTree, unit: &OrganisationUnit) -> Result<Unit, Reason> {
    let mut above = tree.path(unit.id);
    above.pop();
    Ok(Unit {
        id: unit.id.to_string(),
        version: unit.version.0,
        code: unit.code.to_string(),
        name: local(&unit.name),
        path: above.iter().map(|u| unit_reference(tree, u.id)).collect(),
        state: same(unit.state)?,
        valid_from: time(unit.valid_from),
        valid_until: unit.valid_until.map(time),
        replaced_by: unit.replaced_by.map(|id| unit_reference(tree, id)),
    })
}

fn whole(of: &UnitInTree) -> Answer {
    Ok(one(shown(&of.tree, &of.unit)?, of.unit.version.0))
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<UnitQuery>) -> Answer {
    let tree = flow::tree(&desk).await?;
    let below = match &query.below {
        Some(named) => Some(tree.subtree(tree.named(named).ok_or(Reason::UnitUnknown)?.id)),
        None => None,
    };
    let mut found: Vec<Unit> = Vec::new();
    for unit in tree.search(query.q.as_deref().unwrap_or_default()) {
        let unit_shown = shown(&tree, unit)?;
        let here = below.as_ref().is_none_or(|below| below.contains(&unit.id));
        if here && query.state.is_none_or(|state| state == unit_shown.state) {
            found.push(unit_shown);
        }
    }
    Ok(listed(
        cut(found, &page(query.after, query.limit)?)?,
        |unit| unit,
    ))
}

pub(super) async fn show(Desk(desk): Desk, Path(named): Path<String>) -> Answer {
    whole(&flow::show(&desk, &named).await?)
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<UnitNew>) -> Answer {
    let new = core::UnitNew {
        code: new.code,
        name: core_local(new.name),
        parent: new.parent,
        valid_from: parse_times(new.valid_from.as_ref())?,
    };
    let added = flow::add(&mut desk, &new).await?;
    Ok(made(
        desk.dry_run,
        shown(&added.tree, &added.unit)?,
        added.unit.version.0,
    ))
}

pub(super) async fn edit(
    Desk(mut desk): Desk,
    Path(named): Path<String>,
    Body(edit): Body<UnitEdit>,
) -> Answer {
    let edit = core::UnitEdit {
        code: edit.code,
        name: edit.name.map(core_local),
        parent: edit.parent,
        replaced_by: edit.replaced_by,
    };
    whole(&flow::edit(&mut desk, &named, &edit).await?)
}

pub(super) async fn disable(Desk(mut desk): Desk, Path(named): Path<String>) -> Answer {
    whole(&flow::disable(&mut desk, &named).await?)
}

pub(super) async fn enable(Desk(mut desk): Desk, Path(named): Path<String>) -> Answer {
    whole(
        &flow::enable(&mut desk, &named)
            .await
            .map_err(Refused::from)?,
    )
}
