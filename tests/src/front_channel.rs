//! Applications that live in the browser: they show pages, listen to front-channel logouts, and
//! watch the session through the provider's frame. All applications of a test write one log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use url::Url;

/// Longest wait for a visit.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the slow address takes.
const SLOW: Duration = Duration::from_secs(2);

/// One visit of a browser.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Name of the application.
    pub application: &'static str,
    /// The path.
    pub path: &'static str,
    /// The query.
    pub query: HashMap<String, String>,
    /// The cookies that came along.
    pub cookies: String,
    /// `Sec-Fetch-Dest`: `document` for a page of its own, `iframe` for a frame.
    pub purpose: String,
}

/// What all applications of a test saw, in order.
#[derive(Debug, Clone, Default)]
pub struct Visits(Arc<Mutex<Vec<Visit>>>);

impl Visits {
    /// All visits so far.
    pub fn all(&self) -> Vec<Visit> {
        self.0.lock().expect("unpoisoned").clone()
    }

    /// The visits of one path.
    pub fn of(&self, path: &str) -> Vec<Visit> {
        let mut all = self.all();
        all.retain(|visit| visit.path == path);
        all
    }

    /// Waits until a path was visited so often.
    ///
    /// # Panics
    /// When it was not in time.
    pub async fn until(&self, path: &str, count: usize) -> Vec<Visit> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let visits = self.of(path);
            if visits.len() >= count {
                return visits;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} was not visited {count} times: {:#?}", self.all());
    }
}

/// A listening application; it stops when the test's runtime does.
#[derive(Debug, Clone)]
pub struct BrowserApplication {
    /// Its name in the log.
    pub name: &'static str,
    /// Its origin.
    pub url: Url,
    visits: Visits,
}

impl BrowserApplication {
    /// Listens on a free port of `localhost`, so that all applications and the provider are one
    /// site, as the hosts below a province's domain are.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(name: &'static str, visits: &Visits) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = Url::parse(&format!("http://localhost:{port}")).expect("an address");
        let application = Self {
            name,
            url,
            visits: visits.clone(),
        };
        let routes = axum::Router::new()
            .route("/callback", get(callback))
            .route("/out", get(out))
            .route("/slow", get(slow))
            .route("/bye", get(bye))
            .route("/watch", get(watch))
            .with_state(application.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        application
    }

    /// An address of this application.
    pub fn at(&self, path: &str) -> String {
        self.url.join(path).expect("an address").into()
    }

    fn note(&self, path: &'static str, query: HashMap<String, String>, headers: &HeaderMap) {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        self.visits.0.lock().expect("unpoisoned").push(Visit {
            application: self.name,
            path,
            query,
            cookies: text("cookie"),
            purpose: text("sec-fetch-dest"),
        });
    }
}

type Application = State<BrowserApplication>;
type Parameters = Query<HashMap<String, String>>;

/// The redirect address: the person is signed in here from now on.
async fn callback(
    State(app): Application,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    app.note("/callback", query, &headers);
    let cookie = format!("{}=here; Path=/; SameSite=Lax; HttpOnly", app.name);
    (
        [("set-cookie", cookie)],
        page("<h1 id=\"arrived\">arrived</h1>"),
    )
        .into_response()
}

/// The front-channel logout address: the person is signed out here from now on.
async fn out(State(app): Application, Query(query): Parameters, headers: HeaderMap) -> Response {
    app.note("/out", query, &headers);
    let cookie = format!("{}=; Path=/; Max-Age=0", app.name);
    ([("set-cookie", cookie)], page("out")).into_response()
}

/// A front-channel logout address that takes its time; its visit counts when it is answered.
async fn slow(State(app): Application, Query(query): Parameters, headers: HeaderMap) -> Response {
    tokio::time::sleep(SLOW).await;
    app.note("/slow", query, &headers);
    page("slow").into_response()
}

/// Where the browser goes after the sign-out.
async fn bye(State(app): Application, Query(query): Parameters, headers: HeaderMap) -> Response {
    app.note("/bye", query, &headers);
    page("<h1 id=\"bye\">bye</h1>").into_response()
}

/// Frames `op` and asks it `message` once a fifth of a second; `#verdict` shows the last answer.
async fn watch(State(app): Application, Query(query): Parameters, headers: HeaderMap) -> Response {
    app.note("/watch", query, &headers);
    let script = r#"
        var asked = new URLSearchParams(location.search), verdict = document.getElementById("verdict");
        var frame = document.createElement("iframe");
        frame.src = asked.get("op");
        document.body.appendChild(frame);
        addEventListener("message", function (event) {
            if (event.origin === new URL(asked.get("op")).origin) { verdict.textContent = event.data; }
        });
        setInterval(function () {
            frame.contentWindow.postMessage(asked.get("message"), asked.get("op"));
        }, 200);
    "#;
    page(&format!(
        "<p id=\"verdict\">silence</p><script>{script}</script>"
    ))
    .into_response()
}

fn page(body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><title>application</title><body>{body}"
    ))
}
