//! A real installation: `idp init`, then `idp serve`, with a configuration file on disk.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use url::Url;

use crate::relying_party::filled;
use crate::request::random;
use crate::world::{self, Application, User, binary};
use crate::{Agent, ports};

/// Longest wait for the first answer, and for the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// User name of the first administrator.
const ADMINISTRATOR: &str = "quantri";
/// Name of the first administrator.
const NAME: &str = "Nguyễn Văn Quản";
/// Where nobody listens: tests read the callback from the redirect itself.
pub const CALLBACK: &str = "http://localhost:9/callback";

/// A folder that `idp init` filled.
pub struct Installation {
    /// Configuration, keys and data.
    pub folder: tempfile::TempDir,
    /// The issuer.
    pub issuer: Url,
    /// What `idp init` printed.
    pub printed: String,
    /// The port it listens on.
    pub port: u16,
    /// Further variables for every command, which win over the configuration file.
    pub environment: Vec<(String, String)>,
    /// The program that is run: the binary under test, or another version of it.
    pub program: PathBuf,
}

/// A serving installation.
pub struct Serving {
    child: Child,
    log: PathBuf,
}

impl Installation {
    /// Initialises an installation on a free loopback port.
    ///
    /// # Panics
    /// When `idp init` refuses.
    pub fn init() -> Self {
        Self::init_in(tempfile::tempdir().expect("a folder"), "http")
    }

    /// Initialises an installation in this empty folder, whose issuer has this scheme.
    ///
    /// # Panics
    /// When `idp init` refuses.
    pub fn init_in(folder: tempfile::TempDir, scheme: &str) -> Self {
        let port = ports::free_port();
        let issuer = format!("{scheme}://localhost:{port}");
        let output = Command::new(binary())
            .args([
                "init",
                "--issuer",
                &issuer,
                "--province-name",
                "Tỉnh Mẫu",
                "--admin",
                "quantri",
            ])
            .args(["--admin-name", NAME, "--dir"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self {
            folder,
            issuer: Url::parse(&issuer).expect("an address"),
            printed,
            port,
            environment: Vec::new(),
            program: binary(),
        }
    }

    /// The configuration file that `idp init` wrote.
    pub fn configuration(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.folder.path())
            .expect("the folder")
            .flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths
            .find(|path| path.extension().is_some_and(|e| e == "toml"))
            .expect("a TOML file")
    }

    /// All files below the folder whose name ends so.
    pub fn files(&self, ending: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(self.folder.path(), ending, &mut found);
        found
    }

    /// Runs one command with this configuration.
    pub fn idp(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// What the server wrote when it ended instead.
    pub async fn serve(&self) -> Result<Serving, String> {
        self.until_ready(self.spawn(self.command(&["serve"]))).await
    }

    /// Starts the server by a command of the caller's making, and does not wait for it.
    pub fn spawn(&self, mut command: Command) -> Serving {
        let log = self.folder.path().join("stderr-of-the-test.log");
        let file = std::fs::File::create(&log).expect("a log");
        command.stdout(Stdio::null()).stderr(file);
        let child = command.spawn().expect("the binary runs");
        Serving { child, log }
    }

    /// Waits until a started server is ready.
    ///
    /// # Errors
    /// What the server wrote when it ended instead.
    pub async fn until_ready(&self, mut serving: Serving) -> Result<Serving, String> {
        let ready = self.issuer.join("/health/ready").expect("an address");
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = serving.child.try_wait().expect("a child can be asked") {
                return Err(format!("{status}: {}", serving.log()));
            }
            if Agent::new()
                .try_fetch(&ready)
                .await
                .is_some_and(|answer| answer.status == 200)
            {
                return Ok(serving);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not ready after {PATIENCE:?}: {}", serving.log());
    }

    /// Makes every key so much older, as if the installation had been made then; no server may
    /// run.
    pub async fn age_keys(&self, span: Duration) {
        let file = self.files("records.db").remove(0);
        let address = format!("sqlite://{}", file.display());
        let mut connection = SqliteConnection::connect(&address).await.expect("SQLite");
        let millis = i64::try_from(span.as_millis()).expect("a span");
        for field in [
            "created_at",
            "active_from",
            "active_until",
            "published_until",
        ] {
            let older = format!(
                "UPDATE keys SET body = json_set(body, '$.{field}', \
                 json_extract(body, '$.{field}') - $1) \
                 WHERE json_extract(body, '$.{field}') IS NOT NULL"
            );
            let older = sqlx::query(sqlx::AssertSqlSafe(older)).bind(millis);
            older.execute(&mut connection).await.expect("written");
        }
        connection.close().await.expect("closed");
    }

    /// Runs one administrative command as the first administrator; the server may run or not.
    pub fn administer(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["--as", ADMINISTRATOR, "--output", "json", "--yes"];
        all.extend(arguments);
        self.idp(&all)
    }

    /// Opens the first administrator's activation link, sets a password and returns the account.
    pub async fn activate(&self) -> User {
        let words = self
            .printed
            .split(|c: char| c.is_whitespace() || "\"'│<>".contains(c));
        let link = words.into_iter().find(|word| word.contains("/activate"));
        let link = Url::parse(link.expect("an activation link")).expect("an address");
        let mut agent = Agent::new();
        let answer = agent.fetch(&link).await;
        let page = agent.follow_within(&self.issuer, answer).await;
        let password = random();
        let typed = [
            ("new-password", password.as_str()),
            ("repeat-password", &password),
        ];
        let (target, fields) = filled(&page, "save-password", &typed);
        let answer = agent.submit(&target, &fields).await;
        let answer = agent.follow_within(&self.issuer, answer).await;
        assert!(
            answer.status == 200 && !answer.page().has("error-message"),
            "{}",
            answer.body
        );
        User {
            username: ADMINISTRATOR.to_owned(),
            password,
            name: NAME.to_owned(),
            unit: String::new(),
            roles: Vec::new(),
        }
    }

    /// Registers a client and returns it with its secret.
    ///
    /// # Panics
    /// When the command refuses.
    pub fn client(&self, name: &str, further: &[&str]) -> Application {
        let mut arguments = vec!["client", "add", "--name", name];
        arguments.extend(further);
        let output = self.administer(&arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Application {
            name: name.to_owned(),
            url: Url::parse(CALLBACK).expect("an address"),
            client_id: text(&printed["client"]["client_id"]),
            client_secret: text(&printed["client_secret"]),
            redirect_uri: Url::parse(CALLBACK).expect("an address"),
        }
    }

    /// A client that signs people in at [`CALLBACK`].
    pub fn application(&self, name: &str, further: &[&str]) -> Application {
        let mut arguments = vec!["--redirect-uri", CALLBACK];
        arguments.extend(further);
        self.client(name, &arguments)
    }

    /// A client that acts for itself.
    pub fn service(&self, name: &str) -> Application {
        self.client(name, &["--kind", "service"])
    }

    /// The running server's socket for administrators.
    pub fn socket(&self) -> PathBuf {
        self.files("admin.sock")
            .into_iter()
            .next()
            .expect("the server's admin.sock")
    }

    /// The body of a `GET` over that socket.
    pub fn fetch_over_socket(&self, path: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).expect("the socket");
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(" 200 "), "{head}");
        body.to_owned()
    }

    /// One command of the program with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.configuration());
        command.env("IDP__LISTEN__ADDRESS", format!("127.0.0.1:{}", self.port));
        command.env("IDP__OUTGOING__DANGER_ALLOW_LOOPBACK", "true");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }
}

impl Serving {
    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server without warning, as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
    }

    /// Asks the server to stop as a service manager does; its status and what it wrote.
    pub fn terminate(mut self) -> (Option<ExitStatus>, String) {
        world::signal(self.child.id(), "TERM");
        let status = world::wait(&mut self.child, PATIENCE);
        (status, self.log())
    }

    /// What the server wrote to its error stream so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}
