//! A small measurement: how long a round trip takes. Printed with `--nocapture`.

use std::time::{Duration, Instant};

use idp_core::store::tickets::{TicketKind, TicketOp, Tickets};
use idp_store::redis::RedisTickets;

use crate::servers::{Cluster, Server, fresh};
use crate::{NOW, key, put};

/// `callers` put and take codes for a second or so; answers the sorted round trips.
async fn round_trips(tickets: &RedisTickets, callers: usize) -> Vec<Duration> {
    const TURNS: usize = 500;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let tickets = tickets.clone();
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(2 * TURNS);
                for turn in 0..TURNS {
                    let code = key(TicketKind::Code, (caller * TURNS + turn) * 64 + callers);
                    for op in [put(code), TicketOp::Take { key: code }] {
                        let begun = Instant::now();
                        tickets.apply(vec![op], NOW).await.unwrap();
                        took.push(begun.elapsed());
                    }
                }
                took
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    all
}

async fn measure(what: &str, tickets: &RedisTickets) {
    for callers in [1, 32] {
        let begun = Instant::now();
        let took = round_trips(tickets, callers).await;
        let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
        let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
        println!("{what}, {callers} callers: {rate:.0}/s, p50 {p50:?}, p99 {p99:?}");
        assert!(p50 < Duration::from_millis(200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_trips_are_short() {
    let server = Server::start("");
    measure("one server", &server.open().await).await;
    let cluster = Cluster::start();
    let tickets = idp_store::redis::open(&fresh(cluster.arrangement()))
        .await
        .unwrap();
    measure("cluster", &tickets).await;
}
