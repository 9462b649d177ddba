//! Tickets in Redis: an installation on it, and what callers see when it is lost.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idp_tests::{Agent, Installation, RelyingParty, ports};

/// A Redis on loopback, ended with its value.
struct Redis {
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    fn start() -> Self {
        let (port, folder) = (ports::free_port(), tempfile::tempdir().expect("a folder"));
        let child = run(port, &folder);
        Self {
            port,
            folder,
            child,
        }
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }

    fn restart(&mut self) {
        self.child = run(self.port, &self.folder);
    }

    fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output();
        String::from_utf8_lossy(&output.expect("redis-cli").stdout)
            .trim()
            .to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(port: u16, folder: &tempfile::TempDir) -> Child {
    let child = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ])
        .arg("--dir")
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server runs (Debian package redis-server)");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "Redis starts");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// An installation whose tickets rest there.
fn installation_on(redis: &Redis) -> Installation {
    let installation = Installation::init();
    let file = installation.configuration();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let section = format!(
        "[tickets]\nmode = \"single\"\nurls = [\"redis://127.0.0.1:{}\"]\n",
        redis.port
    );
    std::fs::write(&file, text.replacen("[tickets]\n", &section, 1)).expect("it is written");
    installation
}

#[tokio::test]
async fn an_installation_outlives_its_redis() {
    let mut redis = Redis::start();
    let installation = installation_on(&redis);
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let application = installation.application("Ứng dụng", &[]);
    let ours = RelyingParty::at(&installation.issuer, application).await;
    let tokens = ours.sign_in(&mut Agent::new(), &administrator).await;
    let codes = redis.cli(&["KEYS", "idp:code:*"]);
    assert_eq!(codes.lines().count(), 1, "the taken code rests: {codes}");

    redis.kill();
    let ready = installation
        .issuer
        .join("/health/ready")
        .expect("an address");
    let begun = Instant::now();
    let lost = ours.redeem("no-code", &"v".repeat(43)).await;
    assert_eq!(lost.status, 503, "{}", lost.body);
    assert!(begun.elapsed() < Duration::from_secs(3));
    let state = Agent::new().fetch(&ready).await;
    assert_eq!(
        (state.status, &state.json()["tickets"]),
        (503, &"failing".into())
    );
    // A refresh needs no ticket.
    let refresh = tokens.text("refresh_token");
    assert_eq!(ours.refresh(&refresh).await.status, 200);

    redis.restart();
    ours.sign_in(&mut Agent::new(), &administrator).await;
    assert_eq!(Agent::new().fetch(&ready).await.status, 200);
    serving.terminate();
}

#[tokio::test]
async fn an_unsafe_redis_is_refused_and_the_doctor_says_why() {
    let redis = Redis::start();
    let installation = installation_on(&redis);
    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let refused = installation.serve().await.err().expect("it refuses");
    assert!(refused.contains("noeviction"), "{refused}");
    let doctor = installation.idp(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        !doctor.status.success() && said.contains("noeviction"),
        "{said}"
    );
    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    installation.serve().await.expect("it serves").terminate();
}
