//! The doors to outside: clock, randomness, keys, password hashing, requests to other servers.
//!
//! Only these rooms read a clock, open the system's random generator or build an HTTP client; the
//! linter refuses all three elsewhere.

pub mod address;
pub mod audit_heads;
pub mod certificate_status;
pub mod clock;
pub mod database;
pub mod device;
pub mod entropy;
pub mod fetch;
pub mod key_maker;
pub mod key_ring;
pub mod master_key;
pub mod password_file;
pub mod passwords;
pub mod private_file;
pub mod signer;
pub mod ticket_servers;
