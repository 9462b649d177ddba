//! Certificates of accounts over HTTP.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use idp_admin_api::PageQuery;
use idp_admin_api::session::SessionsEnded;
use idp_admin_api::user_certificate::{UserCertificate, UserCertificateNew};
use idp_core::base::fault::Fault;
use idp_core::flow::admin::user_certificate as flow;
use idp_core::trust::describe::Described;

use super::desk::{Body, Desk, Query, cut, page};
use super::problem::Answer;
use super::wire::time;
use crate::http::verdict::octets;

pub(super) async fn list(
    Desk(desk): Desk,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer {
    let all = flow::list(&desk, &user).await?;
    let page = cut(all, &page(query.after, query.limit)?)?;
    let entries: Result<Vec<_>, _> = page.entries.iter().map(shown).collect();
    let next = page.next;
    let entries = entries?;
    Ok(Json(idp_admin_api::Page { entries, next }).into_response())
}

pub(super) async fn add(
    Desk(mut desk): Desk,
    Path(user): Path<String>,
    Body(new): Body<UserCertificateNew>,
) -> Answer {
    let bound = flow::bind(&mut desk, &user, &octets(&new.certificate)).await?;
    let status = if desk.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(shown(&bound)?)).into_response())
}

pub(super) async fn remove(
    Desk(mut desk): Desk,
    Path((user, id)): Path<(String, String)>,
) -> Answer {
    let ended = flow::unbind(&mut desk, &user, &id).await?;
    Ok(Json(SessionsEnded {
        sessions: ended.sessions,
        logouts: ended.logouts,
    })
    .into_response())
}

/// What rests was read when it was bound.
fn shown(of: &flow::UserCertificate) -> Result<UserCertificate, Fault> {
    let held = of.credential.certificate();
    let read = held.and_then(|held| Some((held, Described::of_der(&held.certificate)?)));
    let (held, described) =
        read.ok_or_else(|| Fault::lasting("store", "a bound certificate cannot be read"))?;
    let why = of.standing.err();
    Ok(UserCertificate {
        id: of.credential.id.to_string(),
        subject: described.subject,
        issuer: described.issuer,
        serial: described.serial,
        fingerprint: described.fingerprint,
        key: described.key.to_owned(),
        expires_at: time(held.expires_at),
        anchor: held.anchor.clone(),
        binding: held.binding.name().to_owned(),
        bound_at: time(of.credential.set_at),
        counts: why.is_none(),
        status_at: of.standing.ok().map(time),
        reason: why.map(|why| why.reason()),
        section: why.map(|why| why.section().to_owned()),
    })
}
