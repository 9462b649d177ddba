//! One connection: HTTP/1.1 or HTTP/2 within bounds, ended in order.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tower::ServiceExt;

use super::Limits;
use super::paced_body::paced;
use super::stop::Stop;

/// How often an HTTP/2 connection that says nothing is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// After the stop a new connection may still take this long to bring its first request: who
/// connected just before has sent it already, and would lose it.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Which protocol a connection speaks. It is known beforehand, so that nobody holds a connection
/// by never saying which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Serves one connection until it ends, or until the stop and then at most `drain` longer.
pub(super) async fn serve<I, M>(
    stream: I,
    protocol: Protocol,
    (router, limits): (Router, Limits),
    (mut stop, drain): (Stop, Duration),
    mark: M,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    M: Fn(&mut Request<Body>) + Clone + Send + Sync + 'static,
{
    let first = Arc::new(Notify::new());
    let begun = Arc::clone(&first);
    let service = service_fn(move |request: Request<Incoming>| {
        begun.notify_one();
        let (mut request, progress) = paced(request, limits.pace);
        mark(&mut request);
        let answering = answer(router.clone(), request, limits);
        async move {
            let answered = tokio::select! {
                biased;
                () = progress.late.notified() => Ok(too_slow()),
                answered = answering => answered,
            };
            answered.map(
                |response| match protocol == Protocol::Http1 && progress.is_unread() {
                    true => last(response),
                    false => response,
                },
            )
        }
    });
    let builder = builder(protocol, &limits);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A connection is asked to end after a while whether it talks or not: keep-alive of either
    // protocol must not let silence hold a place for ever.
    let over = async {
        tokio::select! {
            () = stop.told() => {
                drop(tokio::time::timeout(FIRST_REQUEST, first.notified()).await);
            }
            () = tokio::time::sleep(limits.connection_age) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = over => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(drain, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection was cut: it did not end in time"),
            }
        }
    };
    if let Err(error) = ended {
        // Strangers' mistakes and broken lines: of interest only when somebody looks for them.
        tracing::debug!(%error, "connection ended");
    }
}

async fn answer(
    router: Router,
    request: Request<Body>,
    limits: Limits,
) -> Result<Response<Body>, Infallible> {
    // hyper bounds its buffer, not the head: one read may bring more than the bound.
    if head_bytes(&request) > limits.header_bytes {
        return Ok(bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    let answering = router.oneshot(request);
    let Some(longest) = limits.request_timeout else {
        return answering.await;
    };
    let answered = tokio::time::timeout(longest, answering).await;
    answered.unwrap_or_else(|_| Ok(bare(StatusCode::REQUEST_TIMEOUT)))
}

/// The body came too slowly; RFC 9110 §15.5.9 asks to end the connection too.
fn too_slow() -> Response<Body> {
    tracing::debug!("a body came too slowly");
    last(bare(StatusCode::REQUEST_TIMEOUT))
}

/// The last answer of its connection, which says so: a client that sent the next request there
/// would not know whether it was heard.
fn last(mut response: Response<Body>) -> Response<Body> {
    let close = http::HeaderValue::from_static("close");
    let headers = response.headers_mut();
    headers.insert(http::header::CONNECTION, close);
    response
}

/// An answer that no route gave.
fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The octets of target and headers, each header with its colon and line end.
fn head_bytes(request: &Request<Body>) -> usize {
    let target = request
        .uri()
        .path_and_query()
        .map_or(1, |target| target.as_str().len());
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + 4
    };
    target + request.headers().iter().map(header).sum::<usize>()
}

fn builder(protocol: Protocol, limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        // Below 8 KiB hyper refuses to work.
        .max_buf_size(limits.header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(PING)
        .keep_alive_timeout(limits.header_timeout);
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}
