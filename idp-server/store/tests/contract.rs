//! The contract, kept by SQLite on real files and by PostgreSQL on a server of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test must panic, wherever it fails"
)]

mod cluster;

use std::sync::{Arc, Mutex};

use idp_core::store::contract::{race, records_contract, tickets_contract};
use idp_core::store::tickets::TicketKind;
use idp_store::postgres::{self, PostgresRecords, PostgresTickets};
use idp_store::sqlite::{OpenOptions, SqliteRecords, SqliteTickets, open};
use tempfile::TempDir;

const NEW: OpenOptions = OpenOptions {
    readers: 2,
    create: true,
};

/// Opens a fresh store in a folder that goes with `folders`.
async fn fresh(folders: &Mutex<Vec<TempDir>>) -> (SqliteRecords, SqliteTickets) {
    let folder = tempfile::tempdir().unwrap();
    let stores = open(folder.path(), NEW).await.unwrap();
    folders.lock().unwrap().push(folder);
    stores
}

/// Opens a fresh database.
async fn fresh_database() -> (PostgresRecords, PostgresTickets) {
    let address = cluster::shared().database().await;
    postgres::open(&cluster::options(&address)).await.unwrap()
}

fn spawn(task: race::Task) -> race::Task {
    let running = tokio::spawn(task);
    Box::pin(async move { running.await.unwrap() })
}

#[tokio::test]
async fn records_keep_the_contract() {
    let folders = Mutex::default();
    records_contract(async || fresh(&folders).await.0).await;
}

#[tokio::test]
async fn tickets_keep_the_contract() {
    let folders = Mutex::default();
    tickets_contract(async || fresh(&folders).await.1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn takers_have_one_winner() {
    let folders = Mutex::default();
    let tickets = Arc::new(fresh(&folders).await.1);
    race::takes(&tickets, spawn, TicketKind::Code, (157, 64)).await;
    race::takes(&tickets, spawn, TicketKind::AssertionSeen, (20, 64)).await;
    race::counts(&tickets, spawn, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_have_one_winner() {
    let folders = Mutex::default();
    let records = Arc::new(fresh(&folders).await.0);
    race::commits(&records, spawn, (20, 16)).await;
    let records = Arc::new(fresh(&folders).await.0);
    race::ends(&records, spawn, (20, 16)).await;
    let records = Arc::new(fresh(&folders).await.0);
    race::deliveries(&records, spawn, 8).await;
    let records = Arc::new(fresh(&folders).await.0);
    race::outruns(&records, spawn, (20, 4)).await;
}

#[tokio::test]
async fn postgres_records_keep_the_contract() {
    records_contract(async || fresh_database().await.0).await;
}

#[tokio::test]
async fn postgres_tickets_keep_the_contract() {
    tickets_contract(async || fresh_database().await.1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_takers_have_one_winner() {
    let tickets = Arc::new(fresh_database().await.1);
    race::takes(&tickets, spawn, TicketKind::Code, (157, 64)).await;
    race::takes(&tickets, spawn, TicketKind::AssertionSeen, (20, 64)).await;
    race::counts(&tickets, spawn, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_writers_have_one_winner() {
    let records = Arc::new(fresh_database().await.0);
    race::commits(&records, spawn, (20, 16)).await;
    let records = Arc::new(fresh_database().await.0);
    race::ends(&records, spawn, (40, 16)).await;
    let records = Arc::new(fresh_database().await.0);
    race::deliveries(&records, spawn, 8).await;
    let records = Arc::new(fresh_database().await.0);
    race::outruns(&records, spawn, (20, 4)).await;
}
