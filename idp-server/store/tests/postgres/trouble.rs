//! A server that takes no writes, or has no room for them: found before requests find it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

use idp_core::base::fault::{Fault, Trouble};
use idp_core::store::contract::sample;
use idp_core::store::records::Records;
use idp_core::store::tickets::{TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::postgres::{PostgresRecords, open};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::cluster::{Cluster, options};
use super::{by_hand, events, fault, fresh};

async fn trouble(records: &PostgresRecords) -> Option<Trouble> {
    let asked = Instant::now();
    let trouble = records.ping().await.err().map(|fault: Fault| {
        assert!(fault.transient, "{fault}");
        fault.trouble
    });
    assert!(asked.elapsed() < Duration::from_secs(2));
    trouble
}

/// Waits until the store is in this trouble, or in none.
async fn until(wanted: Option<Trouble>, records: &PostgresRecords) {
    let begun = Instant::now();
    loop {
        let now = trouble(records).await;
        if now == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_database_that_became_read_only_is_told() {
    let (address, records, tickets) = fresh().await;
    assert_eq!(trouble(&records).await, None);
    let name = address.rsplit('/').next().unwrap();
    let set = |on: bool| format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
    by_hand(&address, &set(true)).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    by_hand(&address, end).await;
    until(Some(Trouble::ReadOnly), &records).await;
    // Nothing is half-done, and both say why.
    let refused = fault(records.commit(events(0..1)).await.unwrap_err());
    assert!(
        refused.transient && refused.detail.contains("standby"),
        "{refused}"
    );
    let key = TicketKey::of(TicketKind::Code, "x");
    let take = vec![TicketOp::Take { key }];
    let refused = tickets.apply(take, sample::at(1)).await.unwrap_err();
    assert_eq!(
        (refused.transient, refused.trouble),
        (true, Trouble::ReadOnly)
    );
    let mut operator = PgConnection::connect(&address).await.unwrap();
    let writable = "SET default_transaction_read_only = off";
    operator.execute(writable).await.unwrap();
    operator.execute(AssertSqlSafe(set(false))).await.unwrap();
    until(None, &records).await;
    records.commit(events(0..1)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_became_read_only_under_its_connections_is_told() {
    let cluster = Cluster::start(&["fsync=off"]);
    let address = cluster.address("postgres");
    let (records, _) = open(&options(&address)).await.unwrap();
    records.commit(events(0..1)).await.unwrap();
    let set = |word| format!("ALTER SYSTEM SET default_transaction_read_only = {word}");
    by_hand(&address, &set("on")).await;
    by_hand(&address, "SELECT pg_reload_conf()").await;
    until(Some(Trouble::ReadOnly), &records).await;
    by_hand(&address, &set("off")).await;
    by_hand(&address, "SELECT pg_reload_conf()").await;
    until(None, &records).await;
}

#[tokio::test]
async fn a_full_server_is_told_and_recovered_from() {
    let settings = ["fsync=off", "shared_buffers=16MB", "autovacuum=off"];
    let Some(cluster) = Cluster::on_small_disk("128m", &settings) else {
        eprintln!("left out: this user may not mount a small disk");
        return;
    };
    let (records, _) = open(&options(&cluster.address("postgres"))).await.unwrap();
    records.commit(events(0..1)).await.unwrap();
    let filler = cluster.folder().join("filler");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&filler)
        .unwrap();
    for size in [1 << 16, 1 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    let mut written = 1;
    let full = loop {
        match records.commit(events(written..written + 50)).await {
            Ok(()) => written += 50,
            Err(error) => break fault(error),
        }
        assert!(written < 100_000);
    };
    assert_eq!(
        (full.transient, full.trouble),
        (true, Trouble::Full),
        "{full}"
    );
    assert_eq!(trouble(&records).await, Some(Trouble::Full));
    assert_eq!(
        trouble(&records).await,
        Some(Trouble::Full),
        "it stays told"
    );
    drop(file);
    fs::remove_file(filler).unwrap();
    until(None, &records).await;
    records.commit(events(written..written + 50)).await.unwrap();
    let all = records.events_after(0, 10_000).await.unwrap();
    assert_eq!(all.len(), written as usize + 50, "nothing was half-written");
}
