//! Redis servers of one test's own: on loopback, in folders of their own, ended with their values.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{ports, world};

const PATIENCE: Duration = Duration::from_secs(60);
/// The name under which the Sentinels watch the master.
pub const MASTER: &str = "tinh";

/// One server, or one Sentinel.
pub struct Redis {
    port: u16,
    program: &'static str,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    /// A server that keeps what it acknowledged over a restart, as its manual page asks for;
    /// `lines` go into its configuration.
    ///
    /// # Panics
    /// When Debian's package `redis-server` is missing or the server does not start.
    pub fn start(lines: &str) -> Self {
        let lines = format!("save \"\"\nappendonly yes\nrepl-diskless-sync-delay 0\n{lines}");
        Self::begin("redis-server", &lines)
    }

    fn begin(program: &'static str, lines: &str) -> Self {
        let (port, folder) = (ports::free_port(), tempfile::tempdir().expect("a folder"));
        let place = folder.path().display();
        let common = format!("port {port}\nbind 127.0.0.1\ndir {place}\nlogfile {place}/log\n");
        fs::write(folder.path().join("conf"), format!("{common}{lines}")).expect("written");
        let child = run(program, &folder, port, &[]);
        Self {
            port,
            program,
            folder,
            child,
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }

    /// Stops it in order.
    pub fn stop(&mut self) {
        world::signal(self.child.id(), "TERM");
        self.child.wait().expect("it ended");
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// Starts it again with further words on its command line.
    pub fn restart_with(&mut self, words: &[&str]) {
        self.child = run(self.program, &self.folder, self.port, words);
    }

    /// Stops it where it is, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        world::signal(self.child.id(), if frozen { "STOP" } else { "CONT" });
    }

    /// What `redis-cli` answers.
    pub fn ask(&self, words: &[&str]) -> String {
        // A frozen one would never answer.
        let mut command = Command::new("timeout");
        let output = command
            .args(["5", "redis-cli", "-p", &self.port.to_string()])
            .args(words)
            .output()
            .expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn replication(&self) -> String {
        self.ask(&["INFO", "replication"])
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(program: &str, folder: &tempfile::TempDir, port: u16, words: &[&str]) -> Child {
    let mut child = Command::new(program)
        .arg(folder.path().join("conf"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs (Debian packages redis-server, redis-sentinel)");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = child.try_wait().expect("a child can be asked");
        assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// A master and a replica, watched by three Sentinels, two of which decide. Which of the two is
/// the master changes with every fail-over.
pub struct Watched {
    servers: [Redis; 2],
    sentinels: [Redis; 3],
    turns: [Turns; 3],
}

/// What one Sentinel says while it has another server made the master.
struct Turns {
    child: Child,
    heard: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Turns {
    /// The words with which a fail-over begins, goes on and ends at one Sentinel.
    const WORDS: [&str; 3] = ["+vote-for-leader", "+try-failover", "+switch-master"];

    fn hear(sentinel: &Redis) -> Self {
        let mut child = Command::new("redis-cli")
            .args(["-p", &sentinel.port.to_string(), "SUBSCRIBE"])
            .args(Self::WORDS)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-cli runs");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        std::thread::spawn(move || {
            // Three lines each: what it is, the channel, what was said there.
            let mut lines = lines.map_while(Result::ok);
            while let (Some(kind), Some(channel), Some(said)) =
                (lines.next(), lines.next(), lines.next())
            {
                if kind == "message" {
                    let told = (Instant::now(), format!("{channel} {said}"));
                    let mut heard = hearing.lock().unwrap_or_else(PoisonError::into_inner);
                    heard.push(told);
                }
            }
        });
        Self { child, heard }
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watched {
    /// Starts all five and waits until they know each other.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub fn start() -> Self {
        let master = Redis::start("");
        let replica = Redis::start(&format!("replicaof 127.0.0.1 {}\n", master.port));
        let lines = format!(
            "sentinel monitor {MASTER} 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds {MASTER} 1000\n\
             sentinel failover-timeout {MASTER} 3000\n",
            master.port
        );
        let sentinel = |_| Redis::begin("redis-sentinel", &lines);
        let sentinels = [0, 1, 2].map(sentinel);
        let watched = Self {
            servers: [master, replica],
            turns: sentinels.each_ref().map(Turns::hear),
            sentinels,
        };
        watched.settle();
        watched
    }

    /// The Sentinels' addresses, as a setting lists them.
    pub fn addresses(&self) -> String {
        self.sentinels.each_ref().map(Redis::address).join(",")
    }

    /// The place among the two of the one that most Sentinels call the master.
    pub fn master(&self) -> usize {
        let second = self.servers[1].port.to_string();
        let names = |sentinel: &&Redis| {
            let answer = sentinel.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
            answer.lines().any(|line| line.trim() == second)
        };
        usize::from(self.sentinels.iter().filter(names).count() > 1)
    }

    /// Everything that the Sentinels said so far of fail-overs, in order. On a busy machine they
    /// change masters that only were slow, and what the former one took meanwhile is forgotten.
    ///
    /// # Panics
    /// When nothing hears them any more.
    pub fn turns(&mut self) -> Vec<(Instant, String)> {
        let mut all = Vec::new();
        for turns in &mut self.turns {
            let ended = turns.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "{ended:?}");
            let heard = turns.heard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(heard.iter().cloned());
        }
        all.sort();
        all
    }

    /// One of the two servers.
    pub fn server(&mut self, place: usize) -> &mut Redis {
        &mut self.servers[place]
    }

    /// Waits until the Sentinels agree on the master, know each other and the replica, and the
    /// replica follows; then a fail-over can be decided.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    pub fn settle(&self) {
        let begun = Instant::now();
        loop {
            let master = self.master();
            let follows = self.servers[1 - master].replication();
            let leads = self.servers[master].replication();
            let sound = follows.contains("master_link_status:up")
                && follows.contains(&format!("master_port:{}", self.servers[master].port))
                && leads.contains("role:master")
                && leads.contains("state=online");
            if sound && self.sentinels.iter().all(knows_all) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{leads}\n{follows}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the Sentinels call this one the master and it takes writes.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    pub fn until_master(&self, place: usize) {
        let begun = Instant::now();
        let leads = || self.servers[place].replication().contains("role:master");
        while self.master() != place || !leads() {
            assert!(begun.elapsed() < PATIENCE, "no fail-over");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn knows_all(sentinel: &Redis) -> bool {
    let info = sentinel.ask(&["INFO", "sentinel"]);
    // A fail-over that began goes on when the master is back.
    let master = sentinel.ask(&["SENTINEL", "MASTER", MASTER]);
    info.contains("status=ok")
        && info.contains("slaves=1,sentinels=3")
        && !master.contains("failover_in_progress")
}
