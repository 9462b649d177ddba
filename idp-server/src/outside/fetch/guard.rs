//! Which requests may leave, and to which addresses.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchProblem;
use crate::outside::address::is_public;

/// The operator's exceptions. Without any, only https to public addresses is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Hosts, in lower case, that may have private addresses and may be asked over plain http:
    /// applications inside the operator's own network.
    pub hosts: BTreeSet<String>,
    /// Whether loopback addresses may be asked, over plain http too: demonstration and tests.
    pub loopback: bool,
}

/// Checks addresses before a connection, again after every name resolution.
#[derive(Clone, Debug)]
pub(super) struct Guard(pub(super) Exceptions);

impl Guard {
    /// What can be said before a name is resolved: scheme, user information, literal addresses.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchProblem> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchProblem::MalformedUrl);
        }
        let host = url.host().ok_or(FetchProblem::MalformedUrl)?;
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let name = host.to_string();
        let plain = self.0.hosts.contains(&name)
            || self.0.loopback && (name == "localhost" || literal.is_some_and(|a| a.is_loopback()));
        match url.scheme() {
            "https" => {}
            "http" if plain => {}
            _ => return Err(FetchProblem::NotHttps),
        }
        match literal {
            Some(address) if !self.allows(&name, address) => Err(FetchProblem::PrivateAddress),
            _ => Ok(()),
        }
    }

    /// Whether a connection to `address`, which `host` resolved to, may be made.
    fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            || self.0.hosts.contains(host)
            || self.0.loopback && address.to_canonical().is_loopback()
    }

    async fn resolve_checked(self, host: String) -> Result<Vec<SocketAddr>, FetchProblem> {
        let found = tokio::net::lookup_host((host.as_str(), 0)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| FetchProblem::NameUnresolved)?.collect();
        if found.is_empty() {
            return Err(FetchProblem::NameUnresolved);
        }
        // One private address among public ones is an attempt to slip through: refuse them all.
        if found.iter().all(|at| self.allows(&host, at.ip())) {
            Ok(found)
        } else {
            Err(FetchProblem::PrivateAddress)
        }
    }
}

impl Resolve for Guard {
    /// The connection goes to exactly the addresses that were checked here: the client does not
    /// resolve again.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        let host = name.as_str().to_ascii_lowercase();
        Box::pin(async move {
            let found = guard.resolve_checked(host).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Exceptions, Guard};
    use crate::outside::fetch::FetchProblem;

    fn check(exceptions: &Exceptions, url: &str) -> Result<(), FetchProblem> {
        Guard(exceptions.clone()).check(&url.parse().unwrap())
    }

    #[test]
    fn without_exceptions_only_https_to_public_addresses() {
        let none = Exceptions::default();
        for (url, answer) in [
            ("https://app.tinh.example/logout", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("http://app.tinh.example/", Err(FetchProblem::NotHttps)),
            ("ftp://app.tinh.example/", Err(FetchProblem::NotHttps)),
            ("file:///etc/passwd", Err(FetchProblem::MalformedUrl)),
            (
                "https://user@app.tinh.example/",
                Err(FetchProblem::MalformedUrl),
            ),
            ("http://localhost/", Err(FetchProblem::NotHttps)),
            ("https://127.0.0.1/", Err(FetchProblem::PrivateAddress)),
            ("https://2130706433/", Err(FetchProblem::PrivateAddress)),
            ("https://0x7f.1/", Err(FetchProblem::PrivateAddress)),
            ("https://[::1]/", Err(FetchProblem::PrivateAddress)),
            (
                "https://[::ffff:10.0.0.1]/",
                Err(FetchProblem::PrivateAddress),
            ),
            (
                "https://169.254.169.254/latest",
                Err(FetchProblem::PrivateAddress),
            ),
        ] {
            assert_eq!(check(&none, url), answer, "{url}");
        }
    }

    #[test]
    fn exceptions_open_exactly_what_they_name() {
        let listed = Exceptions {
            hosts: ["app.lan".to_owned(), "10.0.0.5".to_owned()].into(),
            loopback: false,
        };
        assert_eq!(check(&listed, "http://app.lan/x"), Ok(()));
        assert_eq!(check(&listed, "http://10.0.0.5/x"), Ok(()));
        assert_eq!(
            check(&listed, "http://app.lan.evil.example/"),
            Err(FetchProblem::NotHttps)
        );
        assert_eq!(
            check(&listed, "https://10.0.0.6/"),
            Err(FetchProblem::PrivateAddress)
        );
        let local = Exceptions {
            loopback: true,
            ..Exceptions::default()
        };
        assert_eq!(check(&local, "http://localhost:8081/x"), Ok(()));
        assert_eq!(check(&local, "http://[::1]:8081/x"), Ok(()));
        assert_eq!(
            check(&local, "http://10.0.0.6/"),
            Err(FetchProblem::NotHttps)
        );
    }
}
