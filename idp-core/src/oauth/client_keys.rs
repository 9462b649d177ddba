//! The public keys of a client: registered by value, or fetched from where it publishes them.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::jose::JwkSet;
use crate::model::client::Client;
use crate::store::decision::Asks;

/// What was fetched from the client's `jwks_uri` so far.
#[derive(Clone, Debug, Default)]
pub struct FetchedKeys {
    /// The set.
    pub set: Option<Arc<JwkSet>>,
    /// Whether it came from the cache, so that a missing key may be in a newer one.
    pub cached: bool,
}

/// The keys to verify with, or to encrypt to.
#[derive(Clone, Debug)]
pub enum ClientKeys<'a> {
    /// These.
    Known(Cow<'a, JwkSet>),
    /// To be fetched first.
    Asks(Asks),
    /// What was registered by value is no key set.
    Unreadable,
    /// The client has none.
    None,
}

/// The keys of a client, as [`registered`] has them.
pub fn of<'a>(
    client: &Client,
    fetched: &'a FetchedKeys,
    fits: impl Fn(&JwkSet) -> bool,
) -> ClientKeys<'a> {
    let places = (client.jwks.as_ref(), client.jwks_uri.as_deref());
    registered(places, fetched, fits)
}

/// The keys that are registered by value, or by the address at which they are published. A set
/// from the cache in which nothing `fits` is asked for anew; how often that leads to a fetch is the
/// flow's to bound. One that was just fetched, or was registered by value, is answered whether
/// anything fits or not.
pub fn registered<'a>(
    (by_value, by_address): (Option<&Value>, Option<&str>),
    fetched: &'a FetchedKeys,
    fits: impl Fn(&JwkSet) -> bool,
) -> ClientKeys<'a> {
    if let Some(value) = by_value {
        let parsed = value.as_object().map(JwkSet::from_object);
        return match parsed {
            Some(Ok(keys)) => ClientKeys::Known(Cow::Owned(keys)),
            _ => ClientKeys::Unreadable,
        };
    }
    let Some(uri) = by_address else {
        return ClientKeys::None;
    };
    let asks = |fresh| {
        let uri = uri.to_owned();
        ClientKeys::Asks(Asks::ClientKeys { uri, fresh })
    };
    match &fetched.set {
        None => asks(false),
        Some(set) if fetched.cached && !fits(set) => asks(true),
        Some(set) => ClientKeys::Known(Cow::Borrowed(set)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Header, SigningAlgorithm, SigningKey};
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
            &FetchedKeys {
                set: set.map(Arc::new),
                cached,
            },
            |set| set.candidates(&header).next().is_some(),
        ) {
            ClientKeys::Known(_) => "known",
            ClientKeys::Asks(Asks::ClientKeys { fresh: true, .. }) => "fresh",
            ClientKeys::Asks(_) => "asks",
            ClientKeys::Unreadable => "unreadable",
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
        let broken = Client {
            jwks: Some(serde_json::json!({"keys": 1})),
            ..web()
        };
        for (client, fetched, cached, expected) in [
            (&broken, None, false, "unreadable"),
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
