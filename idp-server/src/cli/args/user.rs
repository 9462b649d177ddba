//! `idp user`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use idp_admin_api::user::{AccountKind, AccountState};

use super::{Paging, wire};

const KINDS: &[&str] = &[
    "official",
    "citizen",
    "organisation",
    "administrator",
    "service",
];

/// Users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add an account; its activation link is shown this once
    #[command(
        after_help = "Example:\n  idp user add an.nv --name \"Nguyễn Văn An\" --mail an.nv@tinh.example \\\n    --unit H42.7 --title \"Chuyên viên\""
    )]
    Add {
        /// The user name: 2 to 64 of a-z 0-9 . _ - with a letter
        user: String,
        /// The full name
        #[arg(long)]
        name: String,
        /// What the account stands for
        #[arg(long, default_value = "official", value_parser = wire::<AccountKind>(KINDS))]
        kind: AccountKind,
        /// Mail and numbers
        #[command(flatten)]
        identifiers: IdentifierArgs,
        /// The unit of the main position (id or code)
        #[arg(long, requires = "title")]
        unit: Option<String>,
        /// The title of the main position
        #[arg(long, requires = "unit")]
        title: Option<String>,
        /// Make no activation link now
        #[arg(long)]
        no_link: bool,
    },
    /// Show an account whole
    Show {
        /// Its id or user name
        user: String,
    },
    /// List accounts, by given name
    #[command(
        after_help = "Example:\n  idp user list --unit H42.7 --state active --all --output csv > nguoi-dung.csv"
    )]
    List(UserListArgs),
    /// Search by words of the name, with or without diacritics, or by user name, mail or number
    #[command(after_help = "Examples:\n  idp user search \"nguyen an\"\n  idp user search an.nv@")]
    Search {
        /// What to look for
        text: String,
        /// Which accounts
        #[command(flatten)]
        list: UserListArgs,
    },
    /// Change name, mail, numbers, address or language
    ///
    /// An empty value takes a field back. A mail address or number that is given up stays
    /// reserved for ever.
    #[command(after_help = "Example:\n  idp user edit an.nv --mail an.nguyen@tinh.example")]
    Edit {
        /// Its id or user name
        user: String,
        /// Another full name
        #[arg(long)]
        name: Option<String>,
        /// Mail and numbers
        #[command(flatten)]
        identifiers: IdentifierArgs,
        /// A standard claim (repeatable; an empty value takes it away)
        ///
        /// One of nickname, profile, picture, website, gender, birthdate, zoneinfo.
        #[arg(long, value_name = "NAME=VALUE")]
        claim: Vec<String>,
    },
    /// Take an account out of use and end its sessions
    Disable {
        /// Its id or user name
        user: String,
        /// A note, kept with the account
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Take an account back into use
    Enable {
        /// Its id or user name
        user: String,
    },
    /// Certificates by which the holder of an account signs in
    #[command(subcommand)]
    Certificate(UserCertificateCommand),
    /// Make a new activation link and show it this once
    ///
    /// The present password stops working and sessions end.
    Reset {
        /// Its id or user name
        user: String,
    },
    /// Give a position in a unit, or a role
    #[command(
        group = ArgGroup::new("what").required(true).args(["title", "role"]),
        after_help = "Examples:\n  idp user assign an.nv --unit H42.7 --title \"Chuyên viên\" --main\n  idp user assign an.nv --role unit-administrator --unit H42.7 --until 2027-01-01"
    )]
    Assign {
        /// Its id or user name
        user: String,
        /// The unit (id or code); a role without one counts everywhere
        #[arg(long, required_unless_present = "role")]
        unit: Option<String>,
        /// The title of the position
        #[arg(long, requires = "unit")]
        title: Option<String>,
        /// The role's name
        #[arg(long)]
        role: Option<String>,
        /// Make the position the main one
        #[arg(long, conflicts_with = "role")]
        main: bool,
        /// From this date (2026-01-05) or time; now when absent
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// Until this date or time; open when absent
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// End a position or a role now
    #[command(
        after_help = "Examples:\n  idp user unassign an.nv --unit H42.7\n  idp user unassign an.nv --role van-thu --unit H42.7"
    )]
    Unassign {
        /// Its id or user name
        user: String,
        /// The unit (id or code)
        #[arg(long, required_unless_present = "role")]
        unit: Option<String>,
        /// The title, where there are several positions in the unit
        #[arg(long, conflicts_with = "role")]
        title: Option<String>,
        /// The role's name
        #[arg(long)]
        role: Option<String>,
    },
    /// Change the title, the end or the rank of a position
    #[command(
        group = ArgGroup::new("change").required(true).multiple(true).args(["new_title", "main", "until"]),
        after_help = "Example:\n  idp user edit-position an.nv --unit H42.7 --new-title \"Chuyên viên chính\" --main"
    )]
    EditPosition {
        /// Its id or user name
        user: String,
        /// The unit (id or code)
        #[arg(long)]
        unit: String,
        /// The present title, where there are several positions in the unit
        #[arg(long)]
        title: Option<String>,
        /// Another title
        #[arg(long, value_name = "TITLE")]
        new_title: Option<String>,
        /// Make it the main one
        #[arg(long)]
        main: bool,
        /// Until this date or time; empty for open
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Add many accounts from a CSV file, all or none
    ///
    /// The first row names the columns, in English or Vietnamese; only the name is required:
    /// user_name (tên đăng nhập), name (họ và tên), mail (thư điện tử), mobile (số điện thoại),
    /// personal_id (số định danh), employee_code (mã nhân viên), unit (mã đơn vị),
    /// title (chức vụ), roles (vai trò), kind (loại tài khoản), password_hash.
    /// UTF-8; commas, semicolons or tabs. Run it with --dry-run first: every row is reported.
    #[command(
        after_help = "Examples:\n  idp user import canbo.csv --dry-run\n  idp user import canbo.csv --links-out lien-ket.csv --pattern '{given}{initials}.{unit}'"
    )]
    Import(ImportArgs),
}

/// Which accounts.
#[derive(Clone, Debug, Default, Args)]
pub struct UserListArgs {
    /// With a position in this unit (id or code) or below it
    #[arg(long)]
    pub unit: Option<String>,
    /// Not in the units below
    #[arg(long, requires = "unit")]
    pub here_only: bool,
    /// Holding this role
    #[arg(long)]
    pub role: Option<String>,
    /// Of this kind
    #[arg(long, value_parser = wire::<AccountKind>(KINDS))]
    pub kind: Option<AccountKind>,
    /// In this state
    #[arg(long, value_parser = wire::<AccountState>(&["active", "invited", "disabled"]))]
    pub state: Option<AccountState>,
    /// Which part of the list
    #[command(flatten)]
    pub paging: Paging,
}

/// Mail, numbers and language of an account.
#[derive(Clone, Debug, Default, Args)]
pub struct IdentifierArgs {
    /// The mail address
    #[arg(long)]
    pub mail: Option<String>,
    /// The mobile number
    #[arg(long)]
    pub mobile: Option<String>,
    /// The 12-digit personal ID
    #[arg(long, value_name = "DIGITS")]
    pub personal_id: Option<String>,
    /// The agency's own number for its employee
    #[arg(long, value_name = "CODE")]
    pub employee_code: Option<String>,
    /// The tax code, of an organisation
    #[arg(long, value_name = "CODE")]
    pub tax_code: Option<String>,
    /// The preferred language, vi or en
    #[arg(long)]
    pub locale: Option<String>,
    /// The postal address
    #[command(flatten)]
    pub address: AddressArgs,
}

/// The postal address of an account, in parts. Nothing is made from the others.
#[derive(Clone, Debug, Default, Args)]
pub struct AddressArgs {
    /// The whole postal address as it is written on an envelope
    #[arg(long = "address", value_name = "TEXT")]
    pub formatted: Option<String>,
    /// House number, street, hamlet
    #[arg(long, value_name = "TEXT")]
    pub street_address: Option<String>,
    /// Commune, ward or city
    #[arg(long, value_name = "TEXT")]
    pub locality: Option<String>,
    /// Province
    #[arg(long, value_name = "TEXT")]
    pub region: Option<String>,
    /// Postal code
    #[arg(long, value_name = "TEXT")]
    pub postal_code: Option<String>,
    /// Country
    #[arg(long, value_name = "TEXT")]
    pub country: Option<String>,
}

/// `idp user import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The CSV file
    pub file: PathBuf,
    /// Make activation links and write them into this new file, readable by its owner alone
    #[arg(long, value_name = "FILE")]
    pub links_out: Option<PathBuf>,
    /// How user names are made where the file has none, for instance '{given}{initials}.{unit}'
    #[arg(long)]
    pub pattern: Option<String>,
    /// Go on with the import of the same file that was broken off, by its change set
    #[arg(long, value_name = "CHANGE_SET")]
    pub resume: Option<String>,
    /// Pass over rows whose user name exists instead of refusing the file
    #[arg(long)]
    pub skip_existing: bool,
}

/// Certificates of an account.
#[derive(Debug, Subcommand)]
pub enum UserCertificateCommand {
    /// Bind a certificate: whoever holds its key signs in as the account's holder
    #[command(after_help = "Example:\n  idp user certificate add an.nv an.nv.cer --dry-run")]
    Add {
        /// The account's id or user name
        user: String,
        /// The certificate, DER or PEM
        file: PathBuf,
    },
    /// List the certificates of an account, and whether each counts
    List {
        /// The account's id or user name
        user: String,
    },
    /// Take a certificate away, and end the sessions that began with it
    Remove {
        /// The account's id or user name
        user: String,
        /// The certificate's id, as `list` shows it
        certificate: String,
    },
}
