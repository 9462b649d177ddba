//! General names (RFC 5280 §4.2.1.6) and the subtrees that constrain them (§4.2.1.10).

use std::net::IpAddr;

use crate::der::{self, Reader, constructed, context};
use crate::error::Rejection;
use crate::name::Name;

/// One of the names that a certificate gives its subject or an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// `rfc822Name`: a mail address.
    Mail(String),
    /// `dNSName`.
    Dns(String),
    /// `directoryName`.
    Directory(Name),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// `iPAddress`: 4 or 16 octets, twice as many in a constraint.
    Ip(Box<[u8]>),
    /// Another kind, by its tag number; it is compared with nothing.
    Other(u8),
}

impl GeneralName {
    /// Reads the names inside a `GeneralNames`.
    pub(crate) fn read_all(mut names: Reader<'_>) -> Result<Vec<Self>, Rejection> {
        let mut read = Vec::new();
        while !names.is_empty() {
            read.push(Self::read(&mut names)?);
        }
        Ok(read)
    }

    pub(crate) fn read(names: &mut Reader<'_>) -> Result<Self, Rejection> {
        let element = names.any()?;
        let ascii = || {
            let text = std::str::from_utf8(element.content).ok();
            text.filter(|t| t.is_ascii())
                .map(str::to_owned)
                .ok_or(Rejection::ExtensionMalformed)
        };
        Ok(match element.tag {
            tag if tag == context(1) => Self::Mail(ascii()?),
            tag if tag == context(2) => Self::Dns(ascii()?),
            tag if tag == constructed(4) => Self::Directory(Name::parse(element.content)?),
            tag if tag == context(6) => Self::Uri(ascii()?),
            tag if tag == context(7) => Self::Ip(element.content.into()),
            tag if tag & 0xc0 == 0x80 && tag & 0x1f <= 8 => Self::Other(tag & 0x1f),
            _ => return Err(Rejection::ExtensionMalformed),
        })
    }

    /// The address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        let Self::Ip(octets) = self else { return None };
        let four = <[u8; 4]>::try_from(octets.as_ref()).map(IpAddr::from);
        let sixteen = <[u8; 16]>::try_from(octets.as_ref()).map(IpAddr::from);
        four.or(sixteen).ok()
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Mail(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other(tag) => *tag,
        }
    }

    /// Whether the constraint speaks of this kind of name.
    pub(crate) const fn is_of_kind(&self, constraint: &Self) -> bool {
        self.kind() == constraint.kind()
    }

    /// Whether the name lies in a subtree of its kind.
    ///
    /// # Errors
    /// [`Rejection::NameConstraintUnsupported`] where the two cannot be compared: kinds without a
    /// rule, URIs without a host name (§4.2.1.10).
    pub(crate) fn is_within(&self, subtree: &Self) -> Result<bool, Rejection> {
        match (self, subtree) {
            (Self::Mail(mail), Self::Mail(base)) => Ok(mail_within(mail, base)),
            (Self::Dns(host), Self::Dns(base)) => Ok(dns_within(host, base)),
            (Self::Directory(name), Self::Directory(base)) => Ok(name.is_within(base)),
            (Self::Uri(uri), Self::Uri(base)) => host_of(uri)
                .map(|host| host_within(host, base))
                .ok_or(Rejection::NameConstraintUnsupported),
            (Self::Ip(address), Self::Ip(base)) => ip_within(address, base),
            _ => Err(Rejection::NameConstraintUnsupported),
        }
    }
}

/// The constraint is a mailbox, a host, or a domain when it begins with a dot. The local part is
/// compared letter by letter, the host without case.
fn mail_within(mail: &str, base: &str) -> bool {
    let Some((local, host)) = mail.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => {
            local == base_local && host.eq_ignore_ascii_case(base_host)
        }
        None => host_within(host, base),
    }
}

/// Zero or more labels in front of the constraint.
fn dns_within(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    base.is_empty()
        || host
            .strip_suffix(&base)
            .is_some_and(|front| front.is_empty() || base.starts_with('.') || front.ends_with('.'))
}

/// A host alone, or with a leading dot whatever is below it, not itself.
fn host_within(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    if base.starts_with('.') {
        host.strip_suffix(&base)
            .is_some_and(|front| !front.is_empty())
    } else {
        base.is_empty() || host == base
    }
}

/// The host of a URI with an authority; none when it is an address (§4.2.1.10).
fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_name = !host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err();
    is_name.then_some(host)
}

fn ip_within(address: &[u8], base: &[u8]) -> Result<bool, Rejection> {
    if base.len() != 8 && base.len() != 32 {
        return Err(Rejection::ExtensionMalformed);
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let same = |((octet, network), mask): ((&u8, &u8), &u8)| octet & mask == network & mask;
    Ok(address.len() == network.len() && address.iter().zip(network).zip(mask).all(same))
}

/// The subtrees that a certificate permits and excludes below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Names of these kinds must lie in one of these.
    pub permitted: Vec<GeneralName>,
    /// No name may lie in one of these.
    pub excluded: Vec<GeneralName>,
}

impl NameConstraints {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, Rejection> {
        let mut lists = der::only(value, der::SEQUENCE)?;
        let permitted = lists.optional(constructed(0))?;
        let excluded = lists.optional(constructed(1))?;
        lists.end()?;
        if permitted.is_none() && excluded.is_none() {
            return Err(Rejection::ExtensionMalformed);
        }
        let read = |list: Option<&[u8]>| list.map_or(Ok(Vec::new()), subtrees);
        Ok(Self {
            permitted: read(permitted)?,
            excluded: read(excluded)?,
        })
    }
}

/// `minimum` is 0 and `maximum` absent (§4.2.1.10); anything else is not understood.
fn subtrees(content: &[u8]) -> Result<Vec<GeneralName>, Rejection> {
    let mut list = Reader::new(content);
    let mut bases = Vec::new();
    while !list.is_empty() {
        let mut subtree = list.inside(der::SEQUENCE)?;
        bases.push(GeneralName::read(&mut subtree)?);
        if !subtree.is_empty() {
            return Err(Rejection::NameConstraintUnsupported);
        }
    }
    Ok(bases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_in_subtrees_by_the_rule_of_their_kind() {
        use GeneralName::{Dns, Ip, Mail, Uri};
        let text = |make: fn(String) -> GeneralName, value: &str| make(value.to_owned());
        for (kind, name, base, within) in [
            (
                Mail as fn(String) -> GeneralName,
                "an@so.example",
                "an@so.example",
                true,
            ),
            (Mail, "An@so.example", "an@so.example", false),
            (Mail, "an@SO.example", "so.example", true),
            (Mail, "an@x.so.example", "so.example", false),
            (Mail, "an@x.so.example", ".so.example", true),
            (Mail, "an@so.example", ".so.example", false),
            (Mail, "no address", "so.example", false),
            (Dns, "so.example", "so.example", true),
            (Dns, "a.b.so.example", "SO.example", true),
            (Dns, "badso.example", "so.example", false),
            (Dns, "anything", "", true),
            (Uri, "https://so.example/x", "so.example", true),
            (Uri, "https://u@a.so.example:1/", ".so.example", true),
            (Uri, "https://a.so.example/", "so.example", false),
        ] {
            let answer = text(kind, name).is_within(&text(kind, base));
            assert_eq!(answer, Ok(within), "{name} in {base}");
        }
        let address = Ip([10, 1, 2, 3].into());
        assert_eq!(
            address.is_within(&Ip([10, 1, 0, 0, 255, 255, 0, 0].into())),
            Ok(true)
        );
        assert_eq!(
            address.is_within(&Ip([10, 2, 0, 0, 255, 255, 0, 0].into())),
            Ok(false)
        );
        assert!(address.is_within(&Ip([10, 1, 0, 0].into())).is_err());
        for nameless in ["urn:x", "https://10.0.0.1/", "https://[::1]/", "mailto:a@b"] {
            let answer = text(Uri, nameless).is_within(&text(Uri, "so.example"));
            assert_eq!(
                answer,
                Err(Rejection::NameConstraintUnsupported),
                "{nameless}"
            );
        }
    }
}
