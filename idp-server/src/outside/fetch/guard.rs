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
    /// Hosts, in lower case, that may be asked about the status of certificates, over plain http
    /// too. A private address only where it is listed itself.
    pub status_hosts: BTreeSet<String>,
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
        let (name, literal) = host(url)?;
        let plain = self.0.hosts.contains(&name) || self.is_here(&name, literal);
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

    /// The same for a question about the status of a certificate: of the rules for others only the
    /// one about addresses holds, and the host must be listed for it.
    pub(super) fn check_status(&self, url: &Url) -> Result<(), FetchProblem> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchProblem::MalformedUrl);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchProblem::NotHttps);
        }
        let (name, literal) = host(url)?;
        if self.is_here(&name, literal) || self.0.hosts.contains(&name) {
            return Ok(());
        }
        if !self.0.status_hosts.contains(&name) {
            return Err(FetchProblem::HostNotListed);
        }
        // Either scheme on either port; a listed host has other services, too.
        match url.port_or_known_default() {
            Some(80 | 443) => Ok(()),
            _ => Err(FetchProblem::PortNotAllowed),
        }
    }

    /// Whether it is this machine, and that is allowed.
    fn is_here(&self, name: &str, literal: Option<IpAddr>) -> bool {
        self.0.loopback && (name == "localhost" || literal.is_some_and(|a| a.is_loopback()))
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

/// The host as it is listed, and the address that it is, where it is one.
fn host(url: &Url) -> Result<(String, Option<IpAddr>), FetchProblem> {
    let host = url.host().ok_or(FetchProblem::MalformedUrl)?;
    let literal = match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    };
    Ok((host.to_string(), literal))
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
            ..Exceptions::default()
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

    #[test]
    fn about_certificates_only_listed_hosts_are_asked() {
        let listed = Exceptions {
            status_hosts: ["crl.ca.example".to_owned(), "10.0.0.5".to_owned()].into(),
            ..Exceptions::default()
        };
        let check = |url: &str| Guard(listed.clone()).check_status(&url.parse().unwrap());
        for (url, answer) in [
            ("http://crl.ca.example/a.crl", Ok(())),
            ("https://crl.ca.example/a.crl", Ok(())),
            ("http://10.0.0.5/a.crl", Ok(())),
            ("http://crl.ca.example:443/", Ok(())),
            (
                "http://crl.ca.example:8080/",
                Err(FetchProblem::PortNotAllowed),
            ),
            ("http://10.0.0.5:22/", Err(FetchProblem::PortNotAllowed)),
            ("https://other.example/", Err(FetchProblem::HostNotListed)),
            (
                "http://crl.ca.example.evil.example/",
                Err(FetchProblem::HostNotListed),
            ),
            ("http://127.0.0.1/", Err(FetchProblem::HostNotListed)),
            ("http://10.0.0.6/", Err(FetchProblem::HostNotListed)),
            ("ftp://crl.ca.example/", Err(FetchProblem::NotHttps)),
            (
                "http://user@crl.ca.example/",
                Err(FetchProblem::MalformedUrl),
            ),
        ] {
            assert_eq!(check(url), answer, "{url}");
        }
        // What is listed for certificates is not open to anything else.
        let other = Guard(listed.clone()).check(&"http://crl.ca.example/".parse().unwrap());
        assert_eq!(other, Err(FetchProblem::NotHttps));
        assert!(!Guard(listed).allows("crl.ca.example", [10, 0, 0, 5].into()));
    }
}
