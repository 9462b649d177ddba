//! A real installation: `idp init`, then `idp serve`, with a configuration file on disk.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use url::Url;

use crate::world::{self, binary};
use crate::{Agent, ports};

/// Longest wait for the first answer, and for the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that `idp init` filled.
pub struct Installation {
    /// Configuration, keys and data.
    pub folder: tempfile::TempDir,
    /// The issuer.
    pub issuer: Url,
    /// What `idp init` printed.
    pub printed: String,
    port: u16,
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
        let folder = tempfile::tempdir().expect("a folder");
        let port = ports::free_port();
        let issuer = format!("http://localhost:{port}");
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
            .args(["--admin-name", "Nguyễn Văn Quản", "--dir"])
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
        let log = self.folder.path().join("stderr-of-the-test.log");
        let file = std::fs::File::create(&log).expect("a log");
        let child = self
            .command(&["serve"])
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the binary runs");
        let mut serving = Serving { child, log };
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .arg("--config")
            .arg(self.configuration());
        command.env("IDP__LISTEN__ADDRESS", format!("127.0.0.1:{}", self.port));
        command.stdin(Stdio::null());
        command
    }
}

impl Serving {
    /// Asks the server to stop as a service manager does; its status and what it wrote.
    pub fn terminate(mut self) -> (Option<ExitStatus>, String) {
        world::signal(self.child.id(), "TERM");
        let status = world::wait(&mut self.child, PATIENCE);
        (status, self.log())
    }

    fn log(&self) -> String {
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
