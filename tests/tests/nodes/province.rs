//! A province on several nodes: one database, one address, nginx in between that sends every
//! request to another node.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idp_tests::postgres::Postgres;
use idp_tests::{Agent, Installation, installation::Serving, ports};
use serde_json::Value;
use url::Url;

/// nginx on the issuer's address, ended with its value.
pub(super) struct Balancer {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Balancer {
    pub(super) fn start(port: u16, nodes: &[u16]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().display();
        let servers: String = nodes
            .iter()
            .map(|node| format!("server 127.0.0.1:{node} max_fails=1 fail_timeout=1s;"))
            .collect();
        let configuration = format!(
            "daemon off; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
             fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n\
             upstream idp {{ {servers} }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://idp;\n\
             proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_next_upstream error timeout; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("written");
        let child = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&file)
            .args(["-g", "master_process off;"])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx runs (Debian package nginx-light)");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "nginx starts");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            _folder: folder,
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One node: a port and a data folder of its own, everything else is the province's.
pub(super) struct Node {
    pub(super) installation: Installation,
    pub(super) serving: Option<Serving>,
}

impl Node {
    /// What this node says of itself.
    pub(super) async fn ready(&self) -> (u16, Value) {
        let address = format!("http://127.0.0.1:{}/health/ready", self.installation.port);
        let url = Url::parse(&address).expect("an address");
        match Agent::new().try_fetch(&url).await {
            Some(answer) => (answer.status, answer.json()),
            None => (0, Value::Null),
        }
    }

    /// Waits until it says 200, or something else.
    pub(super) async fn until(&self, status: u16) -> Value {
        let begun = Instant::now();
        loop {
            let (now, body) = self.ready().await;
            if now == status {
                return body;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{now} and not {status}: {body}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn start(&mut self) {
        let command = self.installation.command(&["serve"]);
        self.serving = Some(self.installation.spawn(command));
        self.until(200).await;
    }

    pub(super) fn kill(&mut self) {
        self.serving.take().expect("it serves").kill();
    }
}

/// The nodes of `first`, whose data are in PostgreSQL already; none is started.
pub(super) fn nodes(first: &Installation, postgres: &Postgres, count: usize) -> Vec<Node> {
    let node = |number: usize| {
        let port = ports::free_port();
        let data = first.folder.path().join(format!("node-{number}"));
        let variable = |name: &str, value: String| (format!("IDP__{name}"), value);
        Node {
            installation: Installation {
                folder: configuration(first),
                issuer: first.issuer.clone(),
                printed: first.printed.clone(),
                port,
                environment: vec![
                    variable("STORE__POSTGRES", postgres.address()),
                    variable("STORE__FOLDER", text(data)),
                    variable("LISTEN__TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
                ],
            },
            serving: None,
        }
    };
    (1..=count).map(node).collect()
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
