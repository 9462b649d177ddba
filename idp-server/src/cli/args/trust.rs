//! `idp trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use idp_admin_api::trust::{TrustPreset, TrustPurpose};

use super::wire;

const PURPOSES: &[&str] = &["government", "public", "remote_signing", "systems"];
const PRESETS: &[&str] = &["vgca-g2", "vgca-g1", "vn-root"];

/// Authorities.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust an authority: its key, whatever its name
    ///
    /// Compare the fingerprint with the one that the authority publishes, and name it: another file
    /// is then refused. A preset knows fingerprint and usual rules of one authority.
    #[command(
        after_help = "Examples:\n  idp trust add vgca-g2 vgca-g2.crt --preset vgca-g2 --mail-of \"UBND tỉnh Minh Hà\" --dry-run\n  idp trust add vn-root root.crt --preset vn-root --intermediate cac-ca.pem\n  idp trust add thu-nghiem goc.pem --purpose public --fingerprint F04B…FDB8 --personal-id yes"
    )]
    Add {
        /// What it is called here: 1 to 64 of a-z 0-9 and -
        name: String,
        /// Its certificate, DER or PEM
        file: PathBuf,
        /// The SHA-256 fingerprint that it must have, in hexadecimal
        #[arg(long, value_name = "HEX")]
        fingerprint: Option<String>,
        /// An authority that is known
        #[arg(long, value_parser = wire::<TrustPreset>(PRESETS))]
        preset: Option<TrustPreset>,
        /// Its rules
        #[command(flatten)]
        rules: Box<TrustRuleArgs>,
    },
    /// List authorities, by name
    List,
    /// Show an authority and its rules
    Show {
        /// Its name
        name: String,
    },
    /// Change the rules that are named; the others stay
    #[command(
        after_help = "Example:\n  idp trust edit vgca-g2 --outage-hours 12 --list-address http://crl.example/g2.crl"
    )]
    Edit {
        /// Its name
        name: String,
        /// Its rules
        #[command(flatten)]
        rules: Box<TrustRuleArgs>,
    },
    /// Withdraw trust: nobody signs in by a certificate below it any more
    ///
    /// This cannot be taken back. Sessions that began with such a certificate are not ended by this
    /// command; the server ends them when it next looks at their certificates.
    Distrust {
        /// Its name
        name: String,
        /// From this date (2026-01-05) or time; now when absent
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
    },
    /// Look for trouble: what is over or will be soon, what is weak, where status is asked
    ///
    /// Ends with status 1 where something needs to be done.
    Check {
        /// Only this one
        name: Option<String>,
    },
}

/// Rules of an authority. An empty text empties a list.
#[derive(Debug, Default, Args)]
pub struct TrustRuleArgs {
    /// What it is trusted for
    #[arg(long, value_parser = wire::<TrustPurpose>(PURPOSES))]
    pub purpose: Option<TrustPurpose>,
    /// Certificates of authorities below it, DER or PEM (repeatable; replaces those that were given)
    #[arg(long, value_name = "FILE")]
    pub intermediate: Vec<PathBuf>,
    /// Whether CCCD: in a certificate is the verified personal ID of its holder
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub personal_id: Option<bool>,
    /// Whether MST: without a personal number is the tax code of the organisation that holds it
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub tax_code: Option<bool>,
    /// Believe mail addresses where O or OU is this (repeatable)
    #[arg(long, value_name = "NAME")]
    pub mail_of: Vec<String>,
    /// Whether responders (OCSP) are asked
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub responders: Option<bool>,
    /// Whether revocation lists that certificates name are fetched
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub lists: Option<bool>,
    /// A revocation list that is fetched besides (repeatable)
    #[arg(long, value_name = "URL")]
    pub list_address: Vec<String>,
    /// Responders that speak for the authorities below it though none says so (repeatable)
    #[arg(long, value_name = "FILE")]
    pub pinned_responder: Vec<PathBuf>,
    /// The most seconds that an answer may be old, 60 to 604800
    #[arg(long, value_name = "N")]
    pub answer_seconds: Option<u32>,
    /// Let the last good answer count so many hours when nobody can be asked; 0 refuses at once
    #[arg(long, value_name = "N")]
    pub outage_hours: Option<u16>,
    /// Whether SHA-1 is tolerated in signatures of authorities
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub sha1: Option<bool>,
    /// Whether keys marked for nonRepudiation alone may sign in
    #[arg(long, value_parser = yes_or_no(), value_name = "yes|no")]
    pub non_repudiation_alone: Option<bool>,
    /// Certificates must name one of these purposes, as dotted numbers (repeatable)
    #[arg(long, value_name = "OID")]
    pub require_purpose: Vec<String>,
    /// One of these certificate policies must hold, as dotted numbers (repeatable)
    #[arg(long, value_name = "OID")]
    pub require_policy: Vec<String>,
    /// Counts from this date (2026-01-05) or time
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Counts until this date or time; empty for good
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
}

fn yes_or_no() -> impl clap::builder::TypedValueParser<Value = bool> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["yes", "no"]).map(|said| said == "yes")
}
