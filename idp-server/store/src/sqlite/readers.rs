//! Connections that read and never wait for the writer.

use std::sync::atomic::{AtomicUsize, Ordering};

use idp_core::base::fault::Fault;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard};

use super::connection::{self, Role};
use super::fault;
use super::folder::DatabaseFile;
use crate::sql::value::{Row, Statement};

/// A few reading connections. Not sqlx's own pool, which sends each connection a ping when it
/// comes back: a second round trip to the connection's thread for every read.
#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Mutex<Option<SqliteConnection>>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(super) async fn open(file: &DatabaseFile, count: usize) -> Result<Self, Fault> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count.max(1) {
            let connection = connection::connect(file, Role::Reader).await?;
            connections.push(Mutex::new(Some(connection)));
        }
        Ok(Self {
            connections,
            turn: AtomicUsize::new(0),
        })
    }

    /// Reads on a free connection, or on the one whose turn it is once it is free.
    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<Row>, Fault> {
        let mut slot = self.slot().await.ok_or_else(fault::closed)?;
        let connection = slot.as_mut().ok_or_else(fault::closed)?;
        let answer = connection::run(connection, &statement).await;
        answer.map(|a| a.rows).map_err(|e| fault::of(&e))
    }

    async fn slot(&self) -> Option<MutexGuard<'_, Option<SqliteConnection>>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.connections.len();
        let mut order = (0..count).filter_map(|step| self.connections.get((turn + step) % count));
        if let Some(free) = order.find_map(|connection| connection.try_lock().ok()) {
            return Some(free);
        }
        Some(self.connections.get(turn % count)?.lock().await)
    }

    /// Closes all connections, after the reads under way.
    pub(super) async fn close(&self) {
        for connection in &self.connections {
            if let Some(connection) = connection.lock().await.take() {
                // A reader has nothing to lose: a failing close only leaves work to the system.
                drop(connection.close().await);
            }
        }
    }
}
