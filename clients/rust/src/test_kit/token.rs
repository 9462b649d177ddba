//! The token endpoint.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::{Value, json};

use super::authorization::parameters;
use super::document::Document;
use super::lie::{Bend, Lie, Place};
use super::seal::seal;
use super::server::Ours;
use super::{CLIENT_ID, SID, SUB, Shared, answers, now};
use crate::clock;
use crate::random;
use crate::resource::{ExpectedProof, verify_proof};

/// The nonce that this provider wants in proofs, where it wants one.
const NONCE: &str = "the-nonce-of-the-test-kit";

/// `POST /token`.
pub(super) async fn token(
    State(shared): Ours,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let bound = match check_proof(&shared, &headers, "/token") {
        Ok(bound) => bound,
        Err(refusal) => return *refusal,
    };
    let form = parameters(&form);
    let nonce = match asked(&shared, &form) {
        Ok(nonce) => nonce,
        Err(why) => return refused("invalid_grant", why),
    };
    let place = if bound.is_some() {
        Place::BoundToken
    } else {
        Place::Token
    };
    let answer = issue(&shared, nonce, bound.as_deref());
    answers::json(&shared, answer, place)
}

/// The nonce of the sign-in that a code or a refresh token belongs to.
fn asked(shared: &Shared, form: &HashMap<String, String>) -> Result<Option<String>, &'static str> {
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if given("grant_type") == "refresh_token" {
        let known = given("refresh_token").starts_with("rt-");
        return known.then_some(None).ok_or("unknown refresh token");
    }
    let asked = shared.state().asked.remove(given("code"));
    let asked = asked.ok_or("unknown code")?;
    let challenge = random::digest(given("code_verifier"));
    if asked.get("code_challenge") != Some(&challenge) {
        return Err("wrong code_verifier");
    }
    if asked.get("redirect_uri").map(String::as_str) != Some(given("redirect_uri")) {
        return Err("wrong redirect_uri");
    }
    Ok(asked.get("nonce").cloned())
}

fn issue(shared: &Shared, nonce: Option<String>, bound: Option<&str>) -> Document {
    let mut state = shared.state();
    state.issued += 1;
    let n = state.issued;
    let access_token = match bound {
        Some(jkt) => format!("at-{n}-{jkt}"),
        None => format!("at-{n}"),
    };
    let lie = state.lie;
    let mut claims = id_claims(&shared.issuer, nonce, &access_token);
    claims.set("auth_time", json!(state.signed_in));
    let at_id_token = lie.filter(|lie| lie.place() == Place::IdToken);
    claims.bend(at_id_token, Place::IdToken, now());
    let mut id_token = state.keys.sign("JWT", &claims, at_id_token);
    let at_encryption = lie.filter(|lie| lie.place() == Place::Encryption);
    let absent = matches!(at_encryption.map(Lie::bend), Some(Bend::Remove(_)));
    if let Some(jwk) = state.encrypt_to.as_ref().filter(|_| !absent) {
        id_token = seal(&id_token, jwk, at_encryption).unwrap_or_default();
    }
    Document::new(json!({
        "access_token": access_token,
        "token_type": if bound.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": 600,
        "refresh_token": format!("rt-{n}"),
        "id_token": id_token,
    }))
}

fn id_claims(issuer: &str, nonce: Option<String>, access_token: &str) -> Document {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    let half = digest.as_ref().get(..16).unwrap_or_default();
    let mut claims = Document::new(json!({
        "iss": issuer, "aud": CLIENT_ID, "sub": SUB, "iat": now(), "exp": now() + 600,
        "acr": "urn:vn:nd69-2024:loa:2", "amr": ["pwd", "otp"], "sid": SID,
        "at_hash": crate::signing::coded(half),
    }));
    if let Some(nonce) = nonce {
        claims.set("nonce", json!(nonce));
    }
    claims
}

fn refused(error: &str, why: &str) -> Response {
    let answer: Value = json!({"error": error, "error_description": why});
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

/// The thumbprint of a proof's key, or the refusal of the proof; nothing when none is sent.
pub(super) fn check_proof(
    shared: &Shared,
    headers: &HeaderMap,
    path: &str,
) -> Result<Option<String>, Box<Response>> {
    let Some(proof) = headers.get("dpop").and_then(|v| v.to_str().ok()) else {
        return Ok(None);
    };
    let expected = ExpectedProof {
        method: "POST",
        url: &format!("{}{path}", shared.issuer),
        access_token: None,
        tolerance: TimeDelta::seconds(5),
        algorithms: &[CoreJwsSigningAlgorithm::EcdsaP256Sha256],
    };
    let verified = verify_proof(proof, &expected, clock::now())
        .map_err(|error| Box::new(refused("invalid_dpop_proof", error.reason())))?;
    let (lie, demanded) = {
        let state = shared.state();
        (state.lie.map(Lie::bend), state.demand_nonce)
    };
    let fresh = random::token().unwrap_or_default();
    match lie {
        Some(Bend::NonceLoop) => return Err(Box::new(ask_nonce(Some(&fresh)))),
        Some(Bend::NonceWithheld) => return Err(Box::new(ask_nonce(None))),
        _ => {}
    }
    if demanded && verified.nonce.as_deref() != Some(NONCE) {
        return Err(Box::new(ask_nonce(Some(NONCE))));
    }
    Ok(Some(verified.thumbprint))
}

fn ask_nonce(nonce: Option<&str>) -> Response {
    let mut response = refused("use_dpop_nonce", "send this server's nonce");
    if let Some(nonce) = nonce.and_then(|n| HeaderValue::from_str(n).ok()) {
        response.headers_mut().insert("dpop-nonce", nonce);
    }
    response
}
