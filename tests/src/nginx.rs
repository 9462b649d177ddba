//! nginx in front of several nodes, as docs/operators/nodes.md sets it up; every request goes to
//! another node than the one before.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// nginx on the issuer's address, ended with its value.
pub struct Balancer {
    child: Child,
    folder: tempfile::TempDir,
}

impl Balancer {
    /// Listens on `port` and asks the nodes at these ports in turn. A node that does not take a
    /// connection is left alone for two seconds; one that does not answer within ten is given up.
    ///
    /// # Panics
    /// When Debian's package `nginx-light` is missing or nginx does not start.
    pub fn start(port: u16, nodes: &[u16]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().display();
        let servers: String = nodes
            .iter()
            .map(|node| format!("server 127.0.0.1:{node} max_fails=1 fail_timeout=2s;"))
            .collect();
        let configuration = format!(
            "daemon off; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ log_format way '$upstream_addr $status $request_method $uri';\n\
             access_log {place}/access.log way;\n\
             client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
             fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n\
             keepalive_requests 1000000;\n\
             upstream idp {{ {servers} }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://idp;\n\
             proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_connect_timeout 1s; proxy_read_timeout 10s;\n\
             proxy_next_upstream error timeout; }} }} }}\n"
        );
        let child = run(&folder, &configuration, port);
        Self { child, folder }
    }

    /// Which node answered each request so far, by `address:port`; several where the first did not
    /// answer.
    pub fn answered_by(&self) -> Vec<String> {
        let node = |line: &str| line.rsplitn(4, ' ').nth(3).unwrap_or_default().to_owned();
        self.log().lines().map(node).collect()
    }

    /// What it answered by itself: the nodes it asked, the status, the request.
    pub fn own_answers(&self) -> Vec<String> {
        let log = self.log();
        let own = |line: &&str| line.contains(" 502 ") || line.contains(" 504 ");
        log.lines().filter(own).map(str::to_owned).collect()
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("access.log"));
        log.unwrap_or_default()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx that ends TLS in front of one server, asks for certificates and passes them on, as
/// docs/operators/mutual-tls.md sets it up.
pub struct TlsProxy {
    child: Child,
    _folder: tempfile::TempDir,
}

impl TlsProxy {
    /// Listens on `port` with `server.pem` and `server-key.pem` of a folder and asks the server at
    /// the other port from 127.0.0.2.
    ///
    /// # Panics
    /// When Debian's package `nginx-light` is missing or nginx does not start.
    pub fn start(port: u16, server: u16, certificates: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (place, keys) = (folder.path().display(), certificates.display());
        let configuration = format!(
            "daemon off; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off;\n\
             client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
             fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n\
             server {{ listen 127.0.0.1:{port} ssl; server_name localhost;\n\
             ssl_certificate {keys}/server.pem; ssl_certificate_key {keys}/server-key.pem;\n\
             ssl_verify_client optional_no_ca;\n\
             location / {{ proxy_pass http://127.0.0.1:{server}; proxy_bind 127.0.0.2;\n\
             proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_set_header X-Client-Cert $ssl_client_escaped_cert; }} }} }}\n"
        );
        let child = run(&folder, &configuration, port);
        Self {
            child,
            _folder: folder,
        }
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs nginx with a configuration until it takes connections at `port`.
fn run(folder: &tempfile::TempDir, configuration: &str, port: u16) -> Child {
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
    child
}
