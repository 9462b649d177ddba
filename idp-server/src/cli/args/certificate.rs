//! `idp certificate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Certificates and signatures.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Tell what a certificate, or a signature, is worth
    ///
    /// By the trust of the server; or, with --anchor, by files alone, without a server. Ends with
    /// status 1 when it counts for nothing. A status that nobody knows is not good.
    #[command(
        after_help = "Examples:\n  idp certificate verify an.nv.cer --explain\n  idp certificate verify cong-van.pdf.p7s --content cong-van.pdf\n  idp certificate verify an.nv.cer --anchor root.pem --intermediate ca.pem --crl root.crl --crl ca.crl --at 2026-03-01T08:00:00+07:00"
    )]
    Verify(Box<VerifyArgs>),
}

/// What is verified, and by what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A certificate (DER, or PEM in which those between may follow); with --content a detached CMS
    /// signature
    pub file: PathBuf,
    /// What the signature is over, at most 16 MiB
    #[arg(long, value_name = "FILE")]
    pub content: Option<PathBuf>,
    /// As of this time (RFC 3339); now when absent
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Tell every step, and the section of the rule that does not hold
    #[arg(long)]
    pub explain: bool,
    /// An authority that is trusted for this once (repeatable); the server is not asked
    #[arg(long, value_name = "FILE")]
    pub anchor: Vec<PathBuf>,
    /// Certificates between (repeatable)
    #[arg(long, value_name = "FILE", requires = "anchor")]
    pub intermediate: Vec<PathBuf>,
    /// A revocation list, DER or PEM (repeatable)
    #[arg(long, value_name = "FILE", requires = "anchor")]
    pub crl: Vec<PathBuf>,
    /// An answer of a responder, DER (repeatable)
    #[arg(long, value_name = "FILE", requires = "anchor")]
    pub ocsp: Vec<PathBuf>,
}

impl VerifyArgs {
    /// Whether files alone decide.
    pub const fn is_offline(&self) -> bool {
        !self.anchor.is_empty()
    }
}
