//! Whether the process lives, and whether it can serve.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use idp_core::base::fault::{Fault, Trouble};
use idp_core::jose::{Jwk, PublicKeyUse};
use idp_core::ports::Obstacle;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::site::{self, Site};

/// `GET /health/live`: the process answers.
pub async fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

/// Whoever asks for readiness, asks often and wants to know soon: a part that takes longer fails.
const PATIENCE: Duration = Duration::from_secs(2);

/// The parts, each with a word for what is in the way.
type Verdict = [(&'static str, Option<&'static str>); 6];

/// A verdict holds this long: strangers may ask, and each examination costs the stores some
/// questions.
const HOLDS: Duration = Duration::from_millis(500);

/// Examines the parts once at a time for all who ask meanwhile.
#[derive(Debug, Default)]
pub struct Examination {
    newest: Mutex<Option<Begun>>,
}

#[derive(Debug)]
struct Begun {
    at: Instant,
    verdict: Shared<BoxFuture<'static, Option<Verdict>>>,
}

impl Begun {
    /// Whether its verdict, ready or still to come, is one about now. Whether it still runs only
    /// those learn who wait for it; without them it would seem to run for ever.
    fn is_about(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.at);
        age < HOLDS || self.verdict.peek().is_none() && age < PATIENCE
    }
}

impl Examination {
    /// The verdict of the examination that is running or just ended, else of a new one; none when it
    /// broke off.
    async fn verdict(&self, site: &site::Shared) -> Option<Verdict> {
        let asked = {
            let now = Instant::now();
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            match &*newest {
                Some(begun) if begun.is_about(now) => begun.verdict.clone(),
                _ => {
                    let site = site.clone();
                    let examined = tokio::spawn(async move { examine(&site).await });
                    let verdict = async move { examined.await.ok() }.boxed().shared();
                    newest.insert(Begun { at: now, verdict }).verdict.clone()
                }
            }
        };
        asked.await
    }
}

async fn examine(site: &Site) -> Verdict {
    let provider = &site.provider;
    let records = provider.records.as_ref();
    let issuer = &provider.policy.issuer_key;
    let (store, tickets, keys, obstacle, clock, differs) = tokio::join!(
        in_time(records.ping()),
        in_time(provider.tickets.ready()),
        in_time(keys(site)),
        tokio::time::timeout(PATIENCE, provider.signer.obstacle(issuer)),
        in_time(site.clock.check(records)),
        differs(site),
    );
    // A store that does not tell its time is told of by `store`.
    let clock = clock.err().filter(|fault| fault.place == "clock");
    let trouble = |part: Result<(), Fault>| part.err().map(|fault| fault.trouble.name());
    [
        ("store", trouble(store)),
        ("tickets", trouble(tickets)),
        ("keys", trouble(keys)),
        (
            "device",
            obstacle.unwrap_or(Some(Obstacle::Slow)).map(Obstacle::name),
        ),
        ("clock", clock.map(|fault| fault.trouble.name())),
        ("configuration", differs.then_some("differs")),
    ]
}

/// Whether this node was told otherwise than the others. Not when the store does not answer, which
/// `store` tells.
async fn differs(site: &Site) -> bool {
    let compared = site.provider.configuration_differences();
    match tokio::time::timeout(PATIENCE, compared).await {
        Ok(Ok(differences)) => !differences.is_empty(),
        Ok(Err(fault)) => !fault.transient,
        Err(_) => false,
    }
}

/// `GET /health/ready`: store, tickets and keys answer and take writes, the PKCS#11 device signs
/// with those keys that sign now and rest there, the clock agrees with the shared store's, the
/// configuration with that of the other nodes, and the server is not about to stop; otherwise 503
/// and which part does not, with a word of a closed list ([`Trouble::name`], [`Obstacle::name`])
/// that says why, without details. Answers within two seconds; a verdict holds half a second.
pub async fn ready(State(site): State<site::Shared>) -> Response {
    let Some(parts) = site.examination.verdict(&site).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let failing = parts.iter().filter_map(|(name, why)| Some((name, (*why)?)));
    let reasons = failing.map(|(name, why)| format!("{name}_{why}"));
    let reasons: Vec<String> = reasons.collect();
    let stopping = site.is_stopping();
    let (status, word) = if reasons.is_empty() && !stopping {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let part = |(name, why): (&'static str, Option<&'static str>)| {
        let word = match (name, why) {
            (_, None) => "ok",
            ("device", Some(word)) => word,
            _ => "failing",
        };
        (name.to_owned(), word.into())
    };
    let mut body: Map<String, Value> = parts.into_iter().map(part).collect();
    body.insert("status".to_owned(), word.into());
    body.insert("stopping".to_owned(), stopping.into());
    body.insert("reasons".to_owned(), reasons.into());
    (status, Json(body)).into_response()
}

/// Whether there are keys to sign with.
async fn keys(site: &Site) -> Result<(), Fault> {
    let issuer = &site.provider.policy.issuer_key;
    let published = site.provider.signer.published(issuer).await?;
    let signs = |key: &Jwk| key.key_use() == Some(&PublicKeyUse::Signature);
    if !published.keys().iter().any(signs) {
        return Err(Fault::lasting("keys", "no key for signatures is published"));
    }
    Ok(())
}

async fn in_time(check: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let checked = tokio::time::timeout(PATIENCE, check).await;
    checked.unwrap_or_else(|_| {
        Err(Fault::transient("health", "no answer in time").with(Trouble::Unreachable))
    })
}
