//! What the machine could do at best, measured just before the server.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::appends;
use crate::connection::{Connection, plain_request};
use crate::drive::{Plan, Repeat, as_f64, drive};
use crate::machine::processors;

/// The three rates and what they allow together.
pub(crate) struct Ceiling {
    /// ES256 signatures per second.
    pub(crate) signatures: f64,
    /// Requests per second to an empty handler.
    pub(crate) requests: f64,
    /// Durable appends per second.
    pub(crate) appends: f64,
}

impl Ceiling {
    /// Requests per second that need one of each.
    pub(crate) fn rate(&self) -> f64 {
        1.0 / (1.0 / self.signatures + 1.0 / self.requests + 1.0 / self.appends)
    }
}

/// Measures all three with the same plan.
pub(crate) async fn measure(plan: Plan) -> Ceiling {
    Ceiling {
        signatures: signatures(plan.duration),
        requests: requests(plan).await,
        appends: appends::measure(plan.connections, plan.duration).await,
    }
}

/// Every processor signs a JWS-sized message until the time is over.
fn signatures(duration: Duration) -> f64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "a measuring program has no seeded generator"
    )]
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let document = document.expect("a key");
    let begun = Instant::now();
    let threads: Vec<_> = (0..processors())
        .map(|_| {
            let (random, document) = (random.clone(), document.as_ref().to_vec());
            std::thread::spawn(move || {
                let key =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &random);
                let key = key.expect("a key");
                let message = [b'x'; 400];
                let mut count = 0_u64;
                while begun.elapsed() < duration {
                    key.sign(&random, &message).expect("a signature");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let count: u64 = threads
        .into_iter()
        .map(|thread| thread.join().expect("a thread"))
        .sum();
    as_f64(count) / begun.elapsed().as_secs_f64()
}

struct Empty {
    connection: Connection,
    request: Vec<u8>,
}

impl Repeat for Empty {
    async fn once(&mut self) -> bool {
        let request = std::mem::take(&mut self.request);
        let wanted = self
            .connection
            .exchange(&request)
            .await
            .is_ok_and(|answer| answer.status == 200);
        self.request = request;
        wanted
    }
}

/// The empty handler runs in a process of its own, as the server does.
async fn requests(plan: Plan) -> f64 {
    let own = std::env::current_exe().expect("the path of this program");
    let mut child = Command::new(own)
        .arg("empty-handler")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a piped stream"));
    stdout.read_line(&mut line).expect("an address");
    let address: SocketAddr = line.trim().parse().expect("an address");
    let mut workers = Vec::new();
    for _ in 0..plan.connections {
        let connection = Connection::open(address).await.expect("a connection");
        let request = plain_request("/", &address.to_string(), "");
        workers.push(Empty {
            connection,
            request,
        });
    }
    let measured = drive(workers, child.id(), plan.duration).await;
    let _ = child.kill();
    let _ = child.wait();
    measured.rate()
}

/// Serves a handler that does nothing, until killed.
pub(crate) async fn serve_empty_handler() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let routes = axum::Router::new().route("/", axum::routing::get(async || "ok"));
    axum::serve(listener, routes).await.expect("serving");
}
