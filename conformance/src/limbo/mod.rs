//! C2SP's x509-limbo against the crate `pki`: a file of certification paths, each with the answer
//! that its authors expect. The file is read from wherever it is; none is kept here.
//!
//! [`suite`] is its public schema, [`judge`] asks `pki`, [`run`] compares and reports. See
//! `conformance/x509-limbo/README.md`.

pub mod judge;
pub mod run;
pub mod suite;

/// Why a run did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// A file is not what it should be.
    #[error("{0}: {1}")]
    Malformed(String, String),
    /// The report cannot be printed.
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}
