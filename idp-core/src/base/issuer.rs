//! The issuer: the provider's name, and the root of all its addresses.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The short, lasting key of an issuer inside a store. Two provinces may share one store, so
/// clients, keys, grants and subjects carry it. 1–32 characters of `a-z`, `0-9`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssuerKey(String);

impl IssuerKey {
    /// Takes a key; `None` when it breaks the rule above.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        ((1..=32).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The key of an installation with a single issuer.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An issuer identifier (OpenID Connect Discovery §3, RFC 8414 §2): an https address without
/// query, fragment or trailing slash; http only on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a text cannot be an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is no absolute URL.
    #[error("the issuer is not an absolute URL")]
    NotAbsolute,
    /// Neither https, nor http on a loopback host.
    #[error("the issuer must be https; http is accepted only on localhost, 127.0.0.1 or [::1]")]
    NotHttps,
    /// It carries a query, a fragment, a user or a password.
    #[error("the issuer must have no query, fragment or user")]
    ExtraParts,
    /// It is not written in its normal form (upper case, default port, `..`, a trailing slash).
    #[error(
        "the issuer is not in normal form: lower-case host, no default port, no trailing slash"
    )]
    NotNormal,
}

impl Issuer {
    /// Checks and takes an issuer. The text is kept letter by letter, because relying parties
    /// compare it so.
    ///
    /// # Errors
    /// See [`IssuerError`]; each variant is one violated rule.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|_| IssuerError::NotAbsolute)?;
        let loopback = is_loopback(&url);
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(IssuerError::NotHttps);
        }
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(IssuerError::ExtraParts);
        }
        let normal = url.as_str().strip_suffix('/').unwrap_or(url.as_str());
        if normal != text {
            return Err(IssuerError::NotNormal);
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }

    /// The identifier, exactly as configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of an endpoint below the issuer; `path` begins with `/`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The path below which all endpoints live: empty, or beginning with `/`.
    pub fn path(&self) -> &str {
        self.url.path().strip_suffix('/').unwrap_or(self.url.path())
    }

    /// Scheme, host and port, as a browser writes an `Origin`.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether cookies may carry the `Secure` attribute and the `__Host-` prefix.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the issuer lives on this machine only.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

/// Whether the host is `localhost` or a loopback address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_refusal() {
        for (text, expected) in [
            ("sso.tinh.gov.vn", IssuerError::NotAbsolute),
            ("http://sso.tinh.example", IssuerError::NotHttps),
            ("ftp://localhost", IssuerError::NotHttps),
            ("https://sso.tinh.example/?a=b", IssuerError::ExtraParts),
            ("https://sso.tinh.example/#", IssuerError::ExtraParts),
            ("https://u@sso.tinh.example", IssuerError::ExtraParts),
            ("https://sso.tinh.example/", IssuerError::NotNormal),
            ("https://SSO.tinh.example", IssuerError::NotNormal),
            ("https://sso.tinh.example:443", IssuerError::NotNormal),
        ] {
            assert_eq!(Issuer::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn loopback_http_and_paths_are_accepted() {
        let local = Issuer::parse("http://localhost:8080").unwrap();
        assert!(local.is_loopback() && !local.is_https());
        let path = Issuer::parse("https://sso.tinh.example/dang-nhap").unwrap();
        assert_eq!(path.path(), "/dang-nhap");
        assert_eq!(
            path.endpoint("/token"),
            "https://sso.tinh.example/dang-nhap/token"
        );
        assert_eq!(path.origin(), "https://sso.tinh.example");
    }
}
