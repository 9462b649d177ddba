//! Initial access tokens over HTTP.

use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use idp_admin_api::PageQuery;
use idp_admin_api::registration::{
    RegistrationToken, RegistrationTokenNew, RegistrationTokenWithSecret,
};
use idp_core::admin::registration as core;
use idp_core::flow::admin::registration as flow;
use idp_core::model::registration::InitialToken;

use super::desk::{Body, Desk, Query, cut, listed, page};
use super::problem::Answer;
use super::wire::time;

fn shown(token: &InitialToken) -> RegistrationToken {
    RegistrationToken {
        id: token.id.to_string(),
        note: token.note.clone(),
        uses_left: token.uses_left,
        created_at: time(token.created_at),
        expires_at: time(token.expires_at),
    }
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let tokens = flow::list(&desk).await?;
    Ok(listed(
        cut(tokens, &page(query.after, query.limit)?)?,
        |token| shown(&token),
    ))
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<RegistrationTokenNew>) -> Answer {
    let new = core::InitialTokenNew {
        note: new.note,
        uses: new.uses,
        lifetime: Duration::from_secs(u64::from(new.lifetime_seconds)),
    };
    let made = flow::add(&mut desk, &new).await?;
    let secret = (!desk.dry_run).then(|| made.secret.expose().to_owned());
    let answer = RegistrationTokenWithSecret {
        registration_token: shown(&made.token),
        initial_access_token: secret,
    };
    let status = if desk.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, axum::Json(answer)).into_response())
}

pub(super) async fn remove(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    let removed = flow::remove(&mut desk, &id).await?;
    Ok(axum::Json(shown(&removed)).into_response())
}
