//! Authorization requests, made parameter by parameter.

use ring::rand::SecureRandom;

use crate::jwt::base64url;

/// A `code_verifier` and its S256 challenge.
#[derive(Debug, Clone)]
pub struct Pkce {
    /// Kept by the client until redemption.
    pub verifier: String,
    /// Sent with the authorization request.
    pub challenge: String,
}

impl Pkce {
    /// A new pair.
    pub fn new() -> Self {
        let verifier = random();
        let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        Self {
            challenge: base64url(digest.as_ref()),
            verifier,
        }
    }
}

impl Default for Pkce {
    fn default() -> Self {
        Self::new()
    }
}

/// 256 random bits as base64url.
pub fn random() -> String {
    let mut bytes = [0_u8; 32];
    #[allow(
        clippy::disallowed_methods,
        reason = "test code draws its own randomness"
    )]
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .expect("randomness");
    base64url(&bytes)
}

/// An authorization request under construction.
#[derive(Debug, Clone)]
pub struct Request {
    /// Parameters in the order they are sent; duplicates are possible on purpose.
    pub parameters: Vec<(String, String)>,
    /// The PKCE pair of this request.
    pub pkce: Pkce,
    /// The `state` of this request.
    pub state: String,
    /// The `nonce` of this request.
    pub nonce: String,
}

impl Request {
    /// Replaces a parameter, or adds it.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(key, _)| key != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a parameter out.
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(key, _)| key != name);
        self
    }

    /// Adds a parameter even if it is there already.
    pub fn with_again(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }
}
