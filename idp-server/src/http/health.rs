//! Whether the process lives, and whether it can serve.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use idp_core::ports::Obstacle;
use serde_json::json;

use super::site::Shared;

/// `GET /health/live`: the process answers.
pub async fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

/// `GET /health/ready`: store, tickets and keys answer, the clock agrees with the shared store's,
/// the configuration with that of the other nodes, the PKCS#11 device signs with those keys that
/// sign now and rest there, and the server is not about to stop; otherwise 503 and which part does
/// not, without details but one word for the device.
pub async fn ready(State(site): State<Shared>) -> Response {
    let issuer = &site.provider.policy.issuer_key;
    let store = site.provider.records.ping().await.is_ok();
    let tickets = site.provider.tickets.ready().await.is_ok();
    let keys = site
        .provider
        .signer
        .published(issuer)
        .await
        .is_ok_and(|k| !k.keys().is_empty());
    let obstacle = site.provider.signer.obstacle(issuer).await;
    let clock = clock_agrees(&site).await;
    let configuration = configuration_agrees(&site).await;
    let serving = !site.is_stopping();
    let agrees = clock && configuration;
    let ready = store && tickets && keys && obstacle.is_none() && agrees && serving;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = |ok: bool| if ok { "ok" } else { "failing" };
    let body = json!({
        "status": if ready { "ready" } else { "not_ready" },
        "store": word(store),
        "tickets": word(tickets),
        "keys": word(keys),
        "device": obstacle.map_or("ok", Obstacle::name),
        "clock": word(clock),
        "configuration": word(configuration),
        "stopping": !serving,
    });
    (status, Json(body)).into_response()
}

/// Whether this node was told what the others were; also when the store does not answer, which
/// `store` tells.
async fn configuration_agrees(site: &Shared) -> bool {
    match site.provider.configuration_differences().await {
        Ok(differences) => differences.is_empty(),
        Err(fault) => fault.transient,
    }
}

/// Whether the clock agrees with the store's; also when that does not answer, which `store` tells.
async fn clock_agrees(site: &Shared) -> bool {
    let checked = site.clock.check(site.provider.records.as_ref()).await;
    checked.err().is_none_or(|fault| fault.place != "clock")
}
