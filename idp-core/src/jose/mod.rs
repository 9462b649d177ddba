//! JSON Object Signing and Encryption, as much of it as an OpenID Provider needs.
//!
//! Thin over `ring`: this module knows the serialisations and their rules, never the mathematics.
//! Everything here is pure: the time and the random generator are arguments, and no function reads
//! a clock, a file or the network.
//!
//! | specification | room |
//! |---|---|
//! | RFC 7515 JSON Web Signature, compact serialisation only | [`jws`], [`header`] |
//! | RFC 7517 JSON Web Key, public keys only; RFC 7638 thumbprint | [`jwk`], [`jwk_set`] |
//! | RFC 7518 algorithms ES256, ES384, RS256, PS256; RFC 8037 EdDSA with Ed25519 | [`algorithm`] |
//! | RFC 7516 JSON Web Encryption, compact serialisation only | [`jwe`] |
//! | RFC 7519 JSON Web Token; RFC 8725 best current practices | [`jwt`] |
//!
//! The rules that hold throughout: strict base64url, no duplicate JSON members, no `none`, no
//! symmetric algorithm outside of [`mac`], no critical extension, and no key taken from the message it should verify.
//! Every violated rule is one variant of [`JoseError`] with one stable reason.

pub mod algorithm;
pub mod base64url;
pub mod encryption;
pub mod error;
pub mod header;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jwk_set;
pub mod jws;
pub mod jwt;
pub mod mac;
pub mod public_key;
pub mod signing_key;

#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod sample;

pub use algorithm::SigningAlgorithm;
pub use encryption::{ContentEncryption, KeyManagement};
pub use error::JoseError;
pub use header::{EncodedHeader, Header};
pub use jwe::{CompactJwe, DecryptionKey, JweHeader};
pub use jwk::{Jwk, PublicKeyUse};
pub use jwk_set::{JwkSet, SkippedKey};
pub use jws::{CompactJws, VerificationKeys, VerifiedJws};
pub use jwt::{ExpectedTyp, ExpiryRule, JwtRules, RegisteredClaims, VerifiedJwt};
pub use mac::{CompactMac, MacAlgorithm};
#[cfg(test)]
pub(crate) use public_key::VERIFICATIONS;
pub use public_key::{EcCurve, PublicKey};
pub use signing_key::{PrivateKeyDer, RsaKeySize, SigningKey};
