//! The way to the administration API: a running server's socket, or its router in this process.

use std::path::{Path, PathBuf};

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tower::ServiceExt;

/// At most so many bytes of an answer are read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// How requests reach the API.
#[derive(Clone, Debug)]
pub enum Transport {
    /// A server listens on this socket.
    Socket(PathBuf),
    /// No server runs: the same router answers in this process, which holds the store's lock.
    InProcess(Router),
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nobody listens.
    #[error("{0}")]
    Unreachable(std::io::Error),
    /// The connection broke, or the answer is too large.
    #[error("the server's answer did not arrive whole: {0}")]
    Broken(String),
}

/// Whether somebody listens on a socket now.
///
/// # Errors
/// Why not: the file does not exist, nobody listens, or it may not be opened.
pub async fn listens(socket: &Path) -> std::io::Result<()> {
    UnixStream::connect(socket).await.map(drop)
}

impl Transport {
    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// See [`TransportError`]. Statuses are not judged here.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TransportError> {
        match self {
            Self::Socket(path) => over_socket(path, request).await,
            Self::InProcess(router) => {
                let request = request.map(axum::body::Body::new);
                let Ok(response) = router.clone().oneshot(request).await;
                whole(response).await
            }
        }
    }
}

async fn over_socket(
    path: &Path,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, TransportError> {
    let broken = |e: hyper::Error| TransportError::Broken(e.to_string());
    let stream = UnixStream::connect(path)
        .await
        .map_err(TransportError::Unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // Ends by itself when the sender is dropped; its error reaches the sender as well.
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let response = whole(response).await;
    driver.abort();
    response
}

async fn whole<B>(response: Response<B>) -> Result<Response<Bytes>, TransportError>
where
    B: axum::body::HttpBody<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER)
        .collect()
        .await
        .map_err(|e| TransportError::Broken(e.to_string()))?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;

    fn request() -> Request<Full<Bytes>> {
        Request::get("/hello")
            .header("host", "localhost")
            .body(Full::default())
            .unwrap()
    }

    fn router() -> Router {
        Router::new().route("/hello", get(|| async { "xin chào" }))
    }

    #[tokio::test]
    async fn both_ways_answer_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        assert!(listens(&path).await.is_err());
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move { axum::serve(listener, router()).await });
        assert!(listens(&path).await.is_ok());
        for transport in [Transport::Socket(path), Transport::InProcess(router())] {
            let answer = transport.send(request()).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.body().as_ref(), "xin chào".as_bytes());
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_told_apart_from_a_broken_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let failure = Transport::Socket(path.clone()).send(request()).await;
        assert!(matches!(failure, Err(TransportError::Unreachable(_))));
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move { listener.accept().await.map(drop) });
        let failure = Transport::Socket(path).send(request()).await;
        assert!(matches!(failure, Err(TransportError::Broken(_))));
    }
}
