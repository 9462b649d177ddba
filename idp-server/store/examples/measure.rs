//! Measures what a request costs in a store: `measure FOLDER` for an embedded one, made there, or
//! `measure postgres://…` for an empty database. Times are those of one call, in microseconds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement, not part of the product"
)]

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use idp_core::base::secret::SecretText;
use idp_core::model::grant::GrantState;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::records::Records;
use idp_core::store::tickets::{TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::{postgres, sqlite};

const LASTING: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let place = std::env::args().nth(1).unwrap_or_default();
    if place.starts_with("postgres") {
        let mut options = postgres::PostgresOptions::new(SecretText::new(place));
        options.connections = 16;
        let (records, tickets) = postgres::open(&options).await.unwrap();
        measure(Arc::new(records), Arc::new(tickets)).await;
    } else {
        let options = sqlite::OpenOptions {
            create: true,
            ..sqlite::OpenOptions::default()
        };
        let (records, tickets) = sqlite::open(Path::new(&place), options).await.unwrap();
        measure(Arc::new(records), Arc::new(tickets)).await;
    }
}

async fn measure(records: Arc<dyn Records>, tickets: Arc<dyn Tickets>) {
    let user = sample::user(1, "Lê An", "an");
    let session = sample::session(1, user.id);
    let changes = vec![
        Change::User(Write::Put(user)),
        Change::Session(Write::Put(session.clone())),
    ];
    let events = Vec::new();
    records.commit(Batch { changes, events }).await.unwrap();
    let numbers = Arc::new(AtomicU64::new(10));
    for side_by_side in [1, 16, 64] {
        run("one event", side_by_side, || {
            let records = records.clone();
            async move {
                let events = vec![sample::event(1)];
                let changes = Vec::new();
                records.commit(Batch { changes, events }).await.unwrap();
            }
        })
        .await;
        run("a grant and an event", side_by_side, || {
            let (records, session) = (records.clone(), session.clone());
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut grant = sample::grant(number.into(), &session);
                grant.state = GrantState::Authorized;
                let changes = vec![Change::Grant(Write::Put(grant))];
                let events = vec![sample::event(1)];
                records.commit(Batch { changes, events }).await.unwrap();
            }
        })
        .await;
        run("read a session with its user", side_by_side, || {
            let (records, id) = (records.clone(), session.id);
            async move { drop(records.session(id).await.unwrap().unwrap()) }
        })
        .await;
        run("put a code and take it", side_by_side, || {
            let tickets = tickets.clone();
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            async move {
                let key = TicketKey::of(TicketKind::Code, &number.to_string());
                let (value, until) = (vec![7; 200], sample::at(100));
                let put = vec![TicketOp::Put { key, value, until }];
                tickets.apply(put, sample::at(1)).await.unwrap();
                let take = vec![TicketOp::Take { key }];
                tickets.apply(take, sample::at(2)).await.unwrap();
            }
        })
        .await;
    }
}

/// Runs calls for a while, so many side by side, and prints how many there were and how long
/// the middle one and the slowest of a hundred took.
async fn run<F>(what: &str, side_by_side: usize, call: impl Fn() -> F)
where
    F: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let lines = (0..side_by_side).map(|_| async {
        let mut times = Vec::new();
        while began.elapsed() < LASTING {
            let started = Instant::now();
            call().await;
            times.push(started.elapsed());
        }
        times
    });
    let mut times: Vec<_> = futures::future::join_all(lines).await.concat();
    times.sort_unstable();
    let each = times.len() as f64 / began.elapsed().as_secs_f64();
    let micros = |part: usize| times[times.len() * part / 100].as_micros();
    let (p50, p99) = (micros(50), micros(99));
    println!("{what:30} {side_by_side:3} × {each:8.0}/s  p50 {p50:7}  p99 {p99:7}");
}
