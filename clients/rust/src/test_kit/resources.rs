//! What access tokens open: userinfo; and what the provider says about them: introspection.

use axum::extract::State;
use axum::http::header::{ACCEPT, AUTHORIZATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::document::Document;
use super::lie::{Bend, Lie, Place};
use super::seal::seal;
use super::server::Ours;
use super::{AUDIENCE, CLIENT_ID, SUB, Shared, answers, now};
use crate::random;

/// Claims of an access token (RFC 9068 §2.2).
pub(super) fn access_claims(issuer: &str, audience: &str, scope: &str) -> Document {
    Document::new(json!({
        "iss": issuer, "aud": audience, "sub": SUB, "client_id": CLIENT_ID, "scope": scope,
        "iat": now(), "exp": now() + 300, "jti": random::token().unwrap_or_default(),
        "auth_time": now() - 5, "acr": "urn:vn:nd69-2024:loa:2",
    }))
}

/// `GET /userinfo`.
pub(super) async fn userinfo(State(shared): Ours, headers: HeaderMap) -> Response {
    let shown = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let bound = headers.contains_key("dpop");
    let scheme = if bound { "DPoP at-" } else { "Bearer at-" };
    if !shown.is_some_and(|value| value.starts_with(scheme)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let claims = Document::new(json!({
        "sub": SUB, "name": "Nguyễn Thị Thử", "roles": ["van-thu"],
    }));
    if shared.state().sign_userinfo && !is_left_plain(&shared, Place::SignedUserinfo) {
        return signed(
            &shared,
            claims,
            ("JWT", "application/jwt"),
            Place::SignedUserinfo,
        );
    }
    answers::json(&shared, claims, Place::Userinfo)
}

/// `POST /introspect` (RFC 7662, RFC 9701): any token is active, and for [`AUDIENCE`].
pub(super) async fn introspect(State(shared): Ours, headers: HeaderMap) -> Response {
    let wish = headers.get(ACCEPT).and_then(|v| v.to_str().ok());
    let jwt = wish == Some("application/token-introspection+jwt");
    let mut about = access_claims(&shared.issuer, AUDIENCE, "reports.read");
    about.set("active", json!(true));
    if !jwt || is_left_plain(&shared, Place::SignedIntrospection) {
        return answers::json(&shared, about, Place::Introspection);
    }
    let about: Map<String, Value> = about.members().iter().cloned().collect();
    let claims = Document::new(json!({
        "iss": shared.issuer, "aud": CLIENT_ID, "iat": now(), "token_introspection": about,
    }));
    let kind = (
        "token-introspection+jwt",
        "application/token-introspection+jwt",
    );
    signed(&shared, claims, kind, Place::SignedIntrospection)
}

fn is_left_plain(shared: &Shared, place: Place) -> bool {
    let lie = shared.state().lie.filter(|lie| lie.place() == place);
    lie.map(Lie::bend) == Some(Bend::Remove("jws"))
}

fn signed(
    shared: &Shared,
    mut claims: Document,
    (typ, kind): (&str, &'static str),
    place: Place,
) -> Response {
    if place == Place::SignedUserinfo {
        claims.set("iss", json!(shared.issuer));
        claims.set("aud", json!(CLIENT_ID));
    }
    let state = shared.state();
    let lie = state.lie.filter(|lie| lie.place() == place);
    claims.bend(lie, place, now());
    let mut jwt = state.keys.sign(typ, &claims, lie);
    if let Some(jwk) = state
        .encrypt_to
        .as_ref()
        .filter(|_| kind == "application/jwt")
    {
        jwt = seal(&jwt, jwk, None).unwrap_or_default();
    }
    drop(state);
    answers::of_type(kind, jwt)
}
