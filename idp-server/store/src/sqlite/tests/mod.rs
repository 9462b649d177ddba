//! What only the inside can arrange.

mod full_disk;
mod migration;
mod search;
mod shrinking;

use super::{OpenOptions, SqliteRecords, SqliteTickets, open};

/// An empty store.
async fn empty(folder: &std::path::Path) -> (SqliteRecords, SqliteTickets) {
    let options = OpenOptions {
        create: true,
        ..OpenOptions::default()
    };
    open(folder, options).await.unwrap()
}
