//! `idp node`.

use clap::Subcommand;

use super::Paging;

/// The nodes of an installation on PostgreSQL.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// List the keys in which this node's configuration differs from what the nodes agreed on
    ///
    /// A node that differs is not ready: /health/ready says so.
    Compare {
        /// Which part of the list.
        #[command(flatten)]
        paging: Paging,
    },
    /// Make this node's configuration the one that counts; other nodes must follow
    ///
    /// To change a value on several nodes: change it on one, restart it, run this there, then
    /// change and restart the others. Those are not ready until then, so do it one node after
    /// another and in quiet hours.
    #[command(after_help = "Examples:\n  idp node agree --dry-run\n  idp --as quantri node agree")]
    Agree,
}
