//! A PostgreSQL server of one test's own: on loopback, in a folder of its own, ended with its value.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{ports, world};

const PATIENCE: Duration = Duration::from_secs(30);
/// Room for an empty database and some minutes of work.
const SMALL: &str = "size=40m,mode=0700";

/// A running server with one empty database, `idp`.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
    small_disk: Option<PathBuf>,
}

impl Postgres {
    /// Makes a cluster and starts it; its commits wait for the disk, as PostgreSQL's do.
    ///
    /// # Panics
    /// When Debian's package `postgresql` is missing or the server does not start.
    pub fn start() -> Self {
        let postgres = Self::start_empty();
        postgres.make_database(&[]);
        postgres
    }

    /// The same with the database on a small file system of its own, which can be full while
    /// PostgreSQL's log still has space; none where this user may not mount one.
    pub fn start_on_small_disk() -> Option<Self> {
        let mut postgres = Self::start_empty();
        let place = postgres.folder.path().join("small");
        fs::create_dir(&place).expect("a folder");
        let (user, group) = unprivileged()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("{SMALL},uid={user},gid={group}"))
            .arg("idp-test")
            .arg(&place)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let text = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
        postgres.small_disk = Some(place);
        postgres.ask_in("postgres", &text);
        postgres.make_database(&["--tablespace=small"]);
        Some(postgres)
    }

    fn start_empty() -> Self {
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
        Self {
            folder,
            port,
            server,
            small_disk: None,
        }
    }

    fn make_database(&self, further: &[&str]) {
        let created = program("createdb")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "idp"])
            .args(further)
            .arg("idp")
            .status();
        assert!(created.expect("createdb runs").success());
    }

    /// The database's address.
    pub fn address(&self) -> String {
        Self::address_at(self.port)
    }

    /// The database's address through another port of this machine.
    pub fn address_at(port: u16) -> String {
        format!("postgres://idp@127.0.0.1:{port}/idp")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server says its version is.
    pub fn version(&self) -> String {
        self.ask("SHOW server_version")
    }

    /// The answer of the database to a statement: a row a line, columns parted by `|`.
    ///
    /// # Panics
    /// When the statement is refused.
    pub fn ask(&self, statement: &str) -> String {
        self.ask_in("idp", statement)
    }

    fn ask_in(&self, database: &str, statement: &str) -> String {
        let output = program("psql")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "idp", "-d", database, "-X", "-A", "-t", "-q"])
            .args(["-v", "ON_ERROR_STOP=1", "-c", statement])
            .output()
            .expect("psql runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statement}: {error}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends all its processes at once without warning, as a power cut would.
    pub fn kill(&mut self) {
        signal(&self.processes(), "KILL");
        self.server.wait().expect("the server ends");
    }

    /// Stops it in order, as a service manager does; requests that run are broken off.
    pub fn stop(&mut self) {
        world::signal(self.server.id(), "INT");
        self.server.wait().expect("the server ends");
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        self.server = run(&self.folder, self.port);
    }

    /// Stops all its processes where they are, or lets them go on.
    pub fn freeze(&self, frozen: bool) {
        if frozen {
            // First the one that makes others.
            signal(&[self.server.id()], "STOP");
        }
        signal(&self.processes(), if frozen { "STOP" } else { "CONT" });
    }

    fn processes(&self) -> Vec<u32> {
        let pid = self.server.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|c| c.parse().ok());
        std::iter::once(pid).chain(children).collect()
    }

    /// Leaves no space on the small disk, or gives it back.
    ///
    /// # Panics
    /// When it was not started on one.
    pub fn fill(&self, full: bool) {
        let filler = self.small_disk.as_ref().expect("a small disk");
        let filler = filler.join("filler");
        if !full {
            return fs::remove_file(filler).expect("the filler is there");
        }
        let mut file = fs::File::create(filler).expect("a file");
        for size in [1 << 16, 1 << 10, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.freeze(false);
        signal(&[self.server.id()], "QUIT");
        let _ = self.server.wait();
        if let Some(place) = &self.small_disk {
            let _ = Command::new("umount").arg("-l").arg(place).output();
        }
    }
}

/// Signals processes, some of which may have ended meanwhile.
fn signal(pids: &[u32], name: &str) {
    let pids = pids.iter().map(u32::to_string);
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids)
        .output();
}

/// Starts the server until it answers. After a kill the first start may find the memory of the
/// old one still there, and ends.
fn run(folder: &tempfile::TempDir, port: u16) -> Child {
    let begun = Instant::now();
    let mut server = spawn(folder, port);
    loop {
        let ready = program("pg_isready")
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
            .status();
        if ready.expect("pg_isready runs").success() {
            return server;
        }
        let ended = server.try_wait().expect("a child can be asked");
        assert!(begun.elapsed() < PATIENCE, "{ended:?}");
        if ended.is_some() {
            server = spawn(folder, port);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn spawn(folder: &tempfile::TempDir, port: u16) -> Child {
    let mut log = fs::OpenOptions::new();
    let log = log.create(true).append(true);
    let log = log.open(folder.path().join("log")).expect("a log");
    program("postgres")
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories="])
        .args(["-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("postgres runs")
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
