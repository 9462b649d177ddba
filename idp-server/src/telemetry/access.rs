//! One line and one count per request: method, route, status, time, id. Never the address with its
//! query, a header, a body or the client's network address.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

/// What requests to no route are counted under; their paths are strangers' words.
const UNMATCHED: &str = "unmatched";

/// The middleware, outermost of all, so that it sees the status and the request id that leave.
pub async fn record(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let status = response.status().as_u16();
    let took = begun.elapsed();
    count(route, method, status, took);
    let request_id = response
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok());
    let request_id = request_id.unwrap_or_default();
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if is_probe(route) {
        tracing::debug!(request_id, method, route, status, ms, "request");
    } else {
        tracing::info!(request_id, method, route, status, ms, "request");
    }
    response
}

fn count(route: &str, method: &'static str, status: u16, took: std::time::Duration) {
    let route = route.to_owned();
    let labels = [
        ("route", route.clone()),
        ("method", method.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("idp_http_requests_total", &labels).increment(1);
    metrics::histogram!("idp_http_request_seconds", "route" => route).record(took.as_secs_f64());
}

/// Balancers ask every second; that is no news.
fn is_probe(route: &str) -> bool {
    route.starts_with("/health/") || route == "/metrics"
}

/// The registered methods by name; invented ones together, so that they cannot grow the metrics.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::record;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn router() -> Router {
        Router::new()
            .route(
                "/users/{id}",
                get(|| async { ([("x-request-id", "abc")], "ok") }),
            )
            .route("/health/live", get(|| async { "ok" }))
            .layer(axum::middleware::from_fn(record))
    }

    #[test]
    fn lines_and_counts_hold_routes_and_no_secrets() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_max_level(tracing::Level::INFO)
            .finish();
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        metrics::with_local_recorder(&recorder, || {
            tracing::subscriber::with_default(subscriber, || {
                for (method, uri) in [
                    ("GET", "/users/079123456789?code=geheim"),
                    ("BREW", "/users/1"),
                    ("GET", "/wp-admin/geheim"),
                    ("GET", "/health/live"),
                ] {
                    let request = Request::builder().method(method).uri(uri);
                    let request = request.header("authorization", "Bearer geheim");
                    let request = request.body(Body::from("geheim")).unwrap();
                    runtime.block_on(router().oneshot(request)).unwrap();
                }
            });
        });
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(lines.lines().count(), 3, "probes are no news: {lines}");
        assert!(
            lines.contains("/users/{id}") && lines.contains("abc"),
            "{lines}"
        );
        let metrics = handle.render();
        assert!(metrics.contains("route=\"/users/{id}\""), "{metrics}");
        assert!(metrics.contains("route=\"unmatched\""), "{metrics}");
        assert!(metrics.contains("method=\"other\""), "{metrics}");
        for secret in ["geheim", "079123456789", "BREW", "wp-admin"] {
            assert!(
                !lines.contains(secret) && !metrics.contains(secret),
                "{secret}"
            );
        }
    }
}
