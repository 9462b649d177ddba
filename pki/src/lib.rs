//! X.509 certificates as pure functions: bytes and time in, a verified value or one exact reason
//! out. Nothing here reads a clock, a file or the network, and no type of another library stands
//! in the interface.
//!
//! | question | answer |
//! |---|---|
//! | what does a certificate say? | [`Certificate::parse`] (RFC 5280 §4, strict DER) |
//! | does this path hold? | [`path::validate`] (RFC 5280 §6.1 whole; policies by RFC 9618) |
//! | which path holds? | [`path::find`], within a [`Budget`] |
//! | what does a revocation list say? | [`revocation::RevocationList::parse`] (RFC 5280 §5) |
//! | is a certificate revoked? | [`revocation::check`] (RFC 5280 §6.3: scopes, reasons, delta and indirect lists) |
//!
//! | what does a responder say of it? | [`ocsp`] (RFC 6960, nonces of RFC 9654) |
//! | what is known of its status, and how fresh? | [`status`]: answers first, then lists |
//! | whom does it name to be asked? | [`addresses`] |
//! | may it sign a person in? | [`profile`] |
//! | all of it, for a sign-in? | [`sign_in`] |
//! | who signed this message? | [`cms`] (RFC 5652, detached, strict) |
//! | did this key sign these octets? | [`raw`] |
//! | what is signed in a sign-in? | [`challenge`] |
//! | which identifiers does a subject hold? | [`identity`] |
//!
//! Whatever is refused is refused with one [`Rejection`], which names the rule and where it stands.
//!
//! # What is not checked
//!
//! Names of servers are for whoever asks. Policy qualifiers are not read.
pub mod addresses;
mod budget;
mod certificate;
pub mod challenge;
pub mod cms;
mod der;
mod distribution_point;
mod error;
mod extensions;
mod general_name;
pub mod identity;
mod name;
pub mod ocsp;
mod oid;
#[cfg(test)]
mod openssl;
pub mod path;
pub mod pem;
pub mod profile;
pub mod raw;
pub mod revocation;
pub mod sign_in;
mod signature;
pub mod status;
#[cfg(any(test, feature = "test-ca"))]
pub mod test_ca;
mod time;

pub use budget::Budget;
pub use certificate::{Certificate, MAX_CERTIFICATE_BYTES};
pub use distribution_point::{DistributionPoint, IssuingDistributionPoint, PointName, Reasons};
pub use error::Rejection;
pub use extensions::{
    AuthorityKeyIdentifier, BasicConstraints, Extensions, KeyUsage, PolicyConstraints,
};
pub use general_name::{GeneralName, NameConstraints};
pub use name::{Attribute, Name};
pub use oid::Oid;
pub use signature::{Algorithm, Curve, Digest, KeyInfo, KeyKind, Strength};
pub use time::Time;
