//! A PostgreSQL server of one test's own: on loopback, in a folder of its own, ended with its value.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{ports, world};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with one empty database, `idp`.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl Postgres {
    /// Makes a cluster and starts it; its commits wait for the disk, as PostgreSQL's do.
    ///
    /// # Panics
    /// When Debian's package `postgresql` is missing or the server does not start.
    pub fn start() -> Self {
        let mut folder = tempfile::Builder::new();
        let open = fs::Permissions::from_mode(0o755);
        let folder = folder.permissions(open).tempdir().expect("a folder");
        if let Some((user, group)) = unprivileged() {
            chown(folder.path(), Some(user), Some(group)).expect("root may give a folder away");
        }
        let made = program("initdb")
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .args(["--username=idp", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync"])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{made:?}");
        let port = ports::free_port();
        let server = run(&folder, port);
        let postgres = Self {
            folder,
            port,
            server,
        };
        let created = program("createdb")
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-U", "idp", "idp"])
            .status();
        assert!(created.expect("createdb runs").success());
        postgres
    }

    /// The database's address.
    pub fn address(&self) -> String {
        format!("postgres://idp@127.0.0.1:{}/idp", self.port)
    }

    /// Ends the server without warning, as a power cut would.
    pub fn kill(&mut self) {
        world::signal(self.server.id(), "QUIT");
        self.server.wait().expect("the server ends");
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        self.server = run(&self.folder, self.port);
    }

    /// Stops all its processes where they are, or lets them go on.
    pub fn freeze(&self, frozen: bool) {
        let pid = self.server.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|c| c.parse().ok());
        for pid in std::iter::once(pid).chain(children) {
            world::signal(pid, if frozen { "STOP" } else { "CONT" });
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.freeze(false);
        world::signal(self.server.id(), "QUIT");
        let _ = self.server.wait();
    }
}

fn run(folder: &tempfile::TempDir, port: u16) -> Child {
    let log = fs::File::create(folder.path().join("log")).expect("a log");
    let mut server = program("postgres")
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories="])
        .args(["-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("postgres runs");
    let begun = Instant::now();
    loop {
        let ready = program("pg_isready")
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
            .status();
        if ready.expect("pg_isready runs").success() {
            return server;
        }
        let ended = server.try_wait().expect("a child can be asked");
        assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn unprivileged() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| {
        let output = Command::new("id")
            .args(arguments)
            .output()
            .expect("id runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse::<u32>().ok()
    };
    if number(&["-u"]) != Some(0) {
        return None;
    }
    let user = number(&["-u", "postgres"]).expect("the package's user");
    Some((user, number(&["-g", "postgres"]).expect("its group")))
}

/// A program of the newest server that is installed, run as somebody who may.
fn program(name: &str) -> Command {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("Debian's package postgresql is installed")
        .map(|entry| entry.expect("a version").path())
        .collect();
    versions.sort_by_key(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
    let newest = versions.last().expect("a version");
    let program = newest.join("bin").join(name);
    let Some((user, group)) = unprivileged() else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={group}"))
        .arg("--clear-groups")
        .arg(program)
        .current_dir("/");
    command
}
