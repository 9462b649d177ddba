//! An API that takes the provider's access tokens. Set `ISSUER`, `BASE_URL` (`http://localhost:`
//! and a port, which is also its name in tokens) and `NONCE_SECRET`; `CLIENT_ID` and
//! `CLIENT_SECRET` prove it at the introspection endpoint, for opaque tokens.
use std::env::var;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use axum::{Json, Router, routing::get};
use idp_relying_party::resource::{Binding, Caller, Introspection, ResourceServer, guard};
use idp_relying_party::{ClientAuthentication, Settings};
use serde_json::{Value, json};

async fn reports(caller: Caller) -> Json<Value> {
    Json(json!({"for": caller.sub, "by": caller.client_id, "reports": []}))
}

async fn accounts(caller: Caller) -> Json<Value> {
    Json(json!({"for": caller.sub, "level": caller.authentication.acr, "accounts": []}))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let base_url = var("BASE_URL")?;
    let settings = Settings::new(&var("ISSUER")?, &var("CLIENT_ID")?, &base_url)?
        .authentication(ClientAuthentication::secret_basic(&var("CLIENT_SECRET")?));
    let server = ResourceServer::new(settings, &base_url)?
        .introspection(Introspection::Opaque)
        .binding(Binding::Always)
        .demand_nonces(var("NONCE_SECRET")?.as_bytes());
    // Reading takes a scope; accounts also take a strong sign-in of the last ten minutes.
    let reading = server.requiring(["reports.read"]);
    let strongly = server
        .requiring(["reports.read"])
        .acr(["urn:vn:nd69-2024:loa:3"])
        .max_age(Duration::from_secs(600));
    let open: Router = Router::new()
        .route("/reports", get(reports))
        .route_layer(from_fn_with_state(reading, guard));
    let strict: Router = Router::new()
        .route("/accounts", get(accounts))
        .route_layer(from_fn_with_state(strongly, guard));
    let port = base_url.rsplit(':').next().unwrap_or_default();
    let listener = tokio::net::TcpListener::bind(format!("localhost:{port}")).await?;
    Ok(axum::serve(listener, open.merge(strict)).await?)
}
