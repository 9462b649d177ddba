//! The part of the suite's public schema (version 1) that is read here; what it says besides does not
//! change an answer.

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
pub struct Suite {
    /// Always 1.
    pub version: u32,
    /// The questions.
    pub testcases: Vec<Case>,
}

/// One question.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// What it is about, beyond what everybody supports.
    #[serde(default)]
    pub features: Vec<String>,
    /// Who validates whom.
    pub validation_kind: ValidationKind,
    /// Anchors, in PEM.
    pub trusted_certs: Vec<String>,
    /// Authorities that lead to them perhaps, in PEM.
    #[serde(default)]
    pub untrusted_intermediates: Vec<String>,
    /// The end entity, in PEM.
    pub peer_certificate: String,
    /// When, by RFC 3339; none for the present.
    #[serde(default)]
    pub validation_time: Option<String>,
    /// The signature algorithms that alone count; all when there are none.
    #[serde(default)]
    pub signature_algorithms: Vec<String>,
    /// Key usages that the end entity must have.
    #[serde(default)]
    pub key_usage: Vec<String>,
    /// Purposes of which the end entity must have one.
    #[serde(default)]
    pub extended_key_usage: Vec<String>,
    /// The expected answer.
    pub expected_result: Expected,
    /// A name that a server must have.
    #[serde(default)]
    pub expected_peer_name: Option<PeerName>,
    /// Names that a client must have.
    #[serde(default)]
    pub expected_peer_names: Vec<PeerName>,
    /// The most authorities between anchor and end entity.
    #[serde(default)]
    pub max_chain_depth: Option<usize>,
    /// Revocation lists, in PEM.
    #[serde(default)]
    pub crls: Vec<String>,
}

/// Who validates whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ValidationKind {
    /// A server validates a client.
    Client,
    /// A client validates a server.
    Server,
}

/// The expected answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Expected {
    /// The path holds.
    Success,
    /// It does not.
    Failure,
}

/// A name of an end entity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PeerName {
    /// `DNS`, `IP` or `RFC822`.
    pub kind: String,
    /// The name.
    pub value: String,
}

/// What the suite's own tools read: the answers by name.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Always 1.
    pub version: u32,
    /// Who answered.
    pub harness: String,
    /// The answers.
    pub results: Vec<CaseResult>,
}

/// One answer.
#[derive(Clone, Debug, Serialize)]
pub struct CaseResult {
    /// The question's name.
    pub id: String,
    /// The answer.
    pub actual_result: Actual,
    /// Why.
    pub context: Option<String>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Actual {
    /// The path holds.
    Success,
    /// It does not.
    Failure,
    /// The question cannot be put to this crate.
    Skipped,
}
