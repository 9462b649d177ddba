//! Redis servers of a test: on loopback, on free ports, in folders that go with them.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use idp_store::redis::{Address, Arrangement, RedisSettings, RedisTickets, open};
use tempfile::TempDir;

/// A port that nobody listens on now. Below those that the kernel gives to clients, and never the
/// same twice, so that tests that run side by side do not meet.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 101 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(12_000 + number % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A running server, ended with its value.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    program: &'static str,
    child: Child,
}

impl Server {
    /// A plain server with more lines in its configuration.
    pub(crate) fn start(lines: &str) -> Self {
        let port = free_port();
        Self::begin("redis-server", port, &format!("port {port}\n{lines}"))
    }

    /// A server of this program; `lines` say the port.
    pub(crate) fn begin(program: &'static str, port: u16, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("conf");
        let dir = folder.path().display();
        let common = format!("bind 127.0.0.1\ndir {dir}\nlogfile {dir}/log\n");
        let kept = if program == "redis-server" {
            "save \"\"\n"
        } else {
            ""
        };
        std::fs::write(&file, format!("{common}{kept}{lines}")).unwrap();
        let child = run(program, &file);
        let mut server = Self {
            port,
            folder,
            program,
            child,
        };
        server.wait();
        server
    }

    fn wait(&mut self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < patience,
                "{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Sends a signal by its name: `STOP`, `CONT`, `KILL`.
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.unwrap().success());
        if name == "KILL" {
            self.child.wait().unwrap();
        }
    }

    /// Starts it again after it was killed, empty.
    pub(crate) fn restart(&mut self) {
        self.child = run(self.program, &self.folder.path().join("conf"));
        self.wait();
    }

    /// What `redis-cli` answers.
    pub(crate) fn cli(&self, words: &[&str]) -> String {
        cli(self.port, words)
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }

    pub(crate) fn settings(&self) -> RedisSettings {
        fresh(Arrangement::Single(self.address()))
    }

    pub(crate) async fn open(&self) -> RedisTickets {
        open(&self.settings()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(program: &str, file: &Path) -> Child {
    let mut command = Command::new(program);
    command
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = command.spawn();
    started
        .unwrap_or_else(|e| panic!("{program}: {e} (Debian packages redis-server, redis-sentinel)"))
}

/// What `redis-cli` answers at a port.
pub(crate) fn cli(port: u16, words: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    let output = command
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Settings with a prefix that nobody else has, and more time than usual: many tests share the
/// machine.
pub(crate) fn fresh(arrangement: Arrangement) -> RedisSettings {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    RedisSettings {
        prefix: format!("idp:{}:", NUMBER.fetch_add(1, Ordering::Relaxed)),
        call_limit: Duration::from_secs(6),
        ..RedisSettings::new(arrangement)
    }
}

/// A master, two replicas and three Sentinels.
pub(crate) struct Watched {
    pub(crate) servers: Vec<Server>,
    pub(crate) sentinels: Vec<Server>,
}

impl Watched {
    pub(crate) fn start() -> Self {
        let master = Server::start("");
        let follow = format!(
            "replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0\n",
            master.port
        );
        let replicas = [Server::start(&follow), Server::start(&follow)];
        let servers: Vec<_> = std::iter::once(master).chain(replicas).collect();
        let lines = format!(
            "sentinel monitor tinh 127.0.0.1 {} 2\nsentinel down-after-milliseconds tinh 1000\n\
             sentinel failover-timeout tinh 5000\n\
             user hoi on >mat-khau-hoi -@all +auth +hello +ping +sentinel|get-master-addr-by-name\n",
            servers[0].port
        );
        let sentinel = || {
            let port = free_port();
            Server::begin("redis-sentinel", port, &format!("port {port}\n{lines}"))
        };
        let sentinels = vec![sentinel(), sentinel(), sentinel()];
        let watched = Self { servers, sentinels };
        until("replicas and Sentinels know each other", || {
            let info = watched.servers[0].cli(&["INFO", "replication"]);
            let knows = |sentinel: &Server| {
                let text = sentinel.cli(&["INFO", "sentinel"]);
                text.contains("slaves=2,sentinels=3") && text.contains("status=ok")
            };
            info.matches("state=online").count() == 2 && watched.sentinels.iter().all(knows)
        });
        watched
    }

    pub(crate) fn arrangement(&self) -> Arrangement {
        Arrangement::Sentinel {
            sentinels: self.sentinels.iter().map(Server::address).collect(),
            master: "tinh".to_owned(),
            credentials: None,
        }
    }
}

/// Three masters with a replica each.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// With more lines in every server's configuration.
    pub(crate) fn start_with(lines: &str) -> Self {
        let servers: Vec<_> = (0..6)
            .map(|_| {
                let bus = free_port();
                Server::start(&format!(
                    "cluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 1500\n\
                     repl-diskless-sync-delay 0\ncluster-require-full-coverage no\n{lines}"
                ))
            })
            .collect();
        let addresses: Vec<_> = servers
            .iter()
            .map(|s| format!("127.0.0.1:{}", s.port))
            .collect();
        let mut create = vec!["--cluster", "create"];
        create.extend(addresses.iter().map(String::as_str));
        create.extend(["--cluster-replicas", "1", "--cluster-yes"]);
        let said = servers[0].cli(&create);
        until(&said, || {
            let replicas = servers.iter().filter(|server| {
                let info = server.cli(&["INFO", "replication"]);
                info.contains("master_link_status:up")
            });
            let ok = |server: &Server| {
                server
                    .cli(&["CLUSTER", "INFO"])
                    .contains("cluster_state:ok")
            };
            replicas.count() == 3 && servers.iter().all(ok)
        });
        Self { servers }
    }

    pub(crate) fn arrangement(&self) -> Arrangement {
        Arrangement::Cluster(self.servers[..2].iter().map(Server::address).collect())
    }
}

/// Waits until something is so, for a minute at most.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
