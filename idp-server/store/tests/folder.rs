//! The data folder on disk: reopening, permissions, and everything that may be wrong with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test must panic, wherever it fails"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use idp_core::base::fault::Fault;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::records::{CommitError, Records};
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::sqlite::{OpenOptions, SqliteRecords, SqliteTickets, open};
use sqlx::{Connection, Executor, SqliteConnection};

async fn made(folder: &Path) -> (SqliteRecords, SqliteTickets) {
    let options = OpenOptions {
        create: true,
        ..OpenOptions::default()
    };
    open(folder, options).await.unwrap()
}

async fn refused(folder: &Path) -> Fault {
    open(folder, OpenOptions::default()).await.unwrap_err()
}

/// An account and two events in one batch.
fn batch(number: u128) -> Batch {
    let user = sample::user(number, "Lê An", &format!("an{number}"));
    Batch {
        changes: vec![Change::User(Write::Put(user))],
        events: vec![sample::event(1), sample::event(2)],
    }
}

/// Runs SQL on a database that nobody has open.
async fn by_hand(database: &Path, sql: &'static str) {
    let address = format!("sqlite://{}", database.display());
    let mut connection = SqliteConnection::connect(&address).await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let keys = [TicketKind::Code, TicketKind::TokenRevoked].map(|kind| TicketKey::of(kind, "s"));
    for closes in [true, false] {
        let (records, tickets) = made(folder.path()).await;
        let number = u128::from(closes);
        records.commit(batch(number)).await.unwrap();
        let puts = keys.map(|key| TicketOp::Put {
            key,
            value: b"v".to_vec(),
            until: sample::at(9),
        });
        tickets.apply(puts.into(), sample::at(1)).await.unwrap();
        if closes {
            records.close().await;
            assert!(records.ping().await.is_err());
            let again = records.commit(batch(9)).await.unwrap_err();
            assert!(matches!(again, CommitError::Fault(fault) if !fault.transient));
        }
    }
    let (records, tickets) = made(folder.path()).await;
    for number in [0, 1] {
        assert!(records.user(sample::id(number)).await.unwrap().is_some());
    }
    assert_eq!(records.events_after(0, 10).await.unwrap().len(), 4);
    let takes = keys.map(|key| TicketOp::Take { key });
    let answers = tickets.apply(takes.into(), sample::at(2)).await.unwrap();
    assert_eq!(
        answers,
        [b"v", b"v"].map(|v| TicketAnswer::Value(v.to_vec()))
    );
    records.check().await.unwrap();
}

#[tokio::test]
async fn nobody_else_may_look_into_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("du-lieu");
    let (records, _tickets) = made(&folder).await;
    records.commit(batch(1)).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert!(files >= 5, "{files} files: databases, their logs, the lock");
}

#[tokio::test]
async fn one_process_has_the_folder_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path()).await.detail.contains("no store"));
    let (records, tickets) = made(folder.path()).await;
    let fault = refused(folder.path()).await;
    assert!(
        fault.detail.contains("another process has the store"),
        "{fault}"
    );
    records.close().await;
    let again = made(folder.path()).await;
    drop((records, tickets, again));
    made(folder.path()).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    for (database, version) in [("records.db", "records"), ("tickets.db", "tickets")] {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path()).await.0.close().await;
        let path = folder.path().join(database);
        by_hand(
            &path,
            "INSERT INTO schema_versions (version, compatible_from) VALUES (99, 98)",
        )
        .await;
        let fault = refused(folder.path()).await;
        assert!(
            fault.detail.contains("schema version 99"),
            "{version}: {fault}"
        );
        assert!(!fault.transient);
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _) = made(folder.path()).await;
    for number in 0..300 {
        records.commit(batch(number)).await.unwrap();
    }
    records.close().await;
    let path = folder.path().join("records.db");
    let whole = std::fs::read(&path).unwrap();

    let mut headless = whole.clone();
    headless[..16].copy_from_slice(b"no database here");
    let short = whole[..whole.len() - 4096].to_vec();
    let mut scribbled = whole.clone();
    scribbled[100..4096].fill(0xa5);
    for (damage, words) in [
        (headless, "no SQLite database"),
        (whole[..50].to_vec(), "no SQLite database"),
        (short, "its end is lost"),
        (scribbled, "damaged"),
    ] {
        std::fs::write(&path, damage).unwrap();
        let fault = refused(folder.path()).await;
        assert!(fault.detail.contains(words) && !fault.transient, "{fault}");
    }

    // Damage that no header tells of is found by the whole check.
    let mut inside = whole.clone();
    let page = whole.len() / 4096 * 3 / 4 * 4096;
    inside[page..page + 4096].fill(0xa5);
    std::fs::write(&path, inside).unwrap();
    let (records, _) = made(folder.path()).await;
    let fault = records.check().await.unwrap_err();
    assert!(fault.detail.contains("damaged"), "{fault}");
    records.close().await;
    std::fs::write(&path, whole).unwrap();
    made(folder.path()).await.0.check().await.unwrap();
}

#[tokio::test]
async fn a_removed_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _) = made(folder.path()).await;
    records.commit(batch(1)).await.unwrap();
    let path = folder.path().join("records.db");
    let aside = folder.path().join("aside.db");
    std::fs::rename(&path, &aside).unwrap();
    let error = records.commit(batch(2)).await.unwrap_err();
    assert!(error.to_string().contains("removed or replaced"), "{error}");
    std::fs::rename(&aside, &path).unwrap();
    records.commit(batch(2)).await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_a_passing_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _) = made(folder.path()).await;
    let address = format!("sqlite://{}", folder.path().join("records.db").display());
    let mut stranger = SqliteConnection::connect(&address).await.unwrap();
    stranger.execute("BEGIN IMMEDIATE").await.unwrap();
    // Reads go on meanwhile.
    let (commit, read) = tokio::join!(records.commit(batch(1)), records.user(sample::id(1)));
    assert_eq!(read.unwrap(), None);
    let Err(CommitError::Fault(fault)) = commit else {
        panic!("{commit:?}");
    };
    assert!(
        fault.transient && fault.detail.contains("locked"),
        "{fault}"
    );
    stranger.execute("ROLLBACK").await.unwrap();
    records.commit(batch(1)).await.unwrap();
}
