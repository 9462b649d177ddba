//! The command line: `idp <noun> <verb>`.
//!
//! Everything that administers goes through the administration API: over the local socket of a
//! running server, or, when none runs, through the same router in this process. So there is one
//! set of rules and one audit, whichever way a change comes.

pub mod api;
pub mod args;
pub mod config;
pub mod context;
pub mod doctor;
pub mod failure;
pub mod file;
pub mod import_file;
mod import_texts;
pub mod init;
pub mod language;
#[cfg(test)]
mod manual;
pub mod nouns;
pub mod output;
mod reason_texts;
mod reasons;
mod rejection_texts;
pub mod socket;
pub mod store;
pub(crate) mod wanted;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;

use async_trait::async_trait;
use axum::Router;
use clap::CommandFactory;
use idp_core::base::refusal::Reason;

use api::Api;
use args::{AdministrationCommand, CertificateCommand, Cli, Command, Globals, InstallationCommand};
use context::Context;
use failure::Failure;
use language::{Language, Text, text};
use output::{Output, Style};
use socket::Transport;

pub use reasons::markdown as reasons_as_markdown;

/// The texts of a reason. Every reason has them in both languages; should one be missing in a wrong
/// build, the English ones stand for it.
pub(crate) fn reason_text(reason: Reason, language: Language) -> reason_texts::ReasonText {
    reason_texts::reason_text(reason.name(), language).unwrap_or_else(|| reason_texts::ReasonText {
        rule: reason.rule().to_owned(),
        remedy: reason.remedy().to_owned(),
    })
}

/// What the configuration says to the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The socket of a running server.
    pub socket: PathBuf,
    /// Who acts when `--as` names nobody.
    pub acting_as: Option<String>,
}

/// A store that this process opened for itself.
pub struct OwnStore {
    /// The router that a server would put behind its socket; it holds the store's lock.
    pub router: Router,
    /// What an orderly end needs, run when awaited: the audit is sealed, the store closed.
    pub close: Close,
}

/// What the command line needs from the rest of the program; `wiring` provides it.
#[async_trait]
pub trait Program: Send + Sync {
    /// What the configuration (the default one when no file is named) says to the command line.
    ///
    /// # Errors
    /// Why it cannot be read, as sentences for the operator.
    fn local(&self, config: Option<&Path>) -> Result<Local, String>;

    /// Opens the store under its exclusive lock and builds the router that a server would put
    /// behind its socket. Only called when nobody listens there; the router holds the lock.
    ///
    /// # Errors
    /// Why the store cannot be opened, as a sentence.
    async fn in_process(&self, config: Option<&Path>) -> Result<OwnStore, String>;

    /// Runs a command about the installation itself; it writes its own output and decides its own
    /// exit status.
    async fn installation(&self, command: InstallationCommand, globals: &Globals) -> ExitCode;
}

/// Runs one command and answers its exit status: 0 done, 1 refused or failed, 2 usage, 3 neither
/// a server nor a store to work on.
pub async fn run(args: Cli, program: &dyn Program) -> ExitCode {
    let Cli { globals, command } = args;
    let style = Style {
        format: globals.output,
        language: language(&globals),
    };
    let mut output = Output::to_terminal(style);
    let result = match command {
        Command::Installation(command) => return program.installation(command, &globals).await,
        Command::Administration(AdministrationCommand::Certificate(
            CertificateCommand::Verify(args),
        )) if args.is_offline() => nouns::certificate::offline(&args, &mut output),
        Command::Administration(command) => {
            administer(command, &globals, program, &mut output).await
        }
        Command::Completion { shell } => completion(shell, &mut output),
        Command::Reasons { markdown, name } => reasons::run(name.as_deref(), markdown, &mut output),
        Command::Openapi => output.line(openapi_as_json().trim_end()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.status())
        }
    }
}

/// The language asked for, or the one of the operator's locale (`LC_ALL`, then `LANG`).
pub fn language(globals: &Globals) -> Language {
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    globals
        .lang
        .unwrap_or_else(|| Language::of_locale(of("LC_ALL").or_else(|| of("LANG")).as_deref()))
}

/// The OpenAPI description as the committed document has it.
pub fn openapi_as_json() -> String {
    let json = idp_admin_api::openapi().to_pretty_json();
    format!("{}\n", json.unwrap_or_default())
}

async fn administer(
    command: AdministrationCommand,
    globals: &Globals,
    program: &dyn Program,
    output: &mut Output,
) -> Result<(), Failure> {
    let (transport, acting_as, own) = reach(globals, program, output).await?;
    let mut context = Context {
        api: Api::new(transport, acting_as, globals.dry_run),
        output,
        globals,
    };
    let result = nouns::run(command, &mut context).await;
    drop(context);
    // Nobody else would seal what this command recorded, until a server runs again.
    let closed = match own {
        Some(close) => close.await.map_err(Failure::failed),
        None => Ok(()),
    };
    result.and(closed)
}

/// How the API is reached, who acts, and how a store opened here is closed.
type Reached = (Transport, Option<String>, Option<Close>);
type Close = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The running server where there is one, else the store itself.
async fn reach(
    globals: &Globals,
    program: &dyn Program,
    output: &mut Output,
) -> Result<Reached, Failure> {
    let config = globals.config.as_deref();
    // A named socket needs no configuration; then only --as says who acts.
    let local = match &globals.socket {
        Some(socket) => Local {
            socket: socket.clone(),
            acting_as: None,
        },
        None => program.local(config).map_err(Failure::failed)?,
    };
    let acting_as = globals.acting_as.clone().or(local.acting_as);
    let Err(error) = socket::listens(&local.socket).await else {
        return Ok((Transport::Socket(local.socket), acting_as, None));
    };
    let unreachable = |why: String| Failure::Unreachable {
        socket: local.socket.clone(),
        why,
    };
    // Somebody else's server may be running behind a socket that may not be opened, or at a place
    // that was named on purpose: the store is then left alone.
    if error.kind() == std::io::ErrorKind::PermissionDenied || globals.socket.is_some() {
        return Err(unreachable(error.to_string()));
    }
    let own = program.in_process(config).await.map_err(unreachable)?;
    output.note(output.style.language.pick(IN_PROCESS));
    Ok((Transport::InProcess(own.router), acting_as, Some(own.close)))
}

fn completion(shell: clap_complete::Shell, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "idp", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end())
}

const IN_PROCESS: Text = text(
    "không có máy chủ đang chạy; làm việc trực tiếp trên kho dữ liệu",
    "no server is running; working on the store directly",
);

#[cfg(test)]
mod tests;
