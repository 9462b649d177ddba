//! JSON Web Encryption in its compact serialisation (RFC 7516, RFC 7518 §4 and §5).
//!
//! | rule | file |
//! |---|---|
//! | what a header may say (RFC 7516 §4) | [`header`] |
//! | five parts, encrypting and decrypting (RFC 7516 §5, §7.1) | [`compact`] |
//! | ECDH-ES and its key derivation (RFC 7518 §4.6) | `agreement` |
//! | AES-GCM and AES-CBC with HMAC (RFC 7518 §5.2, §5.3) | `content` |
//! | our own private keys | [`decryption_key`] |
//!
//! Not spoken, each refused by its own reason: RSA1_5 (padding oracles), keys wrapped or used directly
//! as shared secrets, keys from passwords (`p2c` lets a sender choose our work), `zip` (a small
//! message could unpack into a large one) and any `crit`. Whatever goes wrong once a private key is
//! at work is one and the same [`JoseError::JweDecryptionFailed`](super::JoseError), so that a sender
//! cannot use us as an oracle.

mod agreement;
pub mod compact;
mod content;
pub mod decryption_key;
pub mod header;

#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod tests;

pub use compact::{CompactJwe, encrypt};
pub use decryption_key::DecryptionKey;
pub use header::JweHeader;

/// The most octets of a compact JWE that the provider looks at: a signed request object of the
/// allowed size, encoded once more.
pub const DEFAULT_MAX_BYTES: usize = 96 * 1024;
