//! A PostgreSQL cluster of this test binary's own: on loopback, in a folder of its own, gone when
//! the binary ends, however it ends.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::sleep;
use std::time::Duration;

use idp_core::base::secret::SecretText;
use idp_store::postgres::PostgresOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Started by a shell that waits for its input to end, which it does with the test binary; then
/// it stops the server and removes the folder.
const GUARD: &str = r#"
cat >/dev/null
if [ -f "$1/data/postmaster.pid" ]; then
    pid=$(head -n 1 "$1/data/postmaster.pid")
    kill -CONT "$pid" 2>/dev/null
    kill -QUIT "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
fi
umount -l "$1" 2>/dev/null
rm -rf "$1"
"#;

/// A running cluster.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    databases: AtomicU32,
    server: Mutex<Option<Child>>,
    _guard: Child,
}

/// What a cluster for speed gives up.
const FAST: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
];

/// The cluster that the tests of this binary share.
pub(crate) fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(FAST))
}

impl Cluster {
    /// Makes and starts a cluster with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_in(folder(), settings)
    }

    /// Makes and starts a cluster on a disk of its own of this size (tmpfs); none where this user
    /// may not make one.
    pub(crate) fn on_small_disk(size: &str, settings: &[&str]) -> Option<Self> {
        let folder = folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "idp-test"])
            .arg(&folder)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            fs::remove_dir_all(folder).unwrap();
            return None;
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        give_away(&folder);
        Some(Self::start_in(folder, settings))
    }

    fn start_in(folder: PathBuf, settings: &[&str]) -> Self {
        let cluster = Self::of(folder, settings);
        let made = server_command("initdb")
            .arg("--pgdata")
            .arg(cluster.folder.join("data"))
            .args(["--username=idp", "--auth=trust", "--encoding=UTF8"])
            // Not "C": what must be in the order of bytes must be so by the schema's own words.
            .args(["--locale=C.UTF-8", "--no-sync"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        cluster.go();
        cluster
    }

    /// A standby that follows this cluster, started.
    pub(crate) fn standby(&self) -> Self {
        let standby = Self::of(folder(), &[]);
        let copied = server_command("pg_basebackup")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "idp"])
            .args(["--checkpoint=fast", "--no-sync", "-R", "-D"])
            .arg(standby.folder.join("data"))
            .output()
            .unwrap();
        assert!(copied.status.success(), "{copied:?}");
        standby.go();
        standby
    }

    /// Runs a statement as the superuser.
    pub(crate) fn psql(&self, text: &str) {
        let done = server_command("psql")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "idp"])
            .args(["-q", "-c", text, "postgres"])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Lets a standby take writes.
    pub(crate) fn promote(&self) {
        let promoted = server_command("pg_ctl")
            .args(["promote", "-D"])
            .arg(self.folder.join("data"))
            .output()
            .unwrap();
        assert!(promoted.status.success(), "{promoted:?}");
    }

    fn of(folder: PathBuf, settings: &[&str]) -> Self {
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            folder,
            port: free.local_addr().unwrap().port(),
            settings: settings.iter().map(ToString::to_string).collect(),
            databases: AtomicU32::new(0),
            server: Mutex::new(None),
            _guard: guard,
        }
    }

    /// Puts a file beside the data, readable to the server alone; answers where.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give_away(&path);
        path
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn go(&self) {
        let mut command = server_command("postgres");
        command.arg("-D").arg(self.folder.join("data"));
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=128MB",
            "autovacuum_naptime=10s",
        ] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = fs::File::create(self.folder.join("log")).unwrap();
        command.arg("-p").arg(self.port.to_string());
        command.stdout(Stdio::null()).stderr(log);
        let mut server = self.server.lock().unwrap();
        let server = server.insert(command.spawn().unwrap());
        for _ in 0..600 {
            if server.try_wait().unwrap().is_some() {
                break;
            }
            // The file of a killed server stays until the next one writes its own.
            let file = fs::read_to_string(self.folder.join("data/postmaster.pid"));
            let file = file.unwrap_or_default();
            let mut lines = file.lines().map(str::trim);
            let own = lines.next() == Some(&server.id().to_string());
            if own && lines.nth(6) == Some("ready") {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap();
        panic!("PostgreSQL does not start: {log}");
    }

    /// Sends the server (or with `KILL`, all its processes) a signal: `QUIT`, `STOP`, `CONT`…
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.server.lock().unwrap().as_ref().unwrap().id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let everybody = matches!(signal, "STOP" | "CONT" | "KILL");
        let pid = pid.to_string();
        let all = std::iter::once(pid.as_str()).chain(children.split_whitespace());
        for pid in all.take(if everybody { usize::MAX } else { 1 }) {
            Command::new("kill")
                .args(["-s", signal, pid])
                .status()
                .unwrap();
        }
    }

    /// Waits until the server is gone, after a signal that ends it.
    pub(crate) fn wait(&self) {
        if let Some(mut child) = self.server.lock().unwrap().take() {
            child.wait().unwrap();
        }
    }

    /// The address of a new, empty database.
    pub(crate) async fn database(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.address("postgres"))
            .await
            .unwrap();
        let text = format!("CREATE DATABASE {name} STRATEGY file_copy");
        connection.execute(AssertSqlSafe(text)).await.unwrap();
        connection.close().await.unwrap();
        self.address(&name)
    }

    /// The address of a database.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://idp@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens, as an address names it.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where the cluster's files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A folder that the server's user owns.
fn folder() -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("idp-postgres-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
        .keep();
    give_away(&folder);
    folder
}

fn give_away(path: &Path) {
    if let Some((user, group)) = unprivileged() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// How a test opens a database.
pub(crate) fn options(address: &str) -> PostgresOptions {
    PostgresOptions::new(SecretText::new(address.to_owned()))
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().parse::<u32>().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let users = ["postgres", "nobody"];
    let user = users
        .into_iter()
        .find_map(|user| id(&["-u", user]).map(|n| (n, user)));
    let (number, name) = user.unwrap();
    Some((number, id(&["-g", name]).unwrap()))
}

/// A program of the newest server that is installed, run as somebody who may.
fn server_command(program: &str) -> Command {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("Debian's package postgresql is installed")
        .map(|entry| entry.unwrap().path())
        .collect();
    versions.sort_by_key(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
    let program = versions.last().unwrap().join("bin").join(program);
    let Some((user, group)) = unprivileged() else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={group}"))
        .arg("--clear-groups")
        .arg(program);
    command.current_dir("/");
    command
}
