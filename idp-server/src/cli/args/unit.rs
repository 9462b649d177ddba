//! `idp unit`.

use clap::Subcommand;
use idp_admin_api::unit::UnitState;

use super::{Paging, wire};

/// Organisation units.
#[derive(Debug, Subcommand)]
pub enum UnitCommand {
    /// Add a unit
    #[command(
        after_help = "Example:\n  idp unit add H42.7.1 --name \"Phòng Cải cách hành chính\" --parent H42.7"
    )]
    Add {
        /// The agency code (mã định danh), for instance H42.7
        code: String,
        /// The Vietnamese name
        #[arg(long)]
        name: String,
        /// The English name
        #[arg(long, value_name = "NAME")]
        name_en: Option<String>,
        /// The unit above (id or code); none for a root
        #[arg(long, value_name = "UNIT")]
        parent: Option<String>,
        /// Valid from this date; today when absent
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
    },
    /// Show a unit
    Show {
        /// Its id or code
        unit: String,
    },
    /// List units, by code
    #[command(
        after_help = "Examples:\n  idp unit list --tree\n  idp unit list --below H42.7 --all --output csv"
    )]
    List {
        /// Only this unit (id or code) and those below it
        #[arg(long, value_name = "UNIT")]
        below: Option<String>,
        /// Only units in this state
        #[arg(long, value_parser = wire::<UnitState>(&["active", "disabled"]))]
        state: Option<UnitState>,
        /// All units as a tree, each under the one above it
        #[arg(long, conflicts_with_all = ["after", "limit", "all"])]
        tree: bool,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Search by words of the name, with or without diacritics, or by the beginning of the code
    #[command(after_help = "Example:\n  idp unit search \"noi vu\"")]
    Search {
        /// What to look for
        text: String,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Rename, recode or move a unit
    ///
    /// An empty value takes a field back: --parent "" makes the unit a root.
    #[command(
        after_help = "Examples:\n  idp unit edit H42.7 --name \"Sở Nội vụ và Lao động\"\n  idp unit edit H42.7.1 --parent H42.9"
    )]
    Edit {
        /// Its id or code
        unit: String,
        /// Another code
        #[arg(long)]
        code: Option<String>,
        /// Another Vietnamese name
        #[arg(long)]
        name: Option<String>,
        /// Another English name; empty for none
        #[arg(long, value_name = "NAME")]
        name_en: Option<String>,
        /// Move below this unit (id or code); empty for a root
        #[arg(long, value_name = "UNIT")]
        parent: Option<String>,
        /// The unit that takes over (id or code); empty for none
        #[arg(long, value_name = "UNIT")]
        replaced_by: Option<String>,
    },
    /// Take a unit without people and units in it out of use
    Disable {
        /// Its id or code
        unit: String,
    },
    /// Take a unit back into use
    Enable {
        /// Its id or code
        unit: String,
    },
}
