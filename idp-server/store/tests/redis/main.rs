//! Tickets on real Redis servers: the contract, the refusals, the losses.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failing test must panic, wherever it fails; figures are printed"
)]

mod failover;
mod load;
mod refusals;
mod servers;
mod trouble;
mod words;

use std::sync::Arc;

use idp_core::base::time::Timestamp;
use idp_core::store::contract::{race, ticket_operations_contract};
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::redis::{Arrangement, open};
use servers::{Cluster, Server, Watched, fresh};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1);
pub(crate) const LATER: Timestamp = Timestamp::from_millis(1_000_000);

/// The ticket of a number.
pub(crate) fn key(kind: TicketKind, number: usize) -> TicketKey {
    TicketKey::of(kind, &number.to_string())
}

/// Stores an empty value.
pub(crate) fn put(key: TicketKey) -> TicketOp {
    let value = Vec::new();
    TicketOp::Put {
        key,
        value,
        until: LATER,
    }
}

fn spawn(task: race::Task) -> race::Task {
    let running = tokio::spawn(task);
    Box::pin(async move { running.await.unwrap() })
}

/// The contract and the races, each on keys of its own.
async fn keeps_the_contract(arrangement: Arrangement) {
    let make = async || open(&fresh(arrangement.clone())).await.unwrap();
    ticket_operations_contract(make).await;
    let tickets = Arc::new(make().await);
    race::takes(&tickets, spawn, TicketKind::Code, (40, 64)).await;
    race::takes(&tickets, spawn, TicketKind::AssertionSeen, (20, 64)).await;
    race::counts(&tickets, spawn, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_server_keeps_the_contract() {
    let server = Server::start("");
    keeps_the_contract(Arrangement::Single(server.address())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sentinels_keep_the_contract() {
    let watched = Watched::start();
    keeps_the_contract(watched.arrangement()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_keeps_the_contract() {
    let cluster = Cluster::start();
    keeps_the_contract(cluster.arrangement()).await;
}

#[tokio::test]
async fn every_key_has_an_end_that_no_clock_moves() {
    let server = Server::start("");
    let tickets = server.open().await;
    let ticket = key(TicketKind::Code, 1);
    let count = TicketOp::Count {
        key: key(TicketKind::ThrottleAccount, 1),
        by: 1,
        until: LATER,
    };
    // By its own clock the server would call moments of 1970 over.
    tickets.apply(vec![put(ticket), count], NOW).await.unwrap();
    let keys = server.cli(&["KEYS", "*"]);
    assert_eq!(keys.lines().count(), 2);
    for key in keys.lines() {
        let left: i64 = server.cli(&["PTTL", key]).parse().unwrap();
        assert!((1_000_000..=1_060_000).contains(&left), "{key}: {left}");
    }
    assert_eq!(tickets.sweep(LATER).await.unwrap(), 0);
    let take = vec![TicketOp::Take { key: ticket }];
    let over = tickets.apply(take, LATER).await.unwrap();
    assert_eq!(over, [TicketAnswer::Unknown]);
}

#[tokio::test]
async fn a_server_that_forgot_the_script_is_told_it() {
    let server = Server::start("");
    let tickets = server.open().await;
    for number in 0..3 {
        assert_eq!(server.cli(&["SCRIPT", "FLUSH"]), "OK");
        let ops = vec![put(key(TicketKind::Code, number))];
        assert_eq!(tickets.apply(ops, NOW).await.unwrap(), [TicketAnswer::Done]);
    }
}
