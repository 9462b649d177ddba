//! The administration API over HTTP: adapters between `idp-admin-api` and the flows.
//!
//! Only ever served on the administration socket: a request that does not carry the checked
//! [`AdminPeer`] is refused, so that mounting the router elsewhere opens nothing.

mod address;
mod audit;
mod certificate;
mod change_set;
mod client;
mod desk;
mod key;
mod node;
mod outbox;
mod problem;
mod registration;
mod role;
mod session;
#[cfg(test)]
mod tests;
mod trust;
mod unit;
mod user;
mod user_certificate;
mod user_import;
mod wire;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router, middleware};
use idp_admin_api::{paths, user_import::MAX_BYTES};
use idp_core::base::fault::Fault;
use idp_core::flow::{Provider, RequestContext};
use idp_core::ports::KeyMaker;

use super::context::Arrival;

pub(crate) use audit::head as audit_head;

pub use crate::listen::admin_socket::AdminPeer;
pub use client::declared_metadata;
pub(crate) use problem::field;

/// Makes the circumstances and the randomness of a request.
pub type MakeContext = dyn Fn(&Arrival) -> Result<RequestContext, Fault> + Send + Sync;

/// What the handlers share.
#[derive(Clone)]
pub struct AdminState {
    /// The provider that is administered.
    pub provider: Provider,
    /// Makes keys.
    pub key_maker: Arc<dyn KeyMaker>,
    /// Makes the circumstances of a request.
    pub context: Arc<MakeContext>,
}

/// The administration API. The caller adds the [`AdminPeer`] of the connection to each request.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .merge(people())
        .merge(things())
        .merge(records())
        .route(paths::OPENAPI, get(async || Json(idp_admin_api::openapi())))
        .fallback(problem::nothing_here)
        .method_not_allowed_fallback(problem::nothing_here)
        .layer(middleware::from_fn_with_state(state.clone(), problem::note))
        .layer(middleware::from_fn(problem::render))
        .with_state(state)
}

fn people() -> Router<AdminState> {
    Router::new()
        .route(paths::UNITS, get(unit::list).post(unit::add))
        .route(paths::UNIT, get(unit::show).patch(unit::edit))
        .route(paths::UNIT_DISABLE, post(unit::disable))
        .route(paths::UNIT_ENABLE, post(unit::enable))
        .route(paths::USERS, get(user::list).post(user::add))
        .route(paths::USER, get(user::show).patch(user::edit))
        .route(paths::USER_DISABLE, post(user::disable))
        .route(paths::USER_ENABLE, post(user::enable))
        .route(paths::USER_RESET, post(user::reset))
        .route(paths::USER_END_SESSIONS, post(session::end_of_user))
        .route(paths::USER_POSITIONS, post(user::assign_position))
        .route(
            paths::USER_POSITION,
            patch(user::edit_position).delete(user::unassign_position),
        )
        .route(paths::USER_ROLES, post(user::assign_role))
        .route(paths::USER_ROLE, delete(user::unassign_role))
        .route(
            paths::USER_CERTIFICATES,
            get(user_certificate::list).post(user_certificate::add),
        )
        .route(paths::USER_CERTIFICATE, delete(user_certificate::remove))
        .route(
            paths::USER_IMPORTS,
            post(user_import::import).layer(DefaultBodyLimit::max(MAX_BYTES)),
        )
        .route(paths::ROLES, get(role::list).post(role::add))
        .route(
            paths::ROLE,
            get(role::show).patch(role::edit).delete(role::remove),
        )
}

fn things() -> Router<AdminState> {
    Router::new()
        .route(paths::CLIENTS, get(client::list).post(client::add))
        .route(paths::CLIENT, get(client::show).patch(client::edit))
        .route(paths::CLIENT_DISABLE, post(client::disable))
        .route(paths::CLIENT_ENABLE, post(client::enable))
        .route(paths::CLIENT_ROTATE_SECRET, post(client::rotate_secret))
        .route(
            paths::REGISTRATION_TOKENS,
            get(registration::list).post(registration::add),
        )
        .route(paths::REGISTRATION_TOKEN, delete(registration::remove))
        .route(paths::TRUST_ANCHORS, get(trust::list).post(trust::add))
        .route(paths::TRUST_ANCHOR, get(trust::show))
        .route(paths::TRUST_ANCHOR_EDIT, post(trust::edit))
        .route(paths::TRUST_ANCHOR_DISTRUST, post(trust::distrust))
        .route(
            paths::CERTIFICATE_VERIFY,
            post(certificate::verify).layer(DefaultBodyLimit::max(certificate::MAX_BYTES)),
        )
        .route(paths::KEYS, get(key::list))
        .route(paths::KEY, get(key::show))
        .route(paths::KEY_ROTATIONS, post(key::rotate))
}

fn records() -> Router<AdminState> {
    Router::new()
        .route(paths::SESSIONS, get(session::list))
        .route(paths::SESSION, get(session::show))
        .route(paths::SESSION_END, post(session::end))
        .route(paths::AUDIT_EVENTS, get(audit::list))
        .route(
            paths::AUDIT_VERIFY,
            post(audit::verify).layer(DefaultBodyLimit::max(MAX_BYTES)),
        )
        .route(paths::AUDIT_EXPORT, get(audit::export))
        .route(paths::OUTBOX, get(outbox::list))
        .route(paths::DELIVERY, get(outbox::show))
        .route(paths::DELIVERY_RETRY, post(outbox::retry))
        .route(paths::CHANGE_SETS, get(change_set::list))
        .route(paths::CHANGE_SET, get(change_set::show))
        .route(paths::CHANGE_SET_ENTRIES, get(change_set::entries))
        .route(paths::CHANGE_SET_UNDO, post(change_set::undo))
        .route(paths::NODE_CONFIGURATION, get(node::compare))
        .route(paths::NODE_CONFIGURATION_AGREE, post(node::agree))
}
