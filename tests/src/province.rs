//! A province on several nodes: one database, one address, nginx in between.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use url::Url;

use crate::installation::{Installation, Serving};
use crate::postgres::Postgres;
use crate::{Agent, ports};

/// Longest wait for what a node should become.
const PATIENCE: Duration = Duration::from_secs(40);

/// One node: a port and a data folder of its own, everything else is the province's.
pub struct Node {
    /// Its copy of configuration and secrets, its port, its environment.
    pub installation: Installation,
    /// The process, while there is one.
    pub serving: Option<Serving>,
}

impl Node {
    /// Another node of the province that `first` was, with its data in the database at this
    /// address; `further` are more settings, as `STORE__POSTGRES_TIMEOUT`. It is not started.
    pub fn new(first: &Installation, database: &str, further: &[(&str, &str)]) -> Self {
        let port = ports::free_port();
        let data = first.folder.path().join(format!("node-{port}"));
        let variable = |name: &str, value: &str| (format!("IDP__{name}"), value.to_owned());
        let mut environment = vec![
            variable("STORE__POSTGRES", database),
            variable("STORE__FOLDER", &text(data)),
            variable("LISTEN__TRUSTED_PROXIES", "127.0.0.1/32"),
        ];
        environment.extend(further.iter().map(|(name, value)| variable(name, value)));
        Self {
            installation: Installation {
                folder: configuration(first),
                issuer: first.issuer.clone(),
                printed: first.printed.clone(),
                port,
                environment,
                program: first.program.clone(),
            },
            serving: None,
        }
    }

    /// What this node says of itself at `/health/ready`: status and parts; 0 when it does not
    /// answer.
    pub async fn ready(&self) -> (u16, Value) {
        let address = format!("http://127.0.0.1:{}/health/ready", self.installation.port);
        let url = Url::parse(&address).expect("an address");
        match Agent::new().try_fetch(&url).await {
            Some(answer) => (answer.status, answer.json()),
            None => (0, Value::Null),
        }
    }

    /// Waits until it answers this status, and returns what it says then.
    ///
    /// # Panics
    /// When it does not become so in time.
    pub async fn until(&self, status: u16) -> Value {
        let begun = Instant::now();
        loop {
            let (now, body) = self.ready().await;
            if now == status {
                return body;
            }
            let log = self.serving.as_ref().map(Serving::log).unwrap_or_default();
            assert!(
                begun.elapsed() < PATIENCE,
                "{now} and not {status}: {body}\n{log}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts it and does not wait.
    pub fn spawn(&mut self) {
        let command = self.installation.command(&["serve"]);
        self.serving = Some(self.installation.spawn(command));
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&mut self) {
        self.spawn();
        self.until(200).await;
    }

    /// Starts it by a program that runs programs, as `taskset -c 0`, and waits until it is ready.
    pub async fn start_by(&mut self, words: &[&str]) {
        let served = self.installation.command(&["serve"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(served.get_program());
        command.args(served.get_args());
        for (name, value) in served.get_envs() {
            command.env(name, value.expect("nothing is unset"));
        }
        self.serving = Some(self.installation.spawn(command));
        self.until(200).await;
    }

    /// Process id.
    ///
    /// # Panics
    /// When it does not serve.
    pub fn pid(&self) -> u32 {
        self.serving.as_ref().expect("it serves").pid()
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        self.serving.take().expect("it serves").kill();
    }

    /// Asks it to stop, waits for its end and answers what it wrote.
    ///
    /// # Panics
    /// When it does not end in order.
    pub fn terminate(&mut self) -> String {
        let serving = self.serving.take().expect("it serves");
        let (status, log) = serving.terminate();
        assert!(status.is_some_and(|status| status.success()), "{log}");
        log
    }

    /// Stops the process where it is, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        crate::world::signal(self.pid(), if frozen { "STOP" } else { "CONT" });
    }
}

/// The audit's verification by a node.
///
/// # Panics
/// When the chain does not hold.
pub fn verify_audit(node: &Node) {
    let verified = node.installation.administer(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
}

/// What a command wrote to either stream.
pub fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Moves the data of a stopped installation into the database, and answers the tables that were
/// copied, as the command prints them.
///
/// # Panics
/// When the command fails.
pub fn migrate(first: &Installation, postgres: &Postgres) -> Value {
    let address = postgres.address();
    let done = first.idp(&["store", "migrate", "--output", "json", "--to", &address]);
    assert!(done.status.success(), "{}", said(&done));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

/// The province's configuration and secrets, as an operator copies them to another machine.
fn configuration(first: &Installation) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(first.configuration())
        .arg(first.folder.path().join("secrets"))
        .arg(folder.path())
        .status();
    assert!(copied.expect("cp runs").success());
    folder
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().expect("a plain path")
}
