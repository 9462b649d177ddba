//! What may be typed: every command with its options. A file per noun.

mod audit;
mod certificate;
mod client;
mod installation;
mod key;
mod node;
mod registration;
mod role;
mod session;
mod trust;
mod unit;
mod user;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::de::DeserializeOwned;

pub use audit::{AuditCommand, ChangeSetCommand, OutboxCommand};
pub use certificate::{CertificateCommand, VerifyArgs};
pub use client::{ClientCommand, ClientFields, Profile};
pub use installation::{
    ConfigCommand, DemoArgs, DoctorArgs, InitArgs, InstallationCommand, MigrateArgs, ServeArgs,
    StoreCommand,
};
pub use key::KeyCommand;
pub use node::NodeCommand;
pub use registration::RegistrationTokenCommand;
pub use role::RoleCommand;
pub use session::SessionCommand;
pub use trust::{TrustCommand, TrustRuleArgs};
pub use unit::UnitCommand;
pub use user::{
    AddressArgs, IdentifierArgs, ImportArgs, UserCertificateCommand, UserCommand, UserListArgs,
};

use super::language::Language;

/// Lists the commands by what people come for; clap itself would show one long list.
const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

Run the provider:
  serve       Run the provider
  demo        Try everything on this machine: an invented province with two applications
  init        Write a configuration, keys and the first administrator
  config      Check or explain the configuration
  store       Move the data to PostgreSQL
  node        Compare this node's configuration with the other nodes'
  doctor      Look for trouble: keys, clock, certificates, store, permissions

People and their places:
  unit        Organisation units, the agency tree
  user        Accounts, their positions and roles
  role        Roles that applications and the provider know

Applications and trust:
  client      Applications that may ask for tokens
  registration-token  Tokens by which applications register themselves
  trust       Authorities whose certificates are believed
  certificate What a certificate, or a signature, is worth
  key         The keys that sign
  session     Who is signed in

Records of what happened:
  audit       Read, verify and export the audit
  outbox      Deliveries to applications
  change-set  Imports and other groups of changes, and their undo

Reference:
  completion  Completion for bash, zsh or fish
  reasons     Every reason for which something is refused, and its remedy
  openapi     The description of the administration API
  help        This help, or the help of a command

Options:
{options}{after-help}";

const EXAMPLES: &str = "
Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no server and no store to work on.
Changes name their administrator with --as or IDP_AS. Try any change with --dry-run first.

Examples:
  idp demo
  idp --as quantri unit add H42.7 --name \"Sở Nội vụ\" --parent H42
  idp --as quantri user assign an.nv --unit H42.7 --title \"Chuyên viên\" --main
  idp user search \"nguyen van an\" --output csv";

/// A federated identity provider for a province: sign in once.
#[derive(Debug, Parser)]
#[command(
    name = "idp",
    bin_name = "idp",
    version,
    about = "Sign in once: the identity provider of a province",
    help_template = TEMPLATE,
    after_help = EXAMPLES,
    max_term_width = 100,
    disable_help_subcommand = false,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: tables, local time (UTC+7).
    #[default]
    Table,
    /// For programs: the API's own JSON.
    Json,
    /// For spreadsheets: UTF-8 with a header row; formulas are disarmed.
    Csv,
}

/// Where help lists them, after a command's own.
const GLOBAL: &str = "Options of every command";

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Globals {
    /// The configuration file
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE", env = "IDP_CONFIG")]
    pub config: Option<PathBuf>,
    /// The running server's socket [default: admin.sock in the configured data folder]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "PATH", env = "IDP_SOCKET")]
    pub socket: Option<PathBuf>,
    /// The administrator who acts, by user name; every change is recorded under it
    #[arg(
        long = "as",
        global = true, help_heading = GLOBAL,
        value_name = "USERNAME",
        env = "IDP_AS",
        id = "acting_as"
    )]
    pub acting_as: Option<String>,
    /// How answers are written
    #[arg(
        long,
        global = true, help_heading = GLOBAL,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub output: Format,
    /// The language of tables and hints [default: as LANG says, else vi]
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, value_name = "LANG", env = "IDP_LANG")]
    pub lang: Option<Language>,
    /// Decide and report as if, but change nothing
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub dry_run: bool,
    /// Do not ask before changes that cannot be taken back
    #[arg(long, short = 'y', global = true, help_heading = GLOBAL)]
    pub yes: bool,
}

/// Everything that can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Commands about the installation itself.
    #[command(flatten)]
    Installation(InstallationCommand),
    /// Commands that administer, through a running server or on the store of one that is stopped.
    #[command(flatten)]
    Administration(AdministrationCommand),
    /// Write a completion script for a shell
    #[command(after_help = "Example:\n  idp completion bash > /etc/bash_completion.d/idp")]
    Completion {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// List every reason for which something is refused, and its remedy; or explain one
    ///
    /// A table, JSON or CSV in the chosen language; --markdown writes the page of the manual.
    #[command(
        after_help = "Examples:\n  idp reasons identifier_taken\n  idp reasons --lang en --output csv"
    )]
    Reasons {
        /// Only this one, by its name
        #[arg(conflicts_with = "markdown")]
        name: Option<String>,
        /// Write the page of the manual
        #[arg(long)]
        markdown: bool,
    },
    /// Write the OpenAPI description of the administration API
    Openapi,
}

/// Commands that administer.
#[derive(Debug, Subcommand)]
pub enum AdministrationCommand {
    /// Organisation units, the agency tree
    #[command(subcommand)]
    Unit(UnitCommand),
    /// Accounts, their positions and roles
    #[command(subcommand)]
    User(Box<UserCommand>),
    /// Roles that applications and the provider know
    #[command(subcommand)]
    Role(RoleCommand),
    /// Applications that may ask for tokens
    #[command(subcommand)]
    Client(ClientCommand),
    /// Tokens by which applications register themselves
    #[command(subcommand)]
    RegistrationToken(RegistrationTokenCommand),
    /// Authorities whose certificates are believed
    #[command(subcommand)]
    Trust(TrustCommand),
    /// What a certificate, or a signature, is worth
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// The keys that sign
    #[command(subcommand)]
    Key(KeyCommand),
    /// Who is signed in
    #[command(subcommand)]
    Session(SessionCommand),
    /// Read, verify and export the audit
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Deliveries to applications
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// What all nodes must be told alike
    #[command(subcommand)]
    Node(NodeCommand),
    /// Imports and other groups of changes, and their undo
    #[command(subcommand)]
    ChangeSet(ChangeSetCommand),
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Args)]
pub struct Paging {
    /// At most so many entries, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Continue where the page before ended
    #[arg(long, value_name = "CURSOR", conflicts_with = "all")]
    pub after: Option<String>,
    /// All entries, page by page
    #[arg(long)]
    pub all: bool,
}

/// Takes one of `names`, which are a wire type's own.
fn wire<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names)
        .try_map(|name| serde_json::from_value::<T>(serde_json::Value::String(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_first_help_names_every_command() {
        for command in Cli::command().get_subcommands() {
            let line = format!("\n  {} ", command.get_name());
            assert!(
                TEMPLATE.contains(&line),
                "{} is missing",
                command.get_name()
            );
        }
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        let mut open = vec![Cli::command()];
        while let Some(command) = open.pop() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some() || argument.get_long() == Some("help"),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            open.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn passwords_and_secrets_are_never_arguments() {
        let mut open = vec![Cli::command()];
        while let Some(command) = open.pop() {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(
                    name.ends_with("_file")
                        || !name.contains("password") && !name.contains("secret"),
                    "{name}"
                );
            }
            open.extend(command.get_subcommands().cloned());
        }
    }
}
