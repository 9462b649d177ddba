//! The running product: the real binary as a child process, its printed addresses, its data folder.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use url::Url;

use crate::ports;

/// Longest wait for the printed object. A debug build hashes passwords slowly on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Longest wait for a clean exit after the interrupt.
const STOP: Duration = Duration::from_secs(30);

/// A relying-party application of the demonstration.
#[derive(Debug, Clone, Deserialize)]
pub struct Application {
    /// Name shown to people.
    pub name: String,
    /// Its own start page.
    pub url: Url,
    /// Client identifier.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// Its registered redirect URI.
    pub redirect_uri: Url,
}

/// A person of the demonstration.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    /// What is typed into the first field.
    pub username: String,
    /// The random password.
    pub password: String,
    /// Name of the person.
    pub name: String,
    /// Main organisation unit.
    pub unit: String,
    /// Roles held.
    pub roles: Vec<String>,
}

/// The one JSON object that the demonstration prints before it serves.
#[derive(Debug, Clone, Deserialize)]
struct Printed {
    issuer: String,
    applications: Vec<Application>,
    users: Vec<User>,
}

/// A running demonstration.
pub struct World {
    child: Option<Child>,
    folder: Folder,
    /// The first of the three ports.
    pub port: u16,
    /// The issuer, exactly as printed.
    pub issuer: String,
    /// The two applications.
    pub applications: Vec<Application>,
    /// The people, with their passwords.
    pub users: Vec<User>,
}

/// Where the store rests: a folder of this world, or one that outlives it.
enum Folder {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

impl World {
    /// Starts `idp demo` on free ports with a data folder that goes away with this value.
    pub fn demo() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start(Folder::Own(folder), None)
    }

    /// Starts `idp demo` on a folder of the caller, at a port, as after a crash.
    pub fn demo_in(folder: &Path, port: Option<u16>) -> Self {
        Self::start(Folder::Given(folder.to_owned()), port)
    }

    fn start(folder: Folder, fixed: Option<u16>) -> Self {
        let mut last = String::new();
        for _ in 0..3 {
            let port = fixed.unwrap_or_else(ports::free_triple);
            match launch(folder.path(), port) {
                Ok((child, printed)) => {
                    let Printed {
                        issuer,
                        applications,
                        users,
                    } = printed;
                    return Self {
                        child: Some(child),
                        folder,
                        port,
                        issuer,
                        applications,
                        users,
                    };
                }
                Err(error) => last = error,
            }
        }
        panic!("idp demo did not start: {last}");
    }

    /// The issuer as an address.
    pub fn issuer_url(&self) -> Url {
        Url::parse(&self.issuer).expect("the printed issuer is an address")
    }

    /// An address below the issuer.
    pub fn at(&self, path: &str) -> Url {
        let base = self.issuer.trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).expect("an address below the issuer")
    }

    /// The host of the issuer, which its cookies are kept for.
    pub fn host(&self) -> String {
        self.issuer_url().host_str().unwrap_or_default().to_owned()
    }

    /// The first person printed.
    pub fn user(&self) -> &User {
        self.users.first().expect("the demonstration has people")
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Process id of the running server.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Runs one administrative command over the running server's socket, in this account's name.
    pub fn administer(&self, acting: &str, arguments: &[&str]) -> Output {
        Command::new(binary())
            .arg("--socket")
            .arg(self.folder().join("data/admin.sock"))
            .args(["--as", acting, "--output", "json", "--yes"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    /// What the server wrote to its error stream so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.folder())).unwrap_or_default()
    }

    /// Interrupts the server as Ctrl-C does, and asserts that it leaves cleanly and never panicked.
    pub fn stop(mut self) {
        let mut child = self.child.take().expect("the server runs");
        interrupt(child.id());
        let status = wait(&mut child, STOP);
        let log = self.log();
        assert!(
            status.is_some_and(|status| status.success()),
            "after Ctrl-C: {status:?}\n{log}"
        );
        assert!(!log.contains("panicked at"), "the server panicked:\n{log}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!(
                "--- the server's last lines, newest first ---\n{}",
                tail.join("\n")
            );
        }
    }
}

/// The binary under test: `IDP_BIN`, or the one beside this test binary.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("IDP_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("the path of this binary");
    let beside = own
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("idp"))
        .find(|path| path.is_file());
    beside.expect("the binary: set IDP_BIN, or build it with `cargo build -p idp-server`")
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("stderr-of-the-test.log")
}

fn launch(folder: &Path, port: u16) -> Result<(Child, Printed), String> {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(folder))
        .map_err(|error| error.to_string())?;
    let mut child = Command::new(binary())
        .args([
            "demo",
            "--output",
            "json",
            "--port",
            &port.to_string(),
            "--dir",
        ])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("{}: {error}", binary().display()))?;
    let stdout = child.stdout.take().expect("a piped stream");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || read_object(stdout, &sender));
    match receiver.recv_timeout(START) {
        Ok(printed) => Ok((child, printed)),
        Err(_) => {
            let _ = child.kill();
            let status = child.wait();
            let log = std::fs::read_to_string(log_path(folder)).unwrap_or_default();
            Err(format!(
                "{status:?}, no JSON object on standard output\n{log}"
            ))
        }
    }
}

/// Sends the first JSON object, then keeps the pipe empty so that the server never blocks on it.
fn read_object(mut stdout: impl Read, sender: &mpsc::Sender<Printed>) {
    let mut text = Vec::new();
    let mut buffer = [0_u8; 4096];
    let mut sent = false;
    while let Ok(count) = stdout.read(&mut buffer) {
        if count == 0 {
            return;
        }
        if sent {
            continue;
        }
        text.extend_from_slice(&buffer[..count]);
        let mut values = serde_json::Deserializer::from_slice(&text).into_iter::<Printed>();
        if let Some(Ok(printed)) = values.next() {
            sent = true;
            let _ = sender.send(printed);
        }
    }
}

/// Sends the interrupt signal, which only the shell can do without unsafe code.
pub fn interrupt(pid: u32) {
    signal(pid, "INT");
}

/// Sends a signal by its name without `SIG`.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "no process {pid}"
    );
}

/// The exit status within the given time; `None` when it took longer and was killed.
pub fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    None
}
