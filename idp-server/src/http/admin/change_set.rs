//! Change sets over HTTP.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use idp_admin_api::change_set::{ChangeSet, ChangeSetEntry, UndoReport};
use idp_admin_api::{Page, PageQuery};
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::Administration;
use idp_core::flow::admin::change_set as flow;
use idp_core::flow::admin::change_set::EntryNow;
use idp_core::model;

use super::desk::{Desk, Query, limit, page, place};
use super::problem::{Answer, Refused};
use super::wire::{same, time};

/// With the present user name of whoever began it.
async fn shown(
    desk: &Administration,
    set: &model::change_set::ChangeSet,
) -> Result<ChangeSet, Refused> {
    let user = match set.actor.parse() {
        Ok(id) => desk.provider.records.user(id).await?,
        Err(_) => None,
    };
    Ok(ChangeSet {
        id: set.id.to_string(),
        kind: same(set.kind)?,
        state: same(set.state)?,
        actor: user.map_or_else(|| set.actor.clone(), |u| u.user_name()),
        title: set.title.clone(),
        planned: set.planned,
        applied: set.applied,
        created_at: time(set.created_at),
    })
}

fn entry((entry, user): &EntryNow) -> ChangeSetEntry {
    ChangeSetEntry {
        place: entry.place,
        aggregate: entry.aggregate.clone(),
        id: entry.id.clone(),
        name: user.as_ref().map(model::user::User::user_name),
        added: entry.before.is_none(),
        changed_since: user.as_ref().is_none_or(|u| u.version != entry.after),
    }
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let listing = flow::list(&desk, &page(query.after, query.limit)?).await?;
    let mut entries = Vec::with_capacity(listing.entries.len());
    for set in &listing.entries {
        entries.push(shown(&desk, set).await?);
    }
    Ok(Json(Page {
        entries,
        next: listing.next,
    })
    .into_response())
}

pub(super) async fn show(Desk(desk): Desk, Path(id): Path<String>) -> Answer {
    let set = flow::show(&desk, &id).await?;
    Ok(Json(shown(&desk, &set).await?).into_response())
}

pub(super) async fn entries(
    Desk(desk): Desk,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer {
    let from = place(query.after.as_deref())?;
    let limit = limit(query.limit);
    let found = flow::entries(&desk, &id, from, limit).await?;
    let full = u32::try_from(found.len()).is_ok_and(|n| n == limit);
    let next = found
        .last()
        .filter(|_| full)
        .map(|(e, _)| (e.place + 1).to_string());
    Ok(Json(Page {
        entries: found.iter().map(entry).collect::<Vec<_>>(),
        next,
    })
    .into_response())
}

pub(super) async fn undo(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
    let report = flow::undo(&mut desk, id).await?;
    Ok(Json(UndoReport {
        change_set: report.change_set.map(|id| id.to_string()),
        restored: report.restored,
        kept: report.kept.iter().map(entry).collect(),
    })
    .into_response())
}
