//! Who is at the other end, behind reverse proxies.
//!
//! Each proxy appends the address it saw. The walk goes from right to left and stops at the first
//! address that is not a declared proxy: everything left of it was written by somebody nobody
//! vouches for. Without declared proxies the socket's address is the answer and headers mean
//! nothing.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

use super::network::Network;

/// The client's address, put into every request that came over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The header in which declared proxies write whom they serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: a list of addresses.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): its `for` parameters.
    Forwarded,
}

impl ForwardingHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }
}

/// The operator's reverse proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredProxies {
    /// Where they are.
    pub networks: Vec<Network>,
    /// What they write.
    pub header: ForwardingHeader,
}

impl DeclaredProxies {
    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }

    /// The client's address, from the socket's peer and the request's headers.
    ///
    /// An entry that is no address (RFC 7239 `unknown`, `_hidden`, garbage) ends the walk at the
    /// proxy that wrote it.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        if !self.contains(nearest) {
            return nearest;
        }
        for entry in self.entries(headers).iter().rev() {
            let Some(address) = address_of(entry) else {
                return nearest;
            };
            nearest = address;
            if !self.contains(nearest) {
                return nearest;
            }
        }
        nearest
    }

    /// All entries of all such headers, in the order they were appended.
    fn entries(&self, headers: &HeaderMap) -> Vec<String> {
        let values = headers.get_all(self.header.name());
        // A header with strange octets counts as one entry that is no address.
        let values = values.iter().map(|value| value.to_str().unwrap_or("?"));
        let elements = values.flat_map(|value| value.split(',')).map(str::trim);
        match self.header {
            ForwardingHeader::XForwardedFor => elements.map(str::to_owned).collect(),
            ForwardingHeader::Forwarded => elements.map(for_parameter).collect(),
        }
    }
}

/// The `for` parameter of one `Forwarded` element; empty when it has none.
fn for_parameter(element: &str) -> String {
    let named = element
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let mut wanted = named.filter(|(name, _)| name.eq_ignore_ascii_case("for"));
    match (wanted.next(), wanted.next()) {
        (Some((_, value)), None) => value.trim_matches('"').to_owned(),
        _ => String::new(),
    }
}

/// An address, an address with a port, or an IPv6 address in brackets with or without a port.
fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    let address = bare.parse().ok();
    let address = address.or_else(|| entry.parse::<SocketAddr>().ok().map(|at| at.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// The source by which guesses are counted: the address, an IPv6 one shortened to its /64, because
/// whoever has one address of it has them all.
#[must_use]
pub fn throttle_source(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{DeclaredProxies, ForwardingHeader, throttle_source};

    fn resolve(header: ForwardingHeader, peer: &str, values: &[&str]) -> String {
        let proxies = DeclaredProxies {
            networks: ["10.0.0.0/24", "fd00::/64"]
                .map(|n| n.parse().unwrap())
                .to_vec(),
            header,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(header.name(), value);
        }
        proxies
            .client_address(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn x_forwarded_for_is_walked_from_the_right() {
        for (peer, values, client) in [
            ("1.2.3.4", &["9.9.9.9"][..], "1.2.3.4"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["9.9.9.9, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["9.9.9.9, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
            ("10.0.0.1", &["9.9.9.9", "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
            ("10.0.0.1", &["1.2.3.4, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", &["[2001:db8::1]:5678"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["1.2.3.4, tỉnh"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let found = resolve(ForwardingHeader::XForwardedFor, peer, values);
            assert_eq!(found, client, "{peer} {values:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        for (values, client) in [
            (&["for=1.2.3.4;proto=https"][..], "1.2.3.4"),
            (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (
                &["for=9.9.9.9, for=1.2.3.4;by=10.0.0.1, for=10.0.0.2"],
                "1.2.3.4",
            ),
            (&["proto=https"], "10.0.0.1"),
            (&["for=_hidden"], "10.0.0.1"),
            (&["for=1.2.3.4;for=9.9.9.9"], "10.0.0.1"),
        ] {
            let found = resolve(ForwardingHeader::Forwarded, "10.0.0.1", values);
            assert_eq!(found, client, "{values:?}");
        }
    }

    #[test]
    fn guesses_are_counted_per_ipv6_network() {
        assert_eq!(throttle_source("1.2.3.4".parse().unwrap()), "1.2.3.4");
        assert_eq!(
            throttle_source("::ffff:1.2.3.4".parse().unwrap()),
            "1.2.3.4"
        );
        let one = throttle_source("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(one, "2001:db8:1:2::/64");
        assert_eq!(
            one,
            throttle_source("2001:db8:1:2:ffff::1".parse().unwrap())
        );
    }
}
