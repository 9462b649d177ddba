//! Every operation of the API is called as its table says.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{Method as HttpMethod, StatusCode, Uri};
use idp_admin_api::operations::{Method, OPERATIONS};
use idp_admin_api::paths::fill;
use serde_json::{Value, json};

use super::*;

/// An API that refuses everything, and the lines that reached it.
fn recording() -> (Api, Arc<Mutex<BTreeSet<String>>>) {
    let lines: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let kept = lines.clone();
    let router = Router::new().fallback(move |method: HttpMethod, uri: Uri| {
        kept.lock()
            .unwrap()
            .insert(format!("{method} {}", uri.path()));
        async { StatusCode::IM_A_TEAPOT }
    });
    let transport = Transport::InProcess(router);
    (
        Api::new(transport, Some("quantri".to_owned()), false),
        lines,
    )
}

fn made<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// Calls an operation that is refused.
macro_rules! refused {
    ($($call:expr),* $(,)?) => {
        $(assert!(matches!($call.await, Err(Failure::Failed(_))));)*
    };
}

async fn call_about_people(api: &Api) {
    let name = json!({ "vi": "x" });
    let unit = made(json!({
        "id": "x", "version": 1, "code": "x", "name": name, "path": [], "state": "active",
        "valid_from": "x"
    }));
    let user = made(json!({
        "id": "x", "version": 1, "user_name": "x", "name": "x", "kind": "official",
        "state": "active", "identifiers": [], "positions": [], "roles": [],
        "has_password": true, "created_at": "x", "updated_at": "x"
    }));
    refused![
        api.units(&Default::default()),
        api.unit("x"),
        api.add_unit(&Default::default()),
        api.edit_unit(&unit, &Default::default()),
        api.disable_unit("x"),
        api.enable_unit("x"),
        api.users(&Default::default()),
        api.user("x"),
        api.add_user(&Default::default()),
        api.edit_user(&user, &Default::default()),
        api.disable_user("x", &Default::default()),
        api.enable_user("x"),
        api.reset_user("x"),
        api.end_user_sessions("x"),
        api.assign_position("x", &Default::default()),
        api.edit_position(&user, "x", &Default::default()),
        api.unassign_position("x", "x"),
        api.assign_role("x", &Default::default()),
        api.unassign_role("x", "x", Some("H42")),
        api.user_certificates("x", &Default::default()),
        api.add_user_certificate("x", &Default::default()),
        api.remove_user_certificate("x", "x"),
        api.import_users(&Default::default()),
    ];
}

async fn call_about_things(api: &Api) {
    let role = made(json!({
        "name": "x", "version": 1, "title": { "vi": "x" }, "description": "", "built_in": false
    }));
    let client = made(json!({
        "client_id": "x", "version": 1, "name": { "vi": "x" }, "kind": "web", "disabled": false,
        "token_endpoint_auth_method": "none", "redirect_uris": [],
        "post_logout_redirect_uris": [], "grant_types": [], "scopes": [],
        "id_token_signed_response_alg": "ES256", "position": "main", "consent": "never",
        "introspects": false, "created_at": "x"
    }));
    let rotation = made(json!({ "purpose": "token" }));
    let registration_token = made(json!({ "note": "x", "uses": 1, "lifetime_seconds": 60 }));
    refused![
        api.roles(&Default::default()),
        api.role("x"),
        api.add_role(&Default::default()),
        api.edit_role(&role, &Default::default()),
        api.remove_role("x"),
        api.clients(&Default::default()),
        api.client("x"),
        api.add_client(&Default::default()),
        api.edit_client(&client, &Default::default()),
        api.disable_client("x"),
        api.enable_client("x"),
        api.rotate_client_secret("x", &Default::default()),
        api.registration_tokens(&Default::default()),
        api.add_registration_token(&registration_token),
        api.remove_registration_token("x"),
        api.trust_anchors(&Default::default()),
        api.trust_anchor("x"),
        api.add_trust_anchor(&Default::default()),
        api.edit_trust_anchor("x", &Default::default()),
        api.distrust_trust_anchor("x", &Default::default()),
        api.verify_certificate(&Default::default()),
        api.keys(&Default::default()),
        api.key("x"),
        api.rotate_key(&rotation),
        api.sessions(&Default::default()),
        api.session("x"),
        api.end_session("x"),
        api.audit_events(&Default::default()),
        api.verify_audit(&Default::default()),
        api.export_audit(&Default::default()),
        api.outbox(&Default::default()),
        api.delivery("x"),
        api.retry_delivery("x"),
        api.change_sets(&Default::default()),
        api.change_set("x"),
        api.change_set_entries("x", &Default::default()),
        api.undo_change_set("x"),
        api.compare_configuration(&Default::default()),
        api.agree_on_configuration(),
    ];
}

#[tokio::test]
async fn every_operation_is_called_where_it_is_served() {
    let (api, lines) = recording();
    call_about_people(&api).await;
    call_about_things(&api).await;
    let method = |method| match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let wanted: BTreeSet<String> = OPERATIONS
        .iter()
        .map(|o| format!("{} {}", method(o.method), fill(o.path, &["x", "x"])))
        .collect();
    assert_eq!(*lines.lock().unwrap(), wanted);
}

#[test]
fn a_query_leaves_out_what_says_nothing() {
    let query = json!({ "q": "ánh", "limit": 50, "here_only": false, "after": null, "all": true });
    let pairs = pairs(&query).unwrap();
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["all", "limit", "q"]);
}
