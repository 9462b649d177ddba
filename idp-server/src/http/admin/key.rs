//! Keys over HTTP.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use idp_admin_api::PageQuery;
use idp_admin_api::key::{Key, KeyRotated, KeyRotation, KeyState};
use idp_core::admin::key as core;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::flow::admin::key as flow;
use idp_core::model;

use super::AdminState;
use super::desk::{Body, Desk, Query, cut, listed, page};
use super::problem::Answer;
use super::wire::{same, time};

fn state(key: &model::key::Key, now: Timestamp) -> KeyState {
    if key.is_active(now) {
        KeyState::Active
    } else if now < key.active_from && key.active_until.is_none_or(|end| key.active_from < end) {
        KeyState::Announced
    } else if key.published_until.is_none_or(|end| now < end) {
        KeyState::Retired
    } else {
        KeyState::Over
    }
}

fn shown(key: &model::key::Key, now: Timestamp) -> Result<Key, Reason> {
    Ok(Key {
        kid: key.kid.clone(),
        purpose: same(key.purpose)?,
        algorithm: key.algorithm.clone(),
        place: same(key.kept().0)?,
        state: state(key, now),
        created_at: time(key.created_at),
        active_from: time(key.active_from),
        active_until: key.active_until.map(time),
        published_until: key.published_until.map(time),
        public_jwk: key.public_jwk.clone(),
    })
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let now = desk.context.here.now;
    let keys = flow::list(&desk).await?;
    let keys: Result<Vec<_>, _> = keys.iter().map(|k| shown(k, now)).collect();
    Ok(listed(
        cut(keys?, &page(query.after, query.limit)?)?,
        |key| key,
    ))
}

pub(super) async fn show(Desk(desk): Desk, Path(kid): Path<String>) -> Answer {
    let key = flow::show(&desk, &kid).await?;
    Ok(Json(shown(&key, desk.context.here.now)?).into_response())
}

pub(super) async fn rotate(
    State(state): State<AdminState>,
    Desk(mut desk): Desk,
    Body(wanted): Body<KeyRotation>,
) -> Answer {
    let (purpose, at_once) = (same(wanted.purpose)?, wanted.at_once);
    let wanted = core::KeyRotation {
        purpose,
        algorithm: wanted.algorithm,
        place: wanted.place.map(same).transpose()?,
        at_once,
        succeeds: None,
    };
    let rotated = flow::rotate(&mut desk, &wanted, state.key_maker.as_ref()).await?;
    let now = desk.context.here.now;
    let retired: Result<Vec<_>, _> = rotated.retired.iter().map(|k| shown(k, now)).collect();
    let added = rotated.added.as_ref().map(|k| shown(k, now)).transpose()?;
    let status = if desk.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((
        status,
        Json(KeyRotated {
            added,
            retired: retired?,
        }),
    )
        .into_response())
}
