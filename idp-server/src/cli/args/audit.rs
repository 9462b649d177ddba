//! `idp audit`, `idp outbox` and `idp change-set`.

use std::path::PathBuf;

use clap::Subcommand;
use idp_admin_api::outbox::DeliveryState;

use super::{Paging, wire};

/// The audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show the newest events, oldest of them first
    ///
    /// --output json writes one object a line.
    #[command(
        after_help = "Examples:\n  idp audit tail --follow\n  idp audit tail --user an.nv --event signed_in -n 200"
    )]
    Tail {
        /// How many events to begin with, 1 to 500
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        lines: u32,
        /// Stay and show events as they come
        #[arg(long, short = 'f')]
        follow: bool,
        /// Only events of this name, for instance signed_in
        #[arg(long)]
        event: Option<String>,
        /// Only events caused by or about this user (id or user name)
        #[arg(long)]
        user: Option<String>,
        /// Only events caused by or about this client
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
    },
    /// Verify that no event was changed, removed or cut off
    ///
    /// Heads of blocks that were kept on another machine prove that the chain was not replaced
    /// as a whole. Ends with status 1 when the chain does not hold.
    #[command(
        after_help = "Example:\n  idp audit verify --head /media/usb/heads.jsonl --save-head /media/usb/heads.jsonl"
    )]
    Verify {
        /// A file of heads kept elsewhere, one JSON object a line
        #[arg(long, value_name = "FILE")]
        head: Vec<PathBuf>,
        /// Append the head of the last block to this file, to be kept elsewhere
        #[arg(long, value_name = "FILE")]
        save_head: Option<PathBuf>,
    },
    /// Copy sealed blocks into a file, one a line, with the keys that verify them
    #[command(after_help = "Example:\n  idp audit export --out audit.jsonl")]
    Export {
        /// The new file (it must not exist), readable by its owner alone
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// From this block number on
        #[arg(long, value_name = "N", default_value_t = 1)]
        from: i64,
        /// With source addresses and browsers, which are personal data
        #[arg(long)]
        personal: bool,
    },
}

/// Deliveries.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List deliveries, newest first
    #[command(after_help = "Example:\n  idp outbox list --state failed")]
    List {
        /// Only those in this state
        #[arg(long, value_parser = wire::<DeliveryState>(&["pending", "delivered", "failed"]))]
        state: Option<DeliveryState>,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a delivery
    Show {
        /// Its id
        delivery: String,
    },
    /// Try a pending delivery at once instead of at its next time
    Retry {
        /// Its id
        delivery: String,
    },
}

/// Change sets.
#[derive(Debug, Subcommand)]
pub enum ChangeSetCommand {
    /// List change sets, newest first
    List {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a change set
    Show {
        /// Its id
        change_set: String,
        /// Also list everything it touched
        #[arg(long)]
        entries: bool,
    },
    /// Restore what nobody changed since, and list the rest
    ///
    /// Accounts that the change set added are disabled: their names stay reserved.
    #[command(after_help = "Example:\n  idp change-set undo 01jd8m0r6q3v9x2k5t7w1y4z8a --dry-run")]
    Undo {
        /// Its id
        change_set: String,
    },
}
