//! The public keys of a client: registered by value, or fetched from where it publishes them.

use std::borrow::Cow;

use crate::jose::{Header, JwkSet};
use crate::model::client::Client;
use crate::store::decision::Asks;

/// What was fetched from the client's `jwks_uri` so far.
#[derive(Clone, Debug, Default)]
pub struct FetchedKeys {
    /// The set.
    pub set: Option<JwkSet>,
    /// Whether it came from the cache, so that a missing key may be in a newer one.
    pub cached: bool,
}

/// The keys to verify with.
#[derive(Clone, Debug)]
pub enum ClientKeys<'a> {
    /// These.
    Known(Cow<'a, JwkSet>),
    /// To be fetched first.
    Asks(Asks),
    /// The client has none.
    None,
}

/// The keys of a client for a message with this header. A kept set without a fitting key is asked
/// for anew; how often that leads to a fetch is the flow's to bound.
pub fn of<'a>(client: &Client, fetched: &'a FetchedKeys, header: &Header) -> ClientKeys<'a> {
    if let Some(value) = &client.jwks {
        let parsed = value.as_object().map(JwkSet::from_object);
        return match parsed {
            Some(Ok(keys)) => ClientKeys::Known(Cow::Owned(keys)),
            _ => ClientKeys::None,
        };
    }
    let Some(uri) = &client.jwks_uri else {
        return ClientKeys::None;
    };
    let asks = |fresh| {
        let uri = uri.clone();
        ClientKeys::Asks(Asks::ClientKeys { uri, fresh })
    };
    match &fetched.set {
        None => asks(false),
        Some(set) if fetched.cached && set.candidates(header).next().is_none() => asks(true),
        Some(set) => ClientKeys::Known(Cow::Borrowed(set)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{SigningAlgorithm, SigningKey};
    use crate::oauth::sample::web;

    #[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
    fn set(kid: &str) -> JwkSet {
        let rng = ring::rand::SystemRandom::new();
        let der = SigningKey::generate(SigningAlgorithm::ES256, &rng).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng).unwrap();
        JwkSet::new(vec![key.public_jwk(kid).unwrap()])
    }

    #[test]
    fn keys_are_known_or_asked_for() {
        let header = Header::new(SigningAlgorithm::ES256).with_kid("new");
        let told = |client: &Client, set: Option<JwkSet>, cached| match of(
            client,
            &FetchedKeys { set, cached },
            &header,
        ) {
            ClientKeys::Known(_) => "known",
            ClientKeys::Asks(Asks::ClientKeys { fresh: true, .. }) => "fresh",
            ClientKeys::Asks(_) => "asks",
            ClientKeys::None => "none",
        };
        let none = web();
        let by_value = Client {
            jwks: Some(serde_json::to_value(set("old")).unwrap()),
            ..web()
        };
        let by_address = Client {
            jwks_uri: Some("https://rp.example/jwks".into()),
            ..web()
        };
        for (client, fetched, cached, expected) in [
            (&none, None, false, "none"),
            (&by_value, None, false, "known"),
            (&by_address, None, false, "asks"),
            (&by_address, Some(set("new")), true, "known"),
            (&by_address, Some(set("old")), true, "fresh"),
            (&by_address, Some(set("old")), false, "known"),
        ] {
            assert_eq!(
                told(client, fetched, cached),
                expected,
                "{:?}",
                client.jwks_uri
            );
        }
    }
}
