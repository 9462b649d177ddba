//! W: durable appends per second on this disk, grouped as a store with one writer groups them.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::{mpsc, oneshot};

use crate::drive::as_f64;

/// Most appends that share one sync.
const GROUP: usize = 256;

/// As much as an audit event takes.
const ROW: [u8; 300] = [b'x'; 300];

/// As many writers as the plan has connections, each waiting for its own row to be durable.
pub(crate) async fn measure(writers: usize, duration: Duration) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = open(&folder.path().join("appends.sqlite")).await;
    let (sender, receiver) = mpsc::channel(GROUP);
    let store = tokio::spawn(append_groups(connection, receiver));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| tokio::spawn(append_until(sender.clone(), begun + duration)))
        .collect();
    drop(sender);
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a writer");
    }
    let rate = as_f64(count) / begun.elapsed().as_secs_f64();
    store.await.expect("the store");
    rate
}

async fn open(path: &std::path::Path) -> SqliteConnection {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await
        .expect("a database");
    let table = "CREATE TABLE appends (number INTEGER PRIMARY KEY, content BLOB NOT NULL)";
    connection.execute(table).await.expect("a table");
    connection
}

async fn append_until(sender: mpsc::Sender<oneshot::Sender<()>>, end: Instant) -> u64 {
    let mut count = 0;
    while Instant::now() < end {
        let (done, durable) = oneshot::channel();
        sender.send(done).await.expect("the store runs");
        durable.await.expect("the store answers");
        count += 1;
    }
    count
}

/// Commits whatever waits together, then tells each writer.
async fn append_groups(
    mut connection: SqliteConnection,
    mut receiver: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let mut waiting = Vec::with_capacity(GROUP);
    while receiver.recv_many(&mut waiting, GROUP).await > 0 {
        let mut transaction = connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .expect("a transaction");
        for _ in &waiting {
            sqlx::query("INSERT INTO appends (content) VALUES ($1)")
                .bind(&ROW[..])
                .execute(&mut *transaction)
                .await
                .expect("a row");
        }
        transaction.commit().await.expect("a commit");
        for done in waiting.drain(..) {
            let _ = done.send(());
        }
    }
}
