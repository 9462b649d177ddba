//! A network in CIDR notation (RFC 4632, RFC 4291 §2.3).

use std::net::IpAddr;
use std::str::FromStr;

/// A network. IPv4 addresses mapped into IPv6 count as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part before the slash is no address.
    #[error("not an address")]
    Address,
    /// The part after the slash is no prefix length of that kind of address.
    #[error("not a prefix length")]
    Prefix,
    /// Bits beyond the prefix are set, so one of the two is a mistake.
    #[error("bits beyond the prefix are set")]
    HostBits,
}

impl Network {
    /// Whether `address` lies in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                mask(
                    u128::from(u32::from(own) ^ u32::from(other)),
                    self.prefix,
                    32,
                ) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                mask(u128::from(own) ^ u128::from(other), self.prefix, 128) == 0
            }
            _ => false,
        }
    }

    /// Whether every address of its kind lies in it.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.prefix == 0
    }
}

/// The bits of `value` (of `width` bits) within the prefix.
fn mask(value: u128, prefix: u8, width: u32) -> u128 {
    value.checked_shr(width - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|p| *p <= width)
                .ok_or(NetworkError::Prefix)?,
            Some(_) => return Err(NetworkError::Prefix),
        };
        let bits = match address {
            IpAddr::V4(own) => u128::from(u32::from(own)),
            IpAddr::V6(own) => u128::from(own),
        };
        let inside = mask(bits, prefix, u32::from(width));
        let restored = inside.checked_shl(u32::from(width - prefix)).unwrap_or(0);
        if restored != bits {
            return Err(NetworkError::HostBits);
        }
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, NetworkError};

    #[test]
    fn membership() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5/32", "10.0.0.4", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::1/128", "::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                inside,
                "{network:?} {address}"
            );
        }
    }

    #[test]
    fn refusals() {
        for (text, error) in [
            ("", NetworkError::Address),
            ("proxy.lan", NetworkError::Address),
            ("10.0.0.0/33", NetworkError::Prefix),
            ("10.0.0.0/", NetworkError::Prefix),
            ("10.0.0.0/+8", NetworkError::Prefix),
            ("::/129", NetworkError::Prefix),
            ("10.0.0.1/8", NetworkError::HostBits),
            ("fd00::1/8", NetworkError::HostBits),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text}");
        }
    }
}
