//! The provider's addresses.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::document::Document;
use super::lie::Place;
use super::{Shared, answers, authorization, resources, token};

pub(super) type Ours = State<Arc<Shared>>;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(keys))
        .route("/par", post(authorization::pushed))
        .route("/authorize", get(authorization::authorize))
        .route("/token", post(token::token))
        .route("/userinfo", get(resources::userinfo))
        .route("/introspect", post(resources::introspect))
        .route("/elsewhere", get(|| async { Json(json!({})) }))
        .layer(from_fn_with_state(Arc::clone(&shared), count))
        .with_state(shared)
}

async fn count(State(shared): Ours, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    *shared.state().requests.entry(path).or_default() += 1;
    next.run(request).await
}

async fn metadata(State(shared): Ours) -> Response {
    let issuer = &shared.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    let document = Document::new(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"),
        "introspection_endpoint": at("/introspect"),
        "pushed_authorization_request_endpoint": at("/par"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post", "query.jwt", "form_post.jwt"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
    }));
    answers::json(&shared, document, Place::Discovery)
}

async fn keys(State(shared): Ours) -> Response {
    let keys: Value = json!({ "keys": [shared.state().keys.published.public_jwk()] });
    answers::json(&shared, Document::new(keys), Place::Keys)
}
