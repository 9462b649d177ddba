//! A stranger's process.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idp_tests::request::random;
use idp_tests::{Agent, World, ports, source, world};
use url::Url;

/// Longest wait for the process to listen; a Java virtual machine takes long on a busy machine.
const START: Duration = Duration::from_secs(120);

/// A running application built on somebody else's library.
pub(crate) struct Stranger {
    child: Child,
    folder: tempfile::TempDir,
    authority: String,
    port: u16,
    /// The page that needs a signed-in person.
    pub(crate) start: Url,
    /// The page that begins the sign-out.
    pub(crate) sign_out: Url,
}

impl Stranger {
    /// Starts `tests/strangers/<name>/run` as the demonstration's application `index`.
    pub(crate) fn start(name: &str, world: &World, index: usize) -> Self {
        let application = &world.applications[index];
        let callback = &application.redirect_uri;
        let port = ports::free_port();
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(script(name))
            .env("ISSUER", &world.issuer)
            .env("CLIENT_ID", &application.client_id)
            .env("CLIENT_SECRET", &application.client_secret)
            .env("REDIRECT_URI", callback.as_str())
            .env("APPLICATION_URL", application.url.as_str())
            .env("SESSION_SECRET", random())
            .env("PORT", port.to_string())
            .env("FOLDER", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the stranger's start script");
        let host = callback.host_str().unwrap_or_default();
        let authority = format!(
            "{host}:{}",
            callback.port_or_known_default().unwrap_or_default()
        );
        let below = |path: &str| callback.join(path).expect("an address of the application");
        let stranger = Self {
            child,
            folder,
            authority,
            port,
            start: below("/stranger/"),
            sign_out: below("/stranger/sign-out"),
        };
        stranger.wait_until_it_listens(name);
        stranger
    }

    /// Lets this agent find the stranger where the demonstration's application is registered.
    pub(crate) fn stand_in(&self, agent: &mut Agent) {
        agent.connect_to(&self.authority, self.port);
    }

    /// An address at which the provider itself reaches the process.
    pub(crate) fn directly(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// What the process printed.
    pub(crate) fn log(&self) -> String {
        let files = ["log", "error.log"].map(|name| self.folder.path().join(name));
        files
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap_or_default())
            .collect()
    }

    fn wait_until_it_listens(&self, name: &str) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                begun.elapsed() < START,
                "{name} does not listen:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // Apache needs the signal to end its workers too.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            world::signal(self.child.id(), "TERM");
        }
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> PathBuf {
    source::root()
        .join("tests/strangers")
        .join(name)
        .join("run")
}
