//! Answers over HTTP, good and bad.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::document::Document;
use super::lie::{Bend, Lie, Place, Trouble};
use super::{Shared, now};

/// `document` as JSON, bent where the lie of the moment is told in `place`.
pub(super) fn json(shared: &Shared, mut document: Document, place: Place) -> Response {
    let lie = shared.state().lie;
    document.bend(lie, place, now());
    let text = document.to_text();
    match trouble(lie, place) {
        Some(trouble) => troubled(trouble, &text),
        None => of_type("application/json", text),
    }
}

pub(super) fn of_type(kind: &'static str, text: String) -> Response {
    let mut response = text.into_response();
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn trouble(lie: Option<Lie>, place: Place) -> Option<Trouble> {
    match lie.filter(|lie| lie.place() == place)?.bend() {
        Bend::Answer(trouble) => Some(trouble),
        _ => None,
    }
}

fn troubled(trouble: Trouble, text: &str) -> Response {
    match trouble {
        Trouble::Redirect => {
            let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
            let location = HeaderValue::from_static("/elsewhere");
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Trouble::Oversized => of_type("application/json", format!("{text}{}", " ".repeat(1 << 20))),
        Trouble::Endless => {
            let spaces = Bytes::from(vec![b' '; 64 * 1024]);
            let endless = stream::repeat_with(move || Ok::<_, Infallible>(spaces.clone()));
            streamed(Body::from_stream(endless))
        }
        Trouble::Drip => {
            let drip = stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
            });
            streamed(Body::from_stream(drip))
        }
        Trouble::Broken => {
            let half = text.chars().take(text.chars().count() / 2).collect();
            of_type("application/json", half)
        }
        Trouble::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn streamed(body: Body) -> Response {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
