//! Signed heads of the audit leave the machine, so that somebody who rules it cannot cut or rewrite
//! the chain unseen (security sentence 15).

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use idp_admin_api::audit::AuditHead;
use idp_core::base::fault::Fault;

/// RFC 5424 §6.2.1: facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;

/// Where heads go. Without a file and without a socket nothing leaves.
#[derive(Debug, Default)]
pub struct AuditHeads {
    file: Option<PathBuf>,
    syslog: Option<PathBuf>,
    /// The number of the last head that left.
    left: Mutex<i64>,
}

impl AuditHeads {
    /// Heads are appended to a file, sent to the Unix socket of syslog, or both.
    pub fn new(file: Option<PathBuf>, syslog: Option<PathBuf>) -> Self {
        Self {
            file,
            syslog,
            left: Mutex::default(),
        }
    }

    /// Whether heads go anywhere.
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.syslog.is_none()
    }

    /// Whether this head is not the one that left last.
    pub fn wants(&self, number: i64) -> bool {
        !self.is_empty() && *self.left.lock().unwrap_or_else(PoisonError::into_inner) != number
    }

    /// Appends a head to the file, durably, and sends it to syslog. Blocks on the file system. A
    /// process that was started anew repeats the last head, which does no harm.
    ///
    /// # Errors
    /// A fault that names the file or socket; the head is offered again at the next call.
    pub fn send(&self, head: &AuditHead) -> Result<(), Fault> {
        let json = serde_json::to_string(head).map_err(|e| Fault::lasting("audit heads", e))?;
        if let Some(file) = &self.file {
            append(file, &json).map_err(|e| trouble(file, &e))?;
        }
        if let Some(socket) = &self.syslog {
            send(socket, &json).map_err(|e| trouble(socket, &e))?;
        }
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = head.number;
        Ok(())
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Fault {
    Fault::transient("audit heads", format!("{}: {error}", path.display()))
}

/// Opened anew for every line, so that the file may be rotated away beneath the server.
fn append(path: &Path, json: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{json}\n").as_bytes())?;
    file.sync_data()
}

/// RFC 5424 §6 without a time and a host, which the collector adds.
fn send(socket: &Path, json: &str) -> std::io::Result<()> {
    let message = format!(
        "<{PRIORITY}>1 - - idp {} audit-head - {json}",
        std::process::id()
    );
    let sent = UnixDatagram::unbound()?.send_to(message.as_bytes(), socket)?;
    debug_assert_eq!(sent, message.len(), "a datagram is sent whole");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: i64) -> AuditHead {
        AuditHead {
            number,
            first: 1,
            last: 9,
            count: 9,
            events: "e".to_owned(),
            previous: "p".to_owned(),
            sealed_at: 1_767_600_000_000,
            kid: "k".to_owned(),
            signature: "s".to_owned(),
        }
    }

    #[test]
    fn heads_are_appended_and_sent_and_none_is_wanted_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("heads"), folder.path().join("log"));
        let syslog = UnixDatagram::bind(&socket).unwrap();
        let heads = AuditHeads::new(Some(file.clone()), Some(socket));
        for number in [1, 2] {
            assert!(heads.wants(number));
            heads.send(&head(number)).unwrap();
            assert!(!heads.wants(number));
        }
        let written = std::fs::read_to_string(&file).unwrap();
        let read = |line: &str| serde_json::from_str::<AuditHead>(line).unwrap();
        let kept: Vec<_> = written.lines().map(read).collect();
        assert_eq!(kept, [head(1), head(2)]);
        let mut message = [0_u8; 2_000];
        let length = syslog.recv(&mut message).unwrap();
        let message = std::str::from_utf8(&message[..length]).unwrap();
        assert!(message.starts_with("<110>1 - - idp "), "{message}");
        assert!(message.ends_with(written.lines().next().unwrap()));
    }

    #[test]
    fn a_head_that_could_not_leave_is_wanted_again() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not-mounted/heads");
        let heads = AuditHeads::new(Some(missing), None);
        let fault = heads.send(&head(1)).unwrap_err();
        assert!(fault.transient && fault.detail.contains("not-mounted"));
        assert!(heads.wants(1));
        assert!(!AuditHeads::default().wants(1), "nowhere to go");
    }
}
