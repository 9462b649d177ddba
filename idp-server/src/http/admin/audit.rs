//! The audit over HTTP.

use axum::Json;
use axum::response::IntoResponse;
use idp_admin_api::Page;
use idp_admin_api::audit::{
    Actor, ActorKind, AuditBlock, AuditEvent, AuditExport, AuditExportQuery, AuditHead, AuditQuery,
    AuditReport, AuditVerification, ChainBreak, ChainBreakKind, MAX_HEADS, SealedEvent,
};
use idp_core::admin::audit::{AuditFilter, described};
use idp_core::base::refusal::Reason;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::event;
use idp_core::event::seal::{Block, BlockHead, ChainBreak as Broken, StoredEvent};
use idp_core::event::{EventBody, EventPersonal};
use idp_core::flow::admin::audit as flow;
use idp_core::flow::admin::audit::{AuditPage, Direction};
use idp_core::model::client::ClientId;

use super::desk::{Body, Desk, Query, limit};
use super::problem::Answer;
use super::wire::time;

fn actor(of: &event::Actor, page: &AuditPage) -> Actor {
    let (kind, id, name) = match of {
        event::Actor::User(id) => (ActorKind::User, Some(id.to_string()), page.names.get(id)),
        event::Actor::Client(id) => (ActorKind::Client, Some(id.to_string()), None),
        event::Actor::System => (ActorKind::System, None, None),
        event::Actor::Anonymous => (ActorKind::Anonymous, None, None),
    };
    Actor {
        kind,
        id,
        name: name.cloned(),
    }
}

fn shown((stored, body): &(StoredEvent, EventBody), page: &AuditPage) -> AuditEvent {
    let (event, fields) = described(&body.what);
    let personal = stored.personal.as_deref();
    let personal = personal.and_then(|p| serde_json::from_str::<EventPersonal>(p).ok());
    let personal = personal.map(|p| p.fields).unwrap_or_default();
    AuditEvent {
        place: stored.place,
        at: time(body.at),
        actor: actor(&body.actor, page),
        request_id: body.request.clone(),
        event,
        fields,
        address: personal.address,
        user_agent: personal.user_agent,
    }
}

fn filter(query: &AuditQuery) -> Result<AuditFilter, Reason> {
    let client = query
        .client
        .as_deref()
        .map(|id| ClientId::new(id).ok_or(Reason::ClientIdMalformed));
    Ok(AuditFilter {
        event: query.event.clone(),
        user: None,
        client: client.transpose()?,
    })
}

pub(super) async fn list(Desk(mut desk): Desk, Query(query): Query<AuditQuery>) -> Answer {
    let direction = match (query.after, query.before) {
        (Some(place), None) => Direction::After(place),
        (None, before) => Direction::Before(before),
        (Some(_), Some(_)) => return Err(Reason::AuditDirectionsMixed.into()),
    };
    let (filter, about) = (filter(&query)?, query.user.as_deref());
    let page = flow::list(&mut desk, &filter, about, direction, limit(query.limit)).await?;
    let entries: Vec<_> = page.events.iter().map(|e| shown(e, &page)).collect();
    let next = page.next.map(|place| place.to_string());
    Ok(Json(Page { entries, next }).into_response())
}

/// The head of a block as it leaves the machine.
pub(crate) fn head(block: &Block) -> AuditHead {
    let head = &block.head;
    AuditHead {
        number: head.number,
        first: head.first,
        last: head.last,
        count: head.count,
        events: head.events.to_base64url(),
        previous: head.previous.to_base64url(),
        sealed_at: head.sealed_at.millis(),
        kid: block.kid.clone(),
        signature: block.signature.clone(),
    }
}

fn kept(head: &AuditHead) -> Result<BlockHead, Reason> {
    let digest = |text: &str| Digest::from_base64url(text).ok_or(Reason::AuditHeadMalformed);
    Ok(BlockHead {
        number: head.number,
        first: head.first,
        last: head.last,
        count: head.count,
        events: digest(&head.events)?,
        previous: digest(&head.previous)?,
        sealed_at: Timestamp::from_millis(head.sealed_at),
    })
}

fn broken(of: &Broken) -> ChainBreak {
    let (kind, at) = match of {
        Broken::Order(at) => (ChainBreakKind::Order, *at),
        Broken::Events(at) => (ChainBreakKind::Events, *at),
        Broken::Signature(at) => (ChainBreakKind::Signature, *at),
        Broken::Personal(at) => (ChainBreakKind::Personal, *at),
        Broken::Truncated(at) => (ChainBreakKind::Truncated, *at),
    };
    ChainBreak {
        kind,
        at,
        message: of.to_string(),
    }
}

pub(super) async fn verify(Desk(mut desk): Desk, Body(wanted): Body<AuditVerification>) -> Answer {
    if wanted.heads.len() > MAX_HEADS {
        return Err(Reason::ParameterTooLong.into());
    }
    let heads: Result<Vec<_>, _> = wanted.heads.iter().map(kept).collect();
    let report = flow::verify(&mut desk, &heads?).await?;
    Ok(Json(AuditReport {
        intact: report.broken.is_none(),
        blocks: report.blocks,
        events: report.events,
        unsealed: report.unsealed,
        heads_found: report.heads_found,
        last_head: report.last.as_ref().map(head),
        broken: report.broken.as_ref().map(broken),
    })
    .into_response())
}

pub(super) async fn export(Desk(mut desk): Desk, Query(query): Query<AuditExportQuery>) -> Answer {
    let export = flow::export(&mut desk, query.from.unwrap_or(1), limit(query.limit)).await?;
    let sealed = |event: StoredEvent| SealedEvent {
        place: event.place,
        body: event.body,
        personal: event.personal.filter(|_| query.personal),
    };
    let block = |(block, events): (Block, Vec<StoredEvent>)| AuditBlock {
        head: head(&block),
        events: events.into_iter().map(sealed).collect(),
    };
    Ok(Json(AuditExport {
        blocks: export.blocks.into_iter().map(block).collect(),
        next: export.next,
        last: export.last,
        keys: export.keys,
    })
    .into_response())
}
