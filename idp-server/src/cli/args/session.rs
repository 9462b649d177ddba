//! `idp session`.

use clap::Subcommand;

use super::Paging;

/// Sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List sessions, newest first
    #[command(after_help = "Example:\n  idp session list --user an.nv")]
    List {
        /// Only this user's (id or user name)
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// Also those that are over
        #[arg(long)]
        ended: bool,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Show a session and the applications it was used for
    Show {
        /// Its id, the sid of tokens
        session: String,
    },
    /// End a session, or all sessions of a user, and tell the applications
    #[command(
        after_help = "Examples:\n  idp session end 01jd8m0r6q3v9x2k5t7w1y4z8a\n  idp session end --user an.nv"
    )]
    End {
        /// The session's id
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        session: Option<String>,
        /// All sessions of this user (id or user name)
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
}
