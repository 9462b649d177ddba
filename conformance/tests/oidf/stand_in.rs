//! A stand-in for the conformance suite: it answers as the suite's interface says, walks modules
//! through states that a test wrote down, and keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, http};
use serde_json::{Value, json};
use url::Url;

pub(super) const TOKEN: &str = "a-token-of-the-suite";

/// How a module goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// What each long poll ends with; `None` is a timeout. The last one stays.
    pub(super) states: VecDeque<Option<&'static str>>,
    /// Its result, once it is over.
    pub(super) result: Option<&'static str>,
    /// What its browser should open.
    pub(super) urls: Vec<String>,
    /// Its log.
    pub(super) log: Vec<Value>,
    /// Its error.
    pub(super) error: Option<Value>,
    /// How often the alias is still in use.
    pub(super) in_use: u32,
}

impl Script {
    /// A module that goes through these states to this result.
    pub(super) fn of(states: &[Option<&'static str>], result: &'static str) -> Self {
        Self {
            states: states.iter().copied().collect(),
            result: Some(result),
            ..Self::default()
        }
    }
}

/// A call that was received.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Method and path.
    pub(super) call: String,
    /// Its query.
    pub(super) query: BTreeMap<String, String>,
    /// Its body.
    pub(super) body: String,
}

#[derive(Default)]
struct Inside {
    scripts: BTreeMap<String, Script>,
    visited: BTreeMap<String, Vec<String>>,
    calls: Vec<Call>,
}

/// A listening stand-in; it stops when the test's runtime does.
#[derive(Clone)]
pub(super) struct StandIn {
    pub(super) url: Url,
    inside: Arc<Mutex<Inside>>,
}

impl StandIn {
    /// Listens on a free port, with these modules in the one plan that it knows.
    pub(super) async fn start(modules: &[(&str, Script)]) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let scripts = modules.iter().map(|(n, s)| ((*n).to_owned(), s.clone()));
        let inside = Inside {
            scripts: scripts.collect(),
            ..Inside::default()
        };
        let stand_in = Self {
            url: Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
            inside: Arc::new(Mutex::new(inside)),
        };
        let routes = routes().with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        stand_in
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Everything it was asked.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.inside().calls.clone()
    }

    /// The calls of one method and path.
    pub(super) fn of(&self, call: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|c| c.call == call);
        calls
    }
}

fn routes() -> Router<StandIn> {
    Router::new()
        .route("/api/plan", get(ready).post(create))
        .route("/api/plan/available", get(available))
        .route("/api/plan/info/{name}", get(info_of_plan))
        .route("/api/plan/exporthtml/{id}", get(export))
        .route("/api/plan/{id}", axum::routing::delete(done))
        .route("/api/runner", post(make))
        .route("/api/runner/{id}", get(runner).post(start))
        .route("/api/runner/{id}/wait-state", get(wait))
        .route("/api/runner/browser/{id}/visit", post(visit))
        .route("/api/info/{id}", get(info))
        .route("/api/log/{id}", get(log))
        .route("/api/log/{id}/images/{placeholder}", post(fill))
        .layer(middleware::from_fn(bearer))
}

/// Whoever comes without the token is refused.
async fn bearer(request: Request, next: Next) -> Response {
    let sent = request.headers().get(http::header::AUTHORIZATION);
    let expected = format!("Bearer {TOKEN}");
    if sent.is_none_or(|sent| sent.as_bytes() != expected.as_bytes()) {
        return (StatusCode::UNAUTHORIZED, "no token").into_response();
    }
    next.run(request).await
}

type Asked = Query<BTreeMap<String, String>>;

fn note(stand_in: &StandIn, call: String, query: BTreeMap<String, String>, body: &[u8]) {
    stand_in.inside().calls.push(Call {
        call,
        query,
        body: String::from_utf8_lossy(body).into_owned(),
    });
}

async fn ready(State(s): State<StandIn>, Query(query): Asked) -> Json<Value> {
    note(&s, "GET /api/plan".into(), query, b"");
    Json(json!({"draw": 0, "data": []}))
}

async fn available() -> Json<Value> {
    Json(json!([{"planName": "the-plan"}, {"planName": "oidcc-config-certification-test-plan"}]))
}

fn is_known(plan: &str) -> bool {
    ["the-plan", "oidcc-config-certification-test-plan"].contains(&plan)
}

async fn info_of_plan(Path(name): Path<String>) -> Response {
    if is_known(&name) {
        Json(json!({"planName": name, "variants": {}})).into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// A variant with a value that the plan does not have is refused.
async fn create(State(s): State<StandIn>, Query(query): Asked, body: Bytes) -> Response {
    note(&s, "POST /api/plan".into(), query.clone(), &body);
    let variant: BTreeMap<String, String> = serde_json::from_str(&query["variant"]).unwrap();
    if variant.values().any(|value| value == "unheard-of") || !is_known(&query["planName"]) {
        return (StatusCode::BAD_REQUEST, "Illegal value for variant").into_response();
    }
    let names: Vec<String> = s.inside().scripts.keys().cloned().collect();
    let module = |name: &String| {
        let module = name.split('@').next().unwrap();
        json!({"testModule": module, "variant": {"script": name}, "instances": []})
    };
    let modules: Vec<Value> = names.iter().map(module).collect();
    let plan = json!({"name": query["planName"], "id": "plan-1", "modules": modules});
    (StatusCode::CREATED, Json(plan)).into_response()
}

async fn make(State(s): State<StandIn>, Query(query): Asked) -> Response {
    note(&s, "POST /api/runner".into(), query.clone(), b"");
    let variant: BTreeMap<String, String> = serde_json::from_str(&query["variant"]).unwrap();
    let name = variant["script"].clone();
    let mut inside = s.inside();
    let script = inside.scripts.get_mut(&name).unwrap();
    if script.in_use > 0 {
        script.in_use -= 1;
        return (StatusCode::CONFLICT, "alias in use").into_response();
    }
    let made = json!({"name": query["test"], "id": name, "url": "/test/a/idp"});
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn start(State(s): State<StandIn>, Path(id): Path<String>) -> StatusCode {
    note(&s, format!("POST /api/runner/{id}"), BTreeMap::new(), b"");
    StatusCode::OK
}

/// A state that was not asked for is passed over, as time would.
async fn wait(
    State(s): State<StandIn>,
    Path(id): Path<String>,
    Query(query): Asked,
) -> Json<Value> {
    note(
        &s,
        format!("GET /api/runner/{id}/wait-state"),
        query.clone(),
        b"",
    );
    let patience: u64 = query["timeoutMs"].parse().unwrap();
    assert!(patience <= 30_000, "{patience}");
    let asked: Vec<&str> = query["states"].split(',').collect();
    let state = {
        let mut inside = s.inside();
        let states = &mut inside.scripts.get_mut(&id).unwrap().states;
        loop {
            let state = *states.front().unwrap();
            if states.len() > 1 {
                states.pop_front();
            }
            match state {
                Some(state) if !asked.contains(&state) && states.len() > 1 => {}
                Some(state) if !asked.contains(&state) && states[0] != Some(state) => {}
                Some(state) if !asked.contains(&state) => break None,
                other => break other,
            }
        }
    };
    match state {
        Some(state) => Json(json!({"state": state})),
        None => {
            let short = std::time::Duration::from_millis(patience.min(100));
            tokio::time::sleep(short).await;
            Json(json!({"timeout": true}))
        }
    }
}

async fn runner(State(s): State<StandIn>, Path(id): Path<String>) -> Json<Value> {
    let inside = s.inside();
    let script = &inside.scripts[&id];
    let visited = inside.visited.get(&id).cloned().unwrap_or_default();
    let browser = json!({"urls": script.urls, "visited": visited, "show_qr_code": false});
    Json(json!({"id": id, "exposed": {}, "browser": browser, "error": script.error}))
}

async fn visit(
    State(s): State<StandIn>,
    Path(id): Path<String>,
    Query(query): Asked,
) -> StatusCode {
    note(
        &s,
        format!("POST /api/runner/browser/{id}/visit"),
        query.clone(),
        b"",
    );
    let mut inside = s.inside();
    inside
        .visited
        .entry(id)
        .or_default()
        .push(query["url"].clone());
    StatusCode::OK
}

async fn info(State(s): State<StandIn>, Path(id): Path<String>) -> Json<Value> {
    let inside = s.inside();
    let script = &inside.scripts[&id];
    let status = script.states.back().copied().flatten().unwrap_or("RUNNING");
    Json(json!({"testId": id, "status": status, "result": script.result}))
}

async fn log(State(s): State<StandIn>, Path(id): Path<String>) -> Json<Value> {
    Json(Value::Array(s.inside().scripts[&id].log.clone()))
}

/// A filled placeholder is no longer one.
async fn fill(
    State(s): State<StandIn>,
    Path((id, placeholder)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let call = format!("POST /api/log/{id}/images/{placeholder}");
    note(&s, call, BTreeMap::new(), &body);
    for entry in &mut s.inside().scripts.get_mut(&id).unwrap().log {
        if entry["upload"] == placeholder.as_str() {
            entry.as_object_mut().unwrap().remove("upload");
        }
    }
    StatusCode::OK
}

async fn export(Path(id): Path<String>) -> String {
    format!("export of {id}")
}

async fn done(State(s): State<StandIn>, Path(id): Path<String>) -> StatusCode {
    note(&s, format!("DELETE /api/plan/{id}"), BTreeMap::new(), b"");
    StatusCode::NO_CONTENT
}
