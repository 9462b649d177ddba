//! Which store an installation rests in.

use std::path::PathBuf;
use std::sync::Arc;

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::changes::Changes;
use idp_core::store::records::Records;
use idp_core::store::tickets::Tickets;
use idp_store::carry;
use idp_store::postgres::{self, PostgresOptions, PostgresRecords};
use idp_store::redis::{self, RedisSettings};
use idp_store::sqlite::{self, OpenOptions, SqliteRecords};

/// Where the data of an installation rest.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a folder that this process holds by itself.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Whether a store that does not exist is made.
        create: bool,
    },
    /// In a database that any number of nodes share.
    Database(PostgresOptions),
}

/// An open store.
#[derive(Clone)]
pub enum Store {
    /// SQLite in a folder.
    Embedded(Arc<SqliteRecords>),
    /// PostgreSQL.
    Shared(Arc<PostgresRecords>),
}

impl Store {
    /// Opens the records, and the tickets beside them.
    ///
    /// # Errors
    /// A fault in the operator's words: locked, damaged, newer, not reached, refused.
    pub async fn open(place: &Place) -> Result<(Self, Arc<dyn Tickets>), Fault> {
        match place {
            Place::Folder { path, create } => {
                let options = OpenOptions {
                    create: *create,
                    ..OpenOptions::default()
                };
                let (records, tickets) = sqlite::open(path, options).await?;
                Ok((Self::Embedded(Arc::new(records)), Arc::new(tickets)))
            }
            Place::Database(options) => {
                let (records, tickets) = postgres::open(options).await?;
                Ok((Self::Shared(Arc::new(records)), Arc::new(tickets)))
            }
        }
    }

    /// The records.
    pub fn records(&self) -> Arc<dyn Records> {
        match self {
            Self::Embedded(records) => records.clone(),
            Self::Shared(records) => records.clone(),
        }
    }

    /// What other nodes change; none when there can be no others.
    pub fn changes(&self) -> Option<Box<dyn Changes>> {
        match self {
            Self::Embedded(_) => None,
            Self::Shared(records) => Some(Box::new(records.changes())),
        }
    }

    /// Looks the store over, for `idp doctor`; the answer says what was looked at.
    ///
    /// # Errors
    /// A fault that names what is wrong.
    pub async fn check(&self) -> Result<&'static str, Fault> {
        match self {
            Self::Embedded(records) => records.check().await.map(|()| "every page is whole"),
            Self::Shared(records) => {
                let sound = "PostgreSQL answers, and keeps what it acknowledged";
                records.check().await.map(|()| sound)
            }
        }
    }

    /// Writes what waits and closes the store. Every later call on it is a fault.
    pub async fn close(&self) {
        match self {
            Self::Embedded(records) => records.close().await,
            Self::Shared(records) => records.close().await,
        }
    }
}

/// The tickets of an installation: in Redis when it is given, otherwise `beside` the records. What
/// must last and still rests beside them is carried into Redis first.
pub(super) async fn tickets(
    servers: Option<&RedisSettings>,
    (store, beside): (&Store, Arc<dyn Tickets>),
    now: Timestamp,
) -> Result<Arc<dyn Tickets>, Fault> {
    let Some(settings) = servers else {
        return Ok(beside);
    };
    let tickets = redis::open(settings).await?;
    for advice in tickets.advice().await? {
        tracing::warn!("{advice}");
    }
    let carried = match store {
        Store::Embedded(records) => carry(records, &tickets, now).await?,
        Store::Shared(records) => carry(records, &tickets, now).await?,
    };
    if carried > 0 {
        tracing::info!(carried, "marks that must last were carried into Redis");
    }
    // Nobody looks after them there any more.
    beside.sweep(now).await?;
    Ok(Arc::new(tickets))
}
