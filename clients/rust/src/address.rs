//! Which addresses this crate will talk to or be reached at, and which local paths it returns to.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Longest path that a sign-in returns to, in bytes; anything longer becomes `/`.
const RETURN_TO_MAX: usize = 2048;

/// True for https anywhere and for http on the machine itself.
///
/// The exception exists for development: RFC 8252 §8.3 trusts loopback the same way. User
/// information and fragments are refused, since no endpoint may carry them.
pub(crate) fn is_acceptable(url: &Url) -> bool {
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// True when the host names this machine: `localhost`, a name below it, 127.0.0.0/8 or `::1`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A path on the application's own site to show after signing in.
///
/// Holds only what a browser cannot read as another site: one leading slash, no second slash or
/// backslash behind it, no control characters, at most 2048 bytes. Anything else becomes `/`, so
/// that a forged link costs a visitor no more than a detour over the front page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The path as it goes into a `Location` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when `path` is kept as it is.
    #[must_use]
    pub fn is_local(path: &str) -> bool {
        let mut characters = path.chars();
        characters.next() == Some('/')
            && !matches!(characters.next(), Some('/' | '\\'))
            && path.len() <= RETURN_TO_MAX
            && path.chars().all(|c| matches!(c, '!'..='~') && c != '\\')
    }
}

impl From<String> for ReturnTo {
    fn from(path: String) -> Self {
        if Self::is_local(&path) {
            Self(path)
        } else {
            Self::default()
        }
    }
}

impl From<&str> for ReturnTo {
    fn from(path: &str) -> Self {
        Self::from(path.to_owned())
    }
}

impl From<ReturnTo> for String {
    fn from(path: ReturnTo) -> Self {
        path.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_only() {
        for (address, accepted) in [
            ("https://id.example", true),
            ("http://localhost:8080", true),
            ("http://app.localhost", true),
            ("http://127.0.0.9/x", true),
            ("http://[::1]:1", true),
            ("http://id.example", false),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("ftp://localhost", false),
            ("https://user@id.example", false),
            ("https://id.example/#part", false),
        ] {
            assert_eq!(
                is_acceptable(&Url::parse(address).unwrap()),
                accepted,
                "{address}"
            );
        }
    }

    #[test]
    fn only_local_paths_are_returned_to() {
        for local in ["/", "/ho-so?id=1&x=%2F", "/a//b", "/a:b@c"] {
            assert_eq!(ReturnTo::from(local).as_str(), local);
        }
        for foreign in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
            "/hồ-sơ",
            "javascript:alert(1)",
            "/a\\b",
        ] {
            assert_eq!(ReturnTo::from(foreign).as_str(), "/", "{foreign}");
        }
        assert_eq!(
            ReturnTo::from(format!("/{}", "a".repeat(3000))).as_str(),
            "/"
        );
    }
}
