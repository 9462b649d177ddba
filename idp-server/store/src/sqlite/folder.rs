//! The data folder: who may see it, and that only one process uses it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use idp_core::base::fault::Fault;

/// The databases and the lock, by name.
pub(super) const RECORDS: &str = "records.db";
pub(super) const TICKETS: &str = "tickets.db";
const LOCK: &str = "store.lock";

/// A data folder, held exclusively until released or dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Takes the folder; makes it (mode 0700) when `create` is set.
    pub(super) fn take(path: &Path, create: bool) -> Result<Self, Fault> {
        if create && !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|e| refuse(path, "cannot be made", &e))?;
        }
        if !create && !path.join(RECORDS).exists() {
            let path = path.display();
            return Err(Fault::lasting(
                "store",
                format!("there is no store in {path}; make one with `idp init`"),
            ));
        }
        let lock = open_private(&path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                lock: Mutex::new(Some(lock)),
            }),
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                Err(Fault::transient(
                    "store",
                    format!("another process has the store in {path} open; stop it first"),
                ))
            }
            Err(TryLockError::Error(e)) => Err(refuse(path, "cannot be locked", &e)),
        }
    }

    /// A database file of the folder, made (mode 0600) when it is missing: SQLite gives its
    /// companion files the same mode.
    pub(super) fn database(&self, name: &str) -> Result<DatabaseFile, Fault> {
        let path = self.path.join(name);
        let metadata = open_private(&path)?
            .metadata()
            .map_err(|e| refuse(&path, "cannot be read", &e))?;
        Ok(DatabaseFile {
            identity: (metadata.dev(), metadata.ino()),
            path,
        })
    }

    /// Lets other processes in.
    pub(super) fn release(&self) {
        drop(
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

fn open_private(path: &Path) -> Result<File, Fault> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| refuse(path, "cannot be opened", &e))
}

fn refuse(path: &Path, what: &str, error: &std::io::Error) -> Fault {
    Fault::lasting("store", format!("{} {what}: {error}", path.display()))
}

/// A database file, and which file it was when it was opened.
#[derive(Clone, Debug)]
pub(super) struct DatabaseFile {
    pub(super) path: PathBuf,
    identity: (u64, u64),
}

impl DatabaseFile {
    /// Refuses to go on when the file was removed or replaced: SQLite in WAL mode would write
    /// into a file without a name, and everything acknowledged would be lost at the next start.
    /// One `stat` for each group of commits.
    pub(super) fn check_in_place(&self) -> Result<(), Fault> {
        let here = std::fs::metadata(&self.path).map(|m| (m.dev(), m.ino()));
        if here.is_ok_and(|identity| identity == self.identity) {
            return Ok(());
        }
        Err(Fault::lasting(
            "store",
            format!(
                "{} was removed or replaced while the server runs; put it back and restart",
                self.path.display()
            ),
        ))
    }
}
