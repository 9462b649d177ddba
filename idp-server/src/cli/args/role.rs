//! `idp role`.

use clap::Subcommand;

/// Roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Add a role
    #[command(
        after_help = "Example:\n  idp role add van-thu --title \"Văn thư\" --title-en \"Clerk\""
    )]
    Add {
        /// Its name: 2 to 64 of a-z 0-9 - _ . : beginning with a letter
        role: String,
        /// What people read, in Vietnamese
        #[arg(long)]
        title: String,
        /// What people read, in English
        #[arg(long, value_name = "TITLE")]
        title_en: Option<String>,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Show a role
    Show {
        /// Its name
        role: String,
    },
    /// List roles
    List,
    /// Change the title or the description of a role
    Edit {
        /// Its name
        role: String,
        /// Another Vietnamese title
        #[arg(long)]
        title: Option<String>,
        /// Another English title; empty for none
        #[arg(long, value_name = "TITLE")]
        title_en: Option<String>,
        /// Another description; empty for none
        #[arg(long)]
        description: Option<String>,
    },
    /// Remove a role that nobody holds
    Remove {
        /// Its name
        role: String,
    },
}
