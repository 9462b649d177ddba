//! Discovery and keys.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use idp_core::flow::Failure;
use idp_core::jose::{Jwk, PublicKeyUse};
use idp_core::oauth::metadata::{add_decryption, document};
use serde_json::Value;

use super::context::Arrival;
use super::site::Shared;
use super::wire::{json_answer, oauth_error};

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub async fn metadata(State(site): State<Shared>, arrival: Arrival) -> Response {
    let answer = async {
        let policy = &site.provider.policy;
        let keys = site.provider.signer.published(&policy.issuer_key).await?;
        let algorithms = |wanted: PublicKeyUse| {
            let used = |key: &&Jwk| key.key_use() == Some(&wanted);
            let fitting = keys.keys().iter().filter(used);
            let mut names: Vec<&str> = fitting.filter_map(Jwk::alg).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let mut told = document(policy, &algorithms(PublicKeyUse::Signature));
        add_decryption(&mut told, &algorithms(PublicKeyUse::Encryption));
        Ok::<_, Failure>(told)
    };
    cached(&site, &arrival, answer.await)
}

/// `GET /jwks`.
pub async fn jwks(State(site): State<Shared>, arrival: Arrival) -> Response {
    let answer = async {
        let issuer = &site.provider.policy.issuer_key;
        let keys = site.provider.signer.published(issuer).await?;
        serde_json::to_value(keys.as_ref())
            .map_err(|e| Failure::Fault(idp_core::base::fault::Fault::lasting("jwks", e)))
    };
    cached(&site, &arrival, answer.await)
}

/// Public documents: any origin may read them, caches keep them for five minutes, less than the
/// announcement of a new key.
fn cached(site: &Shared, arrival: &Arrival, answer: Result<Value, Failure>) -> Response {
    let value = match answer {
        Ok(value) => value,
        Err(failure) => return oauth_error(site, arrival, &failure),
    };
    let mut response = json_answer(StatusCode::OK, &value);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
