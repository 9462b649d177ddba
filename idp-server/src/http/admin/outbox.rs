//! Deliveries over HTTP.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use idp_admin_api::outbox::{Delivery, DeliveryQuery, DeliveryState};
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::outbox as flow;
use idp_core::model::outbox::OutboxEntry;

use super::desk::{Desk, Query, page};
use super::problem::Answer;
use super::wire::{same, time};

fn shown(entry: &OutboxEntry) -> Result<Delivery, Reason> {
    let state = same(entry.state)?;
    Ok(Delivery {
        id: entry.id.to_string(),
        kind: same(entry.kind)?,
        client: entry.client.to_string(),
        state,
        attempts: entry.attempts,
        due_at: (state == DeliveryState::Pending).then(|| time(entry.due_at)),
        created_at: time(entry.created_at),
        last_error: entry.last_error.clone(),
    })
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<DeliveryQuery>) -> Answer {
    let state = query.state.map(same).transpose()?;
    let listing = flow::list(&desk, state, &page(query.after, query.limit)?).await?;
    let entries: Result<Vec<_>, _> = listing.entries.iter().map(shown).collect();
    Ok(Json(idp_admin_api::Page {
        entries: entries?,
        next: listing.next,
    })
    .into_response())
}

pub(super) async fn show(Desk(desk): Desk, Path(id): Path<String>) -> Answer {
    Ok(Json(shown(&flow::show(&desk, &id).await?)?).into_response())
}

pub(super) async fn retry(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    Ok(Json(shown(&flow::retry(&mut desk, &id).await?)?).into_response())
}
