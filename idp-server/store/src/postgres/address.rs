//! Where PostgreSQL is, and what a connection there must have.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// How a store in PostgreSQL is opened.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user@host:5432/database`, or `postgres:///database?host=/run/postgresql` for a
    /// socket. Several servers of which one takes writes (a primary and its standbys) are written
    /// `host1:5432,host2:5432`; the one that does is found by asking them. May carry the password, so
    /// it is a secret. Parameters: `host`, `sslmode`, `port`.
    pub url: SecretText,
    /// The password, when it is not in the address.
    pub password: Option<SecretText>,
    /// The certificate authority (PEM) that signed the server's certificate, when it is none of
    /// those that browsers know.
    pub certificate_authority: Option<PathBuf>,
    /// Connections of this node, 2–200. Together the nodes must stay below the server's
    /// `max_connections`; each node uses one more while it listens for changes.
    pub connections: u32,
    /// Time limits.
    pub limits: Limits,
}

impl PostgresOptions {
    /// Ten connections and the usual limits.
    pub fn new(url: SecretText) -> Self {
        Self {
            url,
            password: None,
            certificate_authority: None,
            connections: 10,
            limits: Limits::default(),
        }
    }
}

impl PostgresOptions {
    /// Refuses what [`super::open`] would refuse for its address alone; `has_password` when one
    /// will be given that is not in these options yet. No message quotes the address.
    ///
    /// # Errors
    /// A lasting fault with the operator's remedy.
    pub fn check(&self, has_password: bool) -> Result<(), Fault> {
        let mut options = self.clone();
        if has_password {
            options.password = Some(SecretText::new(String::new()));
        }
        servers(&options).map(drop)
    }

    /// Whether the address carries a password, which whoever may read the address would learn.
    #[must_use]
    pub fn url_holds_password(&self) -> bool {
        let urls = each_server(self.url.expose()).unwrap_or_default();
        let parsed = urls.iter().filter_map(|url| Url::parse(url).ok());
        parsed.into_iter().any(|url| url.password().is_some())
    }
}

/// How long each thing may take before the call ends with a transient fault.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect, TLS and authentication included.
    pub connect: Duration,
    /// To wait for a free connection.
    pub acquire: Duration,
    /// One statement, enforced by the server, and one second later by this side.
    pub statement: Duration,
    /// To wait for a lock, enforced by the server.
    pub lock: Duration,
}

impl Default for Limits {
    /// Three seconds to connect, two for a free connection, five for a statement, three for a lock.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            acquire: Duration::from_secs(2),
            statement: Duration::from_secs(5),
            lock: Duration::from_secs(3),
        }
    }
}

/// Statements that each connection keeps prepared.
const PREPARED: usize = 256;

/// Servers that one address may name.
const MOST_SERVERS: usize = 8;

/// Reads the address: its servers, in its order. Refuses an address that is none, a server on
/// another machine without a password, and anything but verified TLS with it. No message quotes the
/// address.
pub(super) fn servers(options: &PostgresOptions) -> Result<Vec<PgConnectOptions>, Fault> {
    let urls = each_server(options.url.expose()).ok_or_else(unreadable)?;
    urls.iter().map(|url| server(url, options)).collect()
}

/// The address for each of its servers: what stands between commas differs, the rest is the same.
fn each_server(url: &str) -> Option<Vec<String>> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts: Vec<&str> = hosts.split(',').collect();
    let are_several = hosts.len() > 1;
    if hosts.len() > MOST_SERVERS || are_several && hosts.contains(&"") {
        return None;
    }
    let each = hosts
        .iter()
        .map(|host| format!("{scheme}://{user}{host}{tail}"));
    Some(each.collect())
}

fn server(url: &str, options: &PostgresOptions) -> Result<PgConnectOptions, Fault> {
    let url = Url::parse(url).map_err(|_| unreadable())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(unreadable());
    }
    for (name, _) in url.query_pairs() {
        if !matches!(&*name, "host" | "sslmode" | "port") {
            return Err(unreadable());
        }
    }
    let named_mode = url.query_pairs().any(|(name, _)| name == "sslmode");
    let mut connect = PgConnectOptions::from_url(&url).map_err(|_| unreadable())?;
    if let Some(password) = &options.password {
        connect = connect.password(password.expose());
    }
    if let Some(file) = &options.certificate_authority {
        connect = connect.ssl_root_cert(file);
    }
    if connect.get_socket().is_none() && !is_loopback(connect.get_host()) {
        let weaker = named_mode && !matches!(connect.get_ssl_mode(), PgSslMode::VerifyFull);
        if weaker {
            return Err(Fault::lasting(
                "store",
                "PostgreSQL on another machine is reached through TLS with a verified certificate \
                 only: leave sslmode out, or write sslmode=verify-full",
            ));
        }
        if options.password.is_none() && url.password().is_none() {
            return Err(Fault::lasting(
                "store",
                "PostgreSQL on another machine needs a password: give the store's password file",
            ));
        }
        connect = connect.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(settings(connect, &options.limits))
}

fn settings(connect: PgConnectOptions, limits: &Limits) -> PgConnectOptions {
    let millis = |limit: Duration| limit.as_millis().to_string();
    connect
        .application_name("idp")
        .statement_cache_capacity(PREPARED)
        .options([
            ("statement_timeout", millis(limits.statement)),
            ("lock_timeout", millis(limits.lock)),
            // Longer than any pause between two statements of ours.
            (
                "idle_in_transaction_session_timeout",
                millis(limits.statement),
            ),
            ("synchronous_commit", "on".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
            // Statements are short: compiling them never pays.
            ("jit", "off".to_owned()),
        ])
        .disable_statement_logging()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn unreadable() -> Fault {
    Fault::lasting(
        "store",
        "the address of PostgreSQL is not understood: write postgres://user@host:5432/database, \
         with further hosts after commas and no parameters but host, port and sslmode",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<PgConnectOptions, Fault> {
        let options = PostgresOptions::new(SecretText::new(url.to_owned()));
        servers(&options).map(|mut all| all.remove(0))
    }

    #[test]
    fn several_servers_are_named_between_commas() {
        let url = "postgres://idp:bi-mat@db1.example.vn,db2.example.vn:5433,127.0.0.1/idp";
        let options = PostgresOptions::new(SecretText::new(url.to_owned()));
        assert!(options.url_holds_password());
        let all = servers(&options).unwrap();
        let places: Vec<_> = all.iter().map(|s| (s.get_host(), s.get_port())).collect();
        let expected = [
            ("db1.example.vn", 5432),
            ("db2.example.vn", 5433),
            ("127.0.0.1", 5432),
        ];
        assert_eq!(places, expected);
        let strict = |s: &PgConnectOptions| matches!(s.get_ssl_mode(), PgSslMode::VerifyFull);
        assert_eq!(all.iter().filter(|s| strict(s)).count(), 2);
        let plain = "postgres://idp@127.0.0.1,127.0.0.2:5433/idp";
        let plain = PostgresOptions::new(SecretText::new(plain.to_owned()));
        assert!(!plain.url_holds_password());
        for url in [
            "postgres://idp@127.0.0.1,/idp",
            "postgres://idp@127.0.0.1,db2.example.vn/idp",
            "postgres://127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,\
             127.0.0.1,127.0.0.1/idp",
        ] {
            read_all(url).unwrap_err();
        }
    }

    fn read_all(url: &str) -> Result<Vec<PgConnectOptions>, Fault> {
        servers(&PostgresOptions::new(SecretText::new(url.to_owned())))
    }

    #[test]
    fn another_machine_is_reached_with_verified_tls_and_a_password_only() {
        for url in [
            "postgres://idp@db.example.vn/idp",
            "postgres://idp:bi-mat@db.example.vn/idp?sslmode=require",
            "postgres://idp:bi-mat@10.0.0.7/idp?sslmode=disable",
            "postgres://idp:bi-mat@db.example.vn/idp?sslmode=verify-ca",
        ] {
            let fault = read(url).unwrap_err();
            assert!(
                !fault.transient && !fault.detail.contains("bi-mat"),
                "{fault}"
            );
        }
        let options = read("postgres://idp:bi-mat@db.example.vn/idp").unwrap();
        assert!(matches!(options.get_ssl_mode(), PgSslMode::VerifyFull));
    }

    #[test]
    fn this_machine_needs_neither() {
        for url in [
            "postgres://idp@127.0.0.1:5433/idp",
            "postgresql://idp@[::1]/idp",
            "postgres://idp@localhost/idp?sslmode=disable",
            "postgres://idp@localhost/idp?host=/run/postgresql",
        ] {
            read(url).unwrap();
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_and_not_quoted() {
        for url in [
            "mysql://idp:bi-mat@localhost/idp",
            "postgres://idp:bi-mat@localhost:port/idp",
            "postgres://idp@localhost/idp?password=bi-mat",
            "postgres://idp:bi-mat@localhost/idp?sslmode=perhaps",
            "bi-mat",
        ] {
            let fault = read(url).unwrap_err();
            assert!(fault.detail.contains("not understood"), "{fault}");
            assert!(!fault.detail.contains("bi-mat"), "{fault}");
        }
    }
}
