//! The administrator's search in a store of many people, over the local socket.

use std::time::{Duration, Instant};

use idp_tests::{Installation, people};
use tokio::net::UnixStream;

use crate::connection::{Connection, plain_request};
use crate::drive::as_f64;

/// What is looked for: a common family name, a common given name, a beginning, a rare combination
/// of common words, a user name, a mail address, nobody.
const QUERIES: [&str; 7] = [
    "nguyen",
    "khanh",
    "ng",
    "dang%20quoc%20khanh",
    "u04999",
    "u00042%40",
    "khong%20co%20ai",
];

/// Brings the store of a serving installation to `people`.
pub(crate) fn fill(installation: &Installation, count: u32) {
    let begun = Instant::now();
    people::import_invited(installation, count);
    println!(
        "import      {count} people in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
}

/// Measures each query until the time is over, in a store that was filled.
pub(crate) async fn measure(installation: &Installation, duration: Duration) {
    let mut connection = Connection::open_socket(&installation.socket())
        .await
        .expect("the socket");
    for query in QUERIES {
        let mut latencies = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < duration / 7 {
            latencies.push(search(&mut connection, query).await);
        }
        latencies.sort_unstable();
        let at = |share: usize| latencies[(latencies.len() - 1) * share / 100];
        println!(
            "search      {query:<20} p50 {:.1} ms, p99 {:.1} ms, highest {:.1} ms (the bound is 20)",
            milliseconds(at(50)),
            milliseconds(at(99)),
            milliseconds(at(100))
        );
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    as_f64(u64::try_from(duration.as_micros()).expect("short")) / 1_000.0
}

async fn search(connection: &mut Connection<UnixStream>, query: &str) -> Duration {
    let headers = "idp-acting-as: quantri\r\n";
    let path = format!("/admin/v1/users?q={query}&limit=50");
    let request = plain_request(&path, "localhost", headers);
    let begun = Instant::now();
    let answer = connection.exchange(&request).await.expect("an answer");
    let took = begun.elapsed();
    assert_eq!(answer.status, 200, "{}", answer.body);
    took
}
