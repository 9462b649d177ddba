//! The newest nonce of every server (RFC 9449 §8, §9).

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use url::Url;

use crate::bounded::Bounded;

/// Servers remembered: the provider and the resource servers that one application calls.
const SERVERS: usize = 256;
/// Longest nonce kept, in bytes; a longer one is not repeated to anybody.
const NONCE_MAX: usize = 512;
/// How long a nonce is worth sending. A server that finds it too old sends a new one.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// Nonces by origin; the newest of each server is the one to send.
#[derive(Debug)]
pub(crate) struct Nonces(Mutex<Bounded<String>>);

impl Default for Nonces {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(SERVERS)))
    }
}

impl Nonces {
    /// The newest nonce of this address's server.
    pub(crate) fn newest(&self, url: &Url, now: DateTime<Utc>) -> Option<String> {
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.find_mut(&origin(url), now).cloned()
    }

    /// Keeps the nonce of an answer, if it carries one of the permitted characters (§8.1).
    pub(crate) fn learn(&self, url: &Url, headers: &HeaderMap, now: DateTime<Utc>) {
        let Some(nonce) = headers.get("dpop-nonce").and_then(|v| v.to_str().ok()) else {
            return;
        };
        let permitted = |b: u8| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        if !nonce.is_empty() && nonce.len() <= NONCE_MAX && nonce.bytes().all(permitted) {
            let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            nonces.put(origin(url), nonce.to_owned(), now + KEPT);
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn each_server_has_its_own_newest_nonce() {
        let (nonces, now) = (Nonces::default(), DateTime::from_timestamp(0, 0).unwrap());
        let url = |text: &str| Url::parse(text).unwrap();
        let learn = |at: &str, nonce: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("dpop-nonce", HeaderValue::from_str(nonce).unwrap());
            nonces.learn(&url(at), &headers, now);
        };
        learn("https://id.example/token", "n1");
        learn("https://id.example/par", "n2");
        learn("https://api.example/", "a1");
        learn("https://api.example/", "with space");
        learn("https://api.example/", &"x".repeat(513));
        assert_eq!(
            nonces.newest(&url("https://id.example/x"), now).as_deref(),
            Some("n2")
        );
        assert_eq!(
            nonces.newest(&url("https://api.example/x"), now).as_deref(),
            Some("a1")
        );
        assert_eq!(nonces.newest(&url("https://id.example:8443/"), now), None);
        assert_eq!(nonces.newest(&url("https://id.example/"), now + KEPT), None);
    }
}
