//! The authorization endpoint, and requests pushed to it.

use std::collections::HashMap;

use axum::extract::{RawForm, RawQuery, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::document::Document;
use super::lie::{Bend, Lie, Place};
use super::server::Ours;
use super::{CLIENT_ID, LyingProvider, Shared, answers, now, token};
use crate::random;

/// What the browser brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// It comes as the body of a POST, not as a query.
    pub by_form: bool,
    /// The parameters, form-encoded.
    pub parameters: String,
    /// Where to.
    pub redirect_uri: String,
}

impl LyingProvider {
    /// What a browser sent to `address` brings back, without a browser; nothing when the address is
    /// not this provider's authorization endpoint or names no known request.
    #[must_use]
    pub fn follow(&self, address: &str) -> Option<Followed> {
        let endpoint = format!("{}/authorize?", self.issuer());
        let query = address.strip_prefix(&endpoint)?;
        followed(&self.shared, query)
    }
}

/// `GET /authorize`, for tests with a browser.
pub(super) async fn authorize(State(shared): Ours, RawQuery(query): RawQuery) -> Response {
    let Some(followed) = followed(&shared, &query.unwrap_or_default()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if followed.by_form {
        return Html(form_page(&followed)).into_response();
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = format!("{}?{}", followed.redirect_uri, followed.parameters);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn form_page(followed: &Followed) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let inputs: String = form_urlencoded::parse(followed.parameters.as_bytes())
        .map(|(name, value)| {
            let (name, value) = (escaped(&name), escaped(&value));
            format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
        })
        .collect();
    let action = escaped(&followed.redirect_uri);
    format!(r#"<form method="post" action="{action}">{inputs}<button>Continue</button></form>"#)
}

fn followed(shared: &Shared, query: &str) -> Option<Followed> {
    let mut asked = parameters(query.as_bytes());
    if let Some(uri) = asked.get("request_uri") {
        asked = shared.state().asked.remove(uri)?;
    }
    let redirect_uri = asked.get("redirect_uri")?.clone();
    Url::parse(&redirect_uri).ok()?;
    let mode = asked.get("response_mode").cloned().unwrap_or_default();
    let state = asked.get("state").cloned().unwrap_or_default();
    let code = random::token().ok()?;
    let mut held = shared.state();
    let lie = held.lie;
    if lie.map(Lie::bend) == Some(Bend::OtherCode) {
        asked.insert("nonce".to_owned(), "another sign-in's".to_owned());
    }
    held.asked.insert(code.clone(), asked);
    drop(held);
    let mut answer = Document::new(json!({
        "code": code, "state": state, "iss": shared.issuer,
    }));
    let parameters = if mode.ends_with("jwt") {
        signed(shared, answer, lie)
    } else {
        answer.bend(lie, Place::Authorization, now());
        encoded(&answer)
    };
    Some(Followed {
        by_form: mode.starts_with("form_post"),
        parameters,
        redirect_uri,
    })
}

fn signed(shared: &Shared, mut answer: Document, lie: Option<Lie>) -> String {
    answer.set("aud", json!(CLIENT_ID));
    answer.set("exp", json!(now() + 60));
    let lie = lie.filter(|lie| lie.place() == Place::SignedAuthorization);
    answer.bend(lie, Place::SignedAuthorization, now());
    let jwt = shared.state().keys.sign("JWT", &answer, lie);
    form_urlencoded::Serializer::new(String::new())
        .append_pair("response", &jwt)
        .finish()
}

fn encoded(answer: &Document) -> String {
    let texts = answer.members().iter();
    let texts = texts.filter_map(|(name, value)| Some((name, value.as_str()?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(texts)
        .finish()
}

pub(super) fn parameters(form: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// `POST /par` (RFC 9126).
pub(super) async fn pushed(
    State(shared): Ours,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let proved = token::check_proof(&shared, &headers, "/par");
    if let Err(refusal) = proved {
        return *refusal;
    }
    let uri = format!(
        "urn:ietf:params:oauth:request_uri:{}",
        random::token().unwrap_or_default()
    );
    shared.state().asked.insert(uri.clone(), parameters(&form));
    let answer: Value = json!({"request_uri": uri, "expires_in": 60});
    let mut response = answers::json(&shared, Document::new(answer), Place::Pushed);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}
