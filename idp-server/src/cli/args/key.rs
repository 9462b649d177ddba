//! `idp key`.

use clap::Subcommand;
use idp_admin_api::key::{KeyPlace, KeyPurpose};

use super::wire;

/// Keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// List keys, newest first
    List,
    /// Show a key; never its private part
    Show {
        /// Its kid
        kid: String,
    },
    /// Make a key that takes over
    ///
    /// The new key is announced first, the old one stays published until the last token it
    /// signed has expired: nobody notices. --at-once is for a key that was stolen.
    #[command(
        after_help = "Examples:\n  idp key rotate\n  idp key rotate --algorithm RS256\n  idp key rotate --place device\n  idp key rotate --purpose encryption --algorithm ECDH-ES\n  idp key rotate --at-once"
    )]
    Rotate {
        /// What the key is for
        #[arg(long, default_value = "token", value_parser = wire::<KeyPurpose>(&["token", "audit", "refresh", "encryption"]))]
        purpose: KeyPurpose,
        /// ES256, RS256, PS256 or EdDSA, for encryption ECDH-ES or RSA-OAEP-256; that of the present
        /// key when absent
        #[arg(long, value_name = "ALG")]
        algorithm: Option<String>,
        /// Where its private part is kept: store, or device (PKCS#11); as the present key's when
        /// absent
        #[arg(long, value_name = "PLACE", value_parser = wire::<KeyPlace>(&["store", "device"]))]
        place: Option<KeyPlace>,
        /// Stop publishing the present key now: tokens that it signed stop verifying
        #[arg(long)]
        at_once: bool,
    },
}
