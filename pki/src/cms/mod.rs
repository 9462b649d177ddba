//! Detached signatures in the Cryptographic Message Syntax (CMS, RFC 5652), as people sign files.
//!
//! Far less is accepted than the syntax allows: strict DER, exactly one signer, plain data that does
//! not come along, and signed attributes with exactly one `content-type`, `message-digest` and
//! `signing-certificate-v2` (RFC 5035) each. Without signed attributes a signature over a message
//! could pass for one over attributes, and the other way round; without the certificate among them
//! somebody could put another person's certificate of the same key in its place.
//!
//! [`SignedData::parse`] reads, [`SignedData::verify`] proves that the holder of a certificate's key
//! signed some content. Whose certificate it is, is for [`crate::path`] and [`crate::revocation`];
//! the other certificates that came along are candidates for the path and trusted in nothing.
//! Unsigned attributes (time stamps, counter-signatures) are not read.

mod attributes;
mod parse;
#[cfg(test)]
mod tests;
mod verify;

pub use parse::{MAX_CERTIFICATES, MAX_MESSAGE_BYTES, SignedData, certificates_only};
pub use verify::Signature;
