//! Drives an already running OpenID conformance suite against the `idp` binary.
//!
//! The suite belongs to the OpenID Foundation and is no part of this project; nothing here needs it
//! but the program `oidf` when somebody runs it. What is known of its interface stands in
//! [`suite`]; which plans there are, and with which variants, in `oidf/plans.toml`; which results
//! are known and accepted, in `oidf/expected.toml`.
//!
//! A run: [`provider`] starts `idp` with a certificate of its own and registers clients,
//! [`configuration`] writes what the suite has to know, browser automation included, [`module`]
//! walks each module to its end, [`expected`] compares.

pub mod answers;
pub mod arguments;
pub mod browser;
pub mod configuration;
pub mod expected;
pub mod keys;
pub mod module;
pub mod plan;
pub mod provider;
pub mod report;
pub mod run;
pub mod suite;

use std::path::PathBuf;

/// Why a run could not be carried through. A module that fails is no trouble but a result.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The suite answered otherwise than its interface says.
    #[error("{call}: {status}: {text}")]
    Suite {
        /// Method and path.
        call: String,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        text: String,
    },
    /// The suite did not answer.
    #[error("{call}: {source}")]
    Transport {
        /// Method and path.
        call: String,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// A command of `idp` refused.
    #[error("idp {command}: {text}")]
    Provider {
        /// Its arguments.
        command: String,
        /// What it wrote.
        text: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate of this run could not be made.
    #[error("a certificate of this run: {0}")]
    Certificate(#[from] rcgen::Error),
    /// Something given is not what it should be.
    #[error("{0}")]
    Wrong(String),
}

/// The result of a step.
pub type Outcome<T> = Result<T, Trouble>;
