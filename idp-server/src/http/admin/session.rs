//! Sessions over HTTP.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use idp_admin_api::session::{Session, SessionEnd, SessionEnded, SessionQuery, SessionsEnded};
use idp_admin_api::user::UserReference;
use idp_core::authn::session_end::Ended;
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::Administration;
use idp_core::flow::admin::session as flow;
use idp_core::flow::admin::session::OwnedSession;

use super::desk::{Desk, Query, page};
use super::problem::Answer;
use super::wire::{same, time};

fn shown(desk: &Administration, of: &OwnedSession) -> Result<Session, Reason> {
    let (now, idle) = (
        desk.context.here.now,
        desk.provider.policy.lifetimes.session_idle,
    );
    let session = &of.session;
    let live = session.is_live(now, idle);
    let ended = match session.ended {
        Some((at, why)) => Some(SessionEnded {
            at: time(at),
            why: same(why)?,
        }),
        None if live => None,
        None => {
            let at = session.expires_at.min(session.last_seen_at + idle);
            Some(SessionEnded {
                at: time(at),
                why: SessionEnd::Expired,
            })
        }
    };
    Ok(Session {
        id: session.id.to_string(),
        user: UserReference {
            id: of.user.id.to_string(),
            user_name: of.user.user_name(),
            name: of.user.name.clone(),
        },
        live,
        acr: session.authentication.level.acr().to_owned(),
        amr: session
            .authentication
            .methods
            .iter()
            .map(|m| m.amr().to_owned())
            .collect(),
        auth_time: time(session.authentication.at),
        created_at: time(session.created_at),
        last_seen_at: time(session.last_seen_at),
        expires_at: time(session.expires_at),
        ended,
        user_agent: session.user_agent.clone(),
        clients: of.clients.iter().map(ToString::to_string).collect(),
    })
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<SessionQuery>) -> Answer {
    let page = page(query.after, query.limit)?;
    let listing = flow::list(&desk, query.user.as_deref(), query.ended, &page).await?;
    let entries: Result<Vec<_>, _> = listing.entries.iter().map(|s| shown(&desk, s)).collect();
    Ok(Json(idp_admin_api::Page {
        entries: entries?,
        next: listing.next,
    })
    .into_response())
}

pub(super) async fn show(Desk(desk): Desk, Path(id): Path<String>) -> Answer {
    let session = flow::show(&desk, &id).await?;
    Ok(Json(shown(&desk, &session)?).into_response())
}

fn counted(ended: Ended) -> Answer {
    Ok(Json(SessionsEnded {
        sessions: ended.sessions,
        logouts: ended.logouts,
    })
    .into_response())
}

pub(super) async fn end(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    counted(flow::end(&mut desk, &id).await?)
}

pub(super) async fn end_of_user(Desk(mut desk): Desk, Path(named): Path<String>) -> Answer {
    counted(flow::end_of_user(&mut desk, &named).await?)
}
