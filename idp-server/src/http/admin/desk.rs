//! What every handler reads and writes alike: who acts, bodies, queries, pages, versions.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Bytes};
use idp_admin_api::headers::{ACTING_AS, etag, version_of};
use idp_admin_api::{Page, paths};
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::{Acting, Administration};
use idp_core::model::Version;
use idp_core::store::{Listing, PageRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Refused;
use super::{AdminPeer, AdminState};
use crate::http::context::{Arrival, text};

/// Entries of a page when the caller does not say.
const PAGE: u32 = 50;

/// One administrative request, before its body is read.
pub(super) struct Desk(pub(super) Administration);

impl FromRequestParts<AdminState> for Desk {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Refused> {
        if parts.extensions.get::<AdminPeer>().is_none() {
            return Err(Reason::AdministrationSocketNeeded.into());
        }
        let arrival = Arrival::from_request_parts(parts, state).await;
        let arrival = arrival.unwrap_or_else(|never| match never {});
        let context = (state.context)(&arrival)?;
        let acting = acting(&parts.method, &parts.uri, &parts.headers)?;
        let mut desk = Administration::new(state.provider.clone(), context, acting);
        desk.dry_run = parameter(&parts.uri, "dry_run").as_deref() == Some("true");
        desk.expected = expected(&parts.headers)?;
        Ok(Self(desk))
    }
}

/// The named administrator. Whoever may open the socket may read without a name, as they may read
/// the store itself; every change needs one.
pub(super) fn acting(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Acting, Reason> {
    let named = text(headers, &header::HeaderName::from_static(ACTING_AS));
    let reads = *method == Method::GET || paths::READS.contains(&uri.path());
    match named.filter(|name| !name.is_empty()) {
        Some(name) => Ok(Acting::Named(name)),
        None if reads => Ok(Acting::Installation),
        None => Err(Reason::AdministratorNotNamed),
    }
}

/// RFC 9110 §13.1.1: one version; `*` or an absent header means any.
fn expected(headers: &HeaderMap) -> Result<Option<Version>, Reason> {
    match headers.get(header::IF_MATCH).map(HeaderValue::to_str) {
        None | Some(Ok("*")) => Ok(None),
        Some(value) => {
            let version = value
                .ok()
                .and_then(version_of)
                .ok_or(Reason::VersionMalformed)?;
            Ok(Some(Version(version)))
        }
    }
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The query, read whole: unknown and malformed parameters are refused.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|e| Refused::because(Reason::QueryMalformed, e.body_text()))
    }
}

/// A JSON body; an absent one counts as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refused::from(Reason::BodyTooLarge))?;
        let json: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // Where in the body it went wrong is told, not what stood there: it may be a secret.
        serde_json::from_slice(json).map(Self).map_err(|e| {
            let place = format!(
                "line {}, column {}: {:?}",
                e.line(),
                e.column(),
                e.classify()
            );
            Refused::because(Reason::JsonBodyMalformed, place)
        })
    }
}

/// The page that a query asks for.
pub(super) fn page(after: Option<String>, limit: Option<u32>) -> Result<PageRequest, Reason> {
    understood(PageRequest::sent(after, limit.unwrap_or(PAGE)))
}

fn understood<T>(cursor: Option<T>) -> Result<T, Reason> {
    cursor.ok_or(Reason::PageCursorMalformed)
}

/// At most so many entries.
pub(super) fn limit(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE).clamp(1, 500)
}

/// A page of a list whose entries are shown by `show`.
pub(super) fn listed<A, B: Serialize>(listing: Listing<A>, show: impl Fn(A) -> B) -> Response {
    let entries = listing.entries.into_iter().map(show).collect();
    Json(Page {
        entries,
        next: listing.next,
    })
    .into_response()
}

/// The place from which a list that is paged by number goes on.
pub(super) fn place(after: Option<&str>) -> Result<u32, Reason> {
    let place = after.map(str::parse).transpose();
    understood(place.ok()).map(Option::unwrap_or_default)
}

/// A page of a short list that was read whole, by place.
pub(super) fn cut<A>(all: Vec<A>, page: &PageRequest) -> Result<Listing<A>, Reason> {
    let from = usize::try_from(place(page.after.as_deref())?).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let next = from.saturating_add(limit);
    let next = (next < all.len()).then(|| next.to_string());
    Ok(Listing {
        entries: all.into_iter().skip(from).take(limit).collect(),
        next,
    })
}

/// One thing with its version as entity tag.
pub(super) fn one<T: Serialize>(value: T, version: i64) -> Response {
    ([(header::ETAG, etag(version))], Json(value)).into_response()
}

/// The same for something that was just made; a dry run made nothing.
pub(super) fn made<T: Serialize>(dry_run: bool, value: T, version: i64) -> Response {
    let status = if dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    (status, one(value, version)).into_response()
}
