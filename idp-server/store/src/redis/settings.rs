//! What an operator says about Redis, and the rules it must keep.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;

/// The port that an address without one means.
const PORT: u16 = 6379;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `redis://HOST:PORT`, plain: only to this machine.
    Plain {
        /// A name or an IP address.
        host: String,
        /// The port.
        port: u16,
    },
    /// `rediss://HOST:PORT`: TLS, the certificate checked for HOST.
    Tls {
        /// A name or an IP address.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:///PATH`: a socket of this machine.
    Unix(PathBuf),
}

impl Address {
    /// Reads `redis://HOST[:PORT]`, `rediss://HOST[:PORT]` or `unix:///PATH`.
    ///
    /// # Errors
    /// What would be right, never what was written, since it may hold a password: users,
    /// passwords, database numbers and parameters have no place in an address.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "redis://HOST:PORT, rediss://HOST:PORT (TLS) or unix:///PATH; user and \
            password are settings of their own, and sharing a server is what the prefix is for";
        if let Some(path) = text.strip_prefix("unix://") {
            return path
                .starts_with('/')
                .then(|| Self::Unix(path.into()))
                .ok_or(FORM);
        }
        let (is_tls, rest) = match (
            text.strip_prefix("rediss://"),
            text.strip_prefix("redis://"),
        ) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(FORM),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest)).ok_or(FORM)?;
        Ok(Self::of(host, port, is_tls))
    }

    /// The address of a server by host and port.
    pub(super) const fn of(host: String, port: u16, is_tls: bool) -> Self {
        if is_tls {
            Self::Tls { host, port }
        } else {
            Self::Plain { host, port }
        }
    }

    /// The address of another server, spoken to in the same way; an empty host means this one's.
    pub(super) fn neighbour(&self, host: &str, port: u16) -> Self {
        let same = match self {
            Self::Plain { host, .. } | Self::Tls { host, .. } => host.as_str(),
            Self::Unix(_) => "127.0.0.1",
        };
        let host = if host.is_empty() { same } else { host };
        Self::of(host.to_owned(), port, matches!(self, Self::Tls { .. }))
    }

    /// Whether the server is on this machine, so that nobody sits between.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Plain { host, .. } | Self::Tls { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0)?,
        None if port.is_empty() => PORT,
        None => return None,
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    (!host.is_empty() && host.chars().all(is_host)).then(|| (host.to_owned(), port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Plain { host, port } | Self::Tls { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// How the servers are arranged.
#[derive(Clone, Debug)]
pub enum Arrangement {
    /// One server, or one address that always leads to the one that may be written.
    Single(Address),
    /// Redis Sentinel: these know which server is the master.
    Sentinel {
        /// The Sentinels; three or more, on machines of their own.
        sentinels: Vec<Address>,
        /// The name under which they watch the master.
        master: String,
        /// How one signs in to the Sentinels themselves.
        credentials: Option<Credentials>,
    },
    /// Redis Cluster: some of its servers; they know the others.
    Cluster(Vec<Address>),
}

/// How one signs in to a server.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The ACL user; `default` when absent.
    pub user: Option<String>,
    /// The password.
    pub password: SecretText,
}

/// What an operator says about Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// How the servers are arranged, and where.
    pub arrangement: Arrangement,
    /// How one signs in to the servers.
    pub credentials: Option<Credentials>,
    /// The certificates (PEM) that the servers' ones must lead to; those of the machine when
    /// absent.
    pub authorities: Option<Vec<u8>>,
    /// What every key and the channel begin with.
    pub prefix: String,
    /// How long a call may take, connecting and repeating included.
    pub call_limit: Duration,
    /// How many replicas must have a replay or throttle mark, or a revocation, before it counts
    /// as written; with none, a fail-over may lose the last moments' marks.
    pub replicas: u32,
}

impl RedisSettings {
    /// Settings with prefix `idp:`, one second per call, no credentials and no waiting for
    /// replicas.
    #[must_use]
    pub fn new(arrangement: Arrangement) -> Self {
        Self {
            arrangement,
            credentials: None,
            authorities: None,
            prefix: "idp:".to_owned(),
            call_limit: Duration::from_secs(1),
            replicas: 0,
        }
    }

    /// Checks what can be checked without asking a server.
    ///
    /// # Errors
    /// A lasting fault for an unusable prefix, an empty list, a plain way to another machine, or
    /// another machine without a password.
    pub fn check(&self) -> Result<(), Fault> {
        let is_key = |c: char| c.is_ascii_alphanumeric() || ":._-".contains(c);
        if !self.prefix.chars().all(is_key) || self.prefix.len() > 64 {
            return Err(refused(
                "the prefix of keys may hold letters, digits and `:._-`, 64 of them at most",
            ));
        }
        let (addresses, own) = match &self.arrangement {
            Arrangement::Single(address) => (std::slice::from_ref(address), &self.credentials),
            Arrangement::Sentinel {
                sentinels,
                credentials,
                ..
            } => (sentinels.as_slice(), credentials),
            Arrangement::Cluster(nodes) => (nodes.as_slice(), &self.credentials),
        };
        if addresses.is_empty() {
            return Err(refused("no address of a Redis server is given"));
        }
        let allowed = |address| allowed(address, own.as_ref());
        addresses.iter().try_for_each(allowed)
    }
}

/// Refuses a way that somebody between could read or change, and one where anybody may sign in.
///
/// # Errors
/// A lasting fault that names the remedy.
pub(super) fn allowed(address: &Address, credentials: Option<&Credentials>) -> Result<(), Fault> {
    if address.is_local() {
        return Ok(());
    }
    if matches!(address, Address::Plain { .. }) {
        return Err(refused(format!(
            "Redis at {address} is on another machine and would be spoken to in the clear: write \
             rediss:// and turn on TLS there (tls-port)"
        )));
    }
    if credentials.is_none() {
        return Err(refused(format!(
            "Redis at {address} is on another machine and no password is set: give the service an \
             ACL user with a password"
        )));
    }
    Ok(())
}

fn refused(detail: impl fmt::Display) -> Fault {
    Fault::lasting("tickets", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let of = |host: &str, port, tls| Address::of(host.to_owned(), port, tls);
        for (text, address) in [
            ("redis://127.0.0.1:6380", of("127.0.0.1", 6380, false)),
            (
                "rediss://redis.example.vn/",
                of("redis.example.vn", 6379, true),
            ),
            ("rediss://[::1]:7000", of("::1", 7000, true)),
            (
                "unix:///run/redis.sock",
                Address::Unix("/run/redis.sock".into()),
            ),
        ] {
            assert_eq!(Address::parse(text), Ok(address), "{text}");
        }
        for text in [
            "redis.example.vn:6379",
            "http://a",
            "redis://",
            "redis://a:0",
            "redis://a:x",
            "redis://a/3",
            "redis://[::1]x",
            "rediss://u:mat-khau@a:6379",
            "unix://socket",
        ] {
            let refusal = Address::parse(text).unwrap_err();
            assert!(!refusal.contains("mat-khau"));
        }
    }

    #[test]
    fn only_this_machine_is_trusted_without_tls_and_password() {
        let single = |text| RedisSettings::new(Arrangement::Single(Address::parse(text).unwrap()));
        for local in [
            "redis://localhost",
            "redis://127.3.2.1",
            "unix:///s",
            "redis://[::1]",
        ] {
            assert!(single(local).check().is_ok(), "{local}");
        }
        let mut remote = single("redis://192.0.2.7");
        let credentials = Credentials {
            user: None,
            password: SecretText::new("mat-khau".to_owned()),
        };
        let said = remote.check().unwrap_err().detail;
        assert!(said.contains("rediss://"), "{said}");
        remote = single("rediss://192.0.2.7");
        let said = remote.check().unwrap_err().detail;
        assert!(said.contains("password"), "{said}");
        remote.credentials = Some(credentials);
        assert!(remote.check().is_ok());
        remote.prefix = "{a}".to_owned();
        assert!(remote.check().is_err());
        let none = RedisSettings::new(Arrangement::Cluster(Vec::new()));
        assert!(none.check().is_err());
    }
}
