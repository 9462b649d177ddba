//! Signed heads of the audit leave the machine, so that somebody who rules it cannot cut or rewrite
//! the chain unseen (security sentence 15).
//!
//! Each place gets its heads by itself: one that is broken or hangs keeps none from another, and
//! gets none twice because of another.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use idp_admin_api::audit::AuditHead;
use idp_core::base::fault::Fault;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

/// RFC 5424 §6.2.1: facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;

/// A place that takes longer has failed; a mount may hang for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// Where heads go. Without a file and without a socket nothing leaves.
#[derive(Debug, Default)]
pub struct AuditHeads {
    places: Vec<Place>,
    limit: Duration,
}

/// One place that heads go to.
#[derive(Debug)]
struct Place {
    way: Way,
    /// The number of the last head that went there; held while one is on its way.
    left: Arc<Mutex<i64>>,
}

#[derive(Clone, Debug)]
enum Way {
    /// Appended to this file.
    File(PathBuf),
    /// Sent to the socket of syslog.
    Syslog(PathBuf),
}

impl AuditHeads {
    /// Heads are appended to a file, sent to the Unix socket of syslog, or both.
    pub fn new(file: Option<PathBuf>, syslog: Option<PathBuf>) -> Self {
        let ways = [file.map(Way::File), syslog.map(Way::Syslog)];
        let place = |way| Place {
            way,
            left: Arc::default(),
        };
        Self {
            places: ways.into_iter().flatten().map(place).collect(),
            limit: LIMIT,
        }
    }

    /// Whether heads go anywhere.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether this head is wanted anywhere. A place that still works on another is asked again.
    pub fn wants(&self, number: i64) -> bool {
        let wants = |place: &Place| place.left.try_lock().map_or(true, |left| *left != number);
        self.places.iter().any(wants)
    }

    /// Sends a head to every place that has not had it: appended to the file, durably, and sent
    /// to syslog. A process that was started anew repeats the last head, which does no harm.
    ///
    /// # Errors
    /// A fault that names each file or socket that did not take it within ten seconds; those get
    /// it at the next call.
    pub async fn send(&self, head: &AuditHead) -> Result<(), Fault> {
        let json = serde_json::to_string(head).map_err(|e| Fault::lasting("audit heads", e))?;
        let json: Arc<str> = json.into();
        let deadline = Instant::now() + self.limit;
        // All set out before the first is waited for.
        let places = self.places.iter();
        let begun: Vec<_> = places.map(|p| (p, p.begin(head.number, &json))).collect();
        let mut troubles = Vec::new();
        for (place, begun) in begun {
            let sent = match begun {
                Ok(None) => Ok(()),
                Ok(Some(told)) => arrived(told, deadline).await,
                Err(trouble) => Err(trouble),
            };
            let named = |trouble| format!("{}: {trouble}", place.way.path().display());
            troubles.extend(sent.err().map(named));
        }
        if troubles.is_empty() {
            Ok(())
        } else {
            Err(Fault::transient("audit heads", troubles.join("; ")))
        }
    }
}

/// How sending went, or why not.
type Sent = Result<(), String>;

async fn arrived(told: oneshot::Receiver<Sent>, deadline: Instant) -> Sent {
    match tokio::time::timeout_at(deadline, told).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => Err("the thread broke off".to_owned()),
        Err(_) => Err("it took too long".to_owned()),
    }
}

impl Place {
    /// Begins to send what has not been sent there, on a thread of its own: nothing ends one that
    /// hangs, and the process must be able to end without it.
    fn begin(
        &self,
        number: i64,
        json: &Arc<str>,
    ) -> Result<Option<oneshot::Receiver<Sent>>, String> {
        let left = self.left.clone().try_lock_owned();
        let mut left = left.map_err(|_| "the head before is still on its way".to_owned())?;
        if *left == number {
            return Ok(None);
        }
        let (way, json) = (self.way.clone(), json.clone());
        let (tell, told) = oneshot::channel();
        let work = move || {
            let sent = way.send(&json).map_err(|e| e.to_string());
            if sent.is_ok() {
                *left = number;
            }
            // Free before it is told: whoever hears it may send the next.
            drop(left);
            // Nobody listens any more once the time is over.
            let _late = tell.send(sent);
        };
        let thread = thread::Builder::new().name("audit-heads".to_owned());
        thread.spawn(work).map_err(|e| e.to_string())?;
        Ok(Some(told))
    }
}

impl Way {
    fn path(&self) -> &Path {
        let (Self::File(path) | Self::Syslog(path)) = self;
        path
    }

    fn send(&self, json: &str) -> std::io::Result<()> {
        match self {
            Self::File(path) => append(path, json),
            Self::Syslog(path) => send(path, json),
        }
    }
}

/// Appends a line to a file of heads, durably. The file is opened anew for every line, so that it
/// may be rotated away beneath the server. A line that was cut short, by a full disk or a crash,
/// is left as it is, and ended.
///
/// # Errors
/// Those of the file system; half of the line may then be there.
pub fn append(path: &Path, json: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(0o600).open(path)?;
    let begin = if ends_a_line(path, &file) { "" } else { "\n" };
    file.write_all(format!("{begin}{json}\n").as_bytes())?;
    file.sync_data()
}

/// Whether the next line may begin at the end of the file. A file that may be written but not read
/// is not known to; an empty line in it does no harm.
fn ends_a_line(path: &Path, file: &File) -> bool {
    let mut last = [0];
    match file.metadata().map(|about| (about.is_file(), about.len())) {
        Ok((true, 0) | (false, _)) => true,
        Ok((true, length)) => {
            let read = File::open(path).and_then(|f| f.read_exact_at(&mut last, length - 1));
            read.is_ok() && last == *b"\n"
        }
        Err(_) => false,
    }
}

/// RFC 5424 §6 without a time and a host, which the collector adds.
fn send(socket: &Path, json: &str) -> std::io::Result<()> {
    let message = format!(
        "<{PRIORITY}>1 - - idp {} audit-head - {json}",
        std::process::id()
    );
    let own = UnixDatagram::unbound()?;
    // The collector may have stopped reading.
    own.set_write_timeout(Some(LIMIT))?;
    let sent = own.send_to(message.as_bytes(), socket)?;
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

    fn numbers(file: &Path) -> Vec<i64> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let read = |line: &str| serde_json::from_str::<AuditHead>(line).ok();
        text.lines().filter_map(read).map(|h| h.number).collect()
    }

    #[tokio::test]
    async fn heads_are_appended_and_sent_and_none_is_wanted_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("heads"), folder.path().join("log"));
        let syslog = UnixDatagram::bind(&socket).unwrap();
        let heads = AuditHeads::new(Some(file.clone()), Some(socket));
        for number in [1, 2] {
            assert!(heads.wants(number));
            heads.send(&head(number)).await.unwrap();
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

    #[tokio::test]
    async fn a_head_that_could_not_leave_is_wanted_again() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not-mounted/heads");
        let heads = AuditHeads::new(Some(missing), None);
        let fault = heads.send(&head(1)).await.unwrap_err();
        assert!(fault.transient && fault.detail.contains("not-mounted"));
        assert!(heads.wants(1));
        assert!(!AuditHeads::default().wants(1), "nowhere to go");
    }

    #[tokio::test]
    async fn a_broken_place_silences_no_other_and_repeats_nothing_there() {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("in/heads"), folder.path().join("log"));
        let heads = AuditHeads::new(Some(file.clone()), Some(socket.clone()));
        let syslog = UnixDatagram::bind(&socket).unwrap();
        let fault = heads.send(&head(1)).await.unwrap_err();
        assert!(fault.detail.contains("in/heads"), "{}", fault.detail);
        assert!(!fault.detail.contains("/log:"), "{}", fault.detail);
        let mut message = [0_u8; 2_000];
        syslog.set_nonblocking(true).unwrap();
        assert!(
            syslog.recv(&mut message).is_ok(),
            "syslog got it all the same"
        );

        // Now the file is there and syslog is not.
        std::fs::create_dir(folder.path().join("in")).unwrap();
        drop(syslog);
        std::fs::remove_file(&socket).unwrap();
        heads.send(&head(1)).await.unwrap();
        assert!(!heads.wants(1), "syslog had it before it went away");
        for _ in 0..3 {
            let fault = heads.send(&head(2)).await.unwrap_err();
            assert!(fault.detail.contains("/log: "), "{}", fault.detail);
        }
        assert_eq!(numbers(&file), [1, 2]);
        assert!(heads.wants(2));
        let _again = UnixDatagram::bind(&socket).unwrap();
        heads.send(&head(2)).await.unwrap();
        assert!(!heads.wants(2));
        assert_eq!(numbers(&file), [1, 2]);
    }

    #[tokio::test]
    async fn nothing_is_glued_to_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heads");
        let heads = AuditHeads::new(Some(file.clone()), None);
        heads.send(&head(1)).await.unwrap();
        let whole = std::fs::read_to_string(&file).unwrap();
        // The disk was full in the midst of the second line.
        std::fs::write(&file, format!("{whole}{}", &whole[..20])).unwrap();
        heads.send(&head(3)).await.unwrap();
        heads.send(&head(4)).await.unwrap();
        assert_eq!(numbers(&file), [1, 3, 4]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 4);
    }

    /// A pipe that nobody reads hangs whoever opens it, like a mount whose server is gone.
    #[tokio::test]
    async fn a_place_that_hangs_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("log"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let syslog = UnixDatagram::bind(&socket).unwrap();
        let mut heads = AuditHeads::new(Some(pipe), Some(socket));
        heads.limit = Duration::from_millis(500);
        let fault = heads.send(&head(1)).await.unwrap_err();
        assert!(fault.detail.contains("pipe: it took too long"), "{fault:?}");
        let fault = heads.send(&head(2)).await.unwrap_err();
        assert!(fault.detail.contains("still on its way"), "{fault:?}");
        let mut message = [0_u8; 2_000];
        for number in [1, 2] {
            let length = syslog.recv(&mut message).unwrap();
            let message = std::str::from_utf8(&message[..length]).unwrap();
            assert!(
                message.contains(&format!("\"number\":{number},")),
                "{message}"
            );
        }
    }
}
