//! A relying party's back-channel logout endpoint that keeps what it was sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::routing::post;
use url::Url;

type Received = Arc<Mutex<Vec<String>>>;

/// A listening receiver; it stops when the test's runtime does.
pub struct Receiver {
    /// The address to register as `backchannel_logout_uri`.
    pub url: Url,
    received: Received,
}

impl Receiver {
    /// Listens on a free loopback port.
    pub async fn start() -> Self {
        let received = Received::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let routes = axum::Router::new()
            .route("/backchannel-logout", post(keep))
            .with_state(Arc::clone(&received));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let url = format!("http://127.0.0.1:{port}/backchannel-logout");
        Self {
            url: Url::parse(&url).expect("an address"),
            received,
        }
    }

    /// Listens and never answers.
    pub async fn deaf() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                open.push(connection);
            }
        });
        let url = format!("http://127.0.0.1:{port}/backchannel-logout");
        Self {
            url: Url::parse(&url).expect("an address"),
            received: Received::default(),
        }
    }

    /// The first logout token, waiting at most this long.
    pub async fn logout_token(&self, patience: Duration) -> Option<String> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(token) = self.received.lock().expect("unpoisoned").first() {
                return Some(token.clone());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// How many deliveries arrived.
    pub fn count(&self) -> usize {
        self.received.lock().expect("unpoisoned").len()
    }
}

async fn keep(
    State(received): State<Received>,
    Form(mut fields): Form<HashMap<String, String>>,
) -> StatusCode {
    match fields.remove("logout_token") {
        Some(token) => {
            received.lock().expect("unpoisoned").push(token);
            StatusCode::OK
        }
        None => StatusCode::BAD_REQUEST,
    }
}
