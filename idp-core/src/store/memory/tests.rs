//! The contract, kept by the stores in memory.

use std::sync::Arc;

use super::{MemoryRecords, MemoryTickets};
use crate::store::contract::{race, records_contract, tickets_contract};
use crate::store::tickets::TicketKind;

fn spawn(task: race::Task) -> race::Task {
    let running = tokio::spawn(task);
    Box::pin(async move { running.await.unwrap() })
}

#[tokio::test]
async fn records_keep_the_contract() {
    Box::pin(records_contract(async || MemoryRecords::new())).await;
}

#[tokio::test]
async fn tickets_keep_the_contract() {
    tickets_contract(async || MemoryTickets::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn races_have_one_winner() {
    let tickets = Arc::new(MemoryTickets::new());
    race::takes(&tickets, spawn, TicketKind::Code, (150, 64)).await;
    race::counts(&tickets, spawn, 64).await;
    race::commits(&Arc::new(MemoryRecords::new()), spawn, (20, 16)).await;
    race::ends(&Arc::new(MemoryRecords::new()), spawn, (20, 16)).await;
    race::deliveries(&Arc::new(MemoryRecords::new()), spawn, 8).await;
    race::outruns(&Arc::new(MemoryRecords::new()), spawn, (50, 8)).await;
}
