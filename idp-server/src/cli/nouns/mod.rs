//! What each command does: a file per noun, the columns of its tables beside it.

mod audit;
pub mod certificate;
mod change_set;
mod client;
mod client_check;
mod client_columns;
mod client_features;
mod client_profile;
mod key;
mod node;
mod outbox;
mod position;
mod registration;
mod role;
mod session;
mod trust;
mod unit;
mod user;
mod user_certificate;
mod user_import;

use super::args::AdministrationCommand;
use super::context::Context;
use super::failure::Failure;

/// Does what a command says.
///
/// # Errors
/// Why it did not; see [`Failure`].
pub async fn run(command: AdministrationCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        AdministrationCommand::Unit(command) => unit::run(command, context).await,
        AdministrationCommand::User(command) => user::run(*command, context).await,
        AdministrationCommand::Role(command) => role::run(command, context).await,
        AdministrationCommand::Client(command) => client::run(command, context).await,
        AdministrationCommand::RegistrationToken(command) => {
            registration::run(command, context).await
        }
        AdministrationCommand::Trust(command) => trust::run(command, context).await,
        AdministrationCommand::Certificate(command) => certificate::run(command, context).await,
        AdministrationCommand::Key(command) => key::run(command, context).await,
        AdministrationCommand::Session(command) => session::run(command, context).await,
        AdministrationCommand::Audit(command) => audit::run(command, context).await,
        AdministrationCommand::Outbox(command) => outbox::run(command, context).await,
        AdministrationCommand::Node(command) => node::run(command, context).await,
        AdministrationCommand::ChangeSet(command) => change_set::run(command, context).await,
    }
}

/// A wire name (`client_secret_basic`) of a value that is written as one.
fn wire_name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
