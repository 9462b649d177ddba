//! `idp registration-token`.

use clap::Subcommand;

/// Tokens by which applications register themselves.
#[derive(Debug, Subcommand)]
pub enum RegistrationTokenCommand {
    /// Make a token; it is shown this once
    #[command(
        after_help = "Example:\n  idp registration-token add --note \"Nhà thầu cổng dịch vụ công\" --uses 3 --days 14"
    )]
    Add {
        /// What it is for
        #[arg(long)]
        note: String,
        /// How many applications may be registered with it
        #[arg(long, default_value_t = 1, value_name = "N")]
        uses: u32,
        /// How many days it is accepted
        #[arg(long, default_value_t = 7, value_name = "N")]
        days: u32,
    },
    /// List tokens, newest first
    List,
    /// Take a token away; applications registered with it stay
    Remove {
        /// Its id
        token: String,
    },
}
