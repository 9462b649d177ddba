//! Commands about the installation itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

/// Commands about the installation itself.
#[derive(Debug, Subcommand)]
pub enum InstallationCommand {
    /// Run the provider
    ///
    /// Reads the file named by --config, opens the store and serves until it is told to stop
    /// (SIGTERM, Ctrl-C). SIGHUP reads the TLS certificate again.
    #[command(after_help = "Example:\n  idp serve --config /etc/idp/idp.toml")]
    Serve(ServeArgs),
    /// Try everything on this machine: an invented province with two applications
    ///
    /// Binds loopback only, makes random passwords and marks its store, which `serve` refuses.
    /// --output json prints one object with addresses, clients and users, then serves.
    #[command(after_help = "Examples:\n  idp demo\n  idp demo --port 9000 --dir ./try")]
    Demo(DemoArgs),
    /// Write a configuration, keys and the first administrator
    #[command(
        after_help = "Example:\n  idp init --dir /etc/idp --issuer https://dangnhap.tinh.example \\\n    --province-name \"Tỉnh Mẫu\" --admin quantri --admin-name \"Nguyễn Văn Quản\""
    )]
    Init(InitArgs),
    /// Check or explain the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Where the data rest
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look for trouble: keys, clock, certificates, store, permissions
    ///
    /// Ends with status 1 when something needs attention.
    Doctor(DoctorArgs),
}

/// `idp serve`: everything is in the configuration.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {}

/// `idp demo`.
#[derive(Clone, Debug, Default, Args)]
pub struct DemoArgs {
    /// The issuer's port; the applications follow at the next two
    #[arg(long, value_name = "N", default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..=65533))]
    pub port: u16,
    /// Keep the store in this folder instead of a temporary one
    #[arg(long, value_name = "PATH")]
    pub dir: Option<PathBuf>,
}

/// `idp init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The folder for configuration, keys and data
    #[arg(long, value_name = "PATH")]
    pub dir: PathBuf,
    /// The issuer: https, or http on loopback
    #[arg(long, value_name = "URL")]
    pub issuer: Url,
    /// The province's name, as pages show it
    #[arg(long, value_name = "NAME")]
    pub province_name: String,
    /// The first administrator's user name
    #[arg(long, value_name = "USERNAME")]
    pub admin: String,
    /// The first administrator's full name
    #[arg(long, value_name = "NAME")]
    pub admin_name: String,
}

/// `idp config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and report everything that is wrong with it at once
    Check,
    /// Say what a key means, its default and its present value
    Explain {
        /// The key, for instance lifetimes.code; all keys when absent
        key: Option<String>,
    },
}

/// `idp store`.
#[derive(Clone, Debug, Subcommand)]
pub enum StoreCommand {
    /// Move an embedded store into an empty PostgreSQL database, for several nodes
    ///
    /// The server must be stopped meanwhile. Every row is compared on arrival; when anything
    /// fails, the target stays empty and the server starts again as before.
    #[command(
        after_help = "Example:\n  idp store migrate --to postgres://idp@db1.tinh.lan/idp \\\n    --password-file /etc/idp/secrets/postgres.password"
    )]
    Migrate(MigrateArgs),
}

/// `idp store migrate`.
#[derive(Clone, Debug, Args)]
pub struct MigrateArgs {
    /// The database: postgres://user@host/database
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// The file with its password, unreadable to others
    #[arg(long, value_name = "PATH")]
    pub password_file: Option<PathBuf>,
    /// PEM file of the authority of its certificate
    #[arg(long, value_name = "PATH")]
    pub ca_file: Option<PathBuf>,
}

/// `idp doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {}
