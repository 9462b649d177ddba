//! What the command line needs from the rest of the program.

use std::path::Path;
use std::process::ExitCode;

use async_trait::async_trait;
use idp_core::base::fault::Fault;

use crate::cli::args::{DemoArgs, Format, Globals, InstallationCommand};
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Style};
use crate::cli::{self, Local, OwnStore, Program};
use crate::demo;
use crate::outside::master_key::own_uid;
use crate::serve;
use crate::serving::{self, own_admin_router};

/// Installs the one TLS provider; the first thing the process does.
pub fn prepare() {
    // A second call finds the provider in place, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The program behind the binary `idp`.
pub struct Idp;

#[async_trait]
impl Program for Idp {
    fn local(&self, config: Option<&Path>) -> Result<Local, String> {
        let settings = serve::settings(config).map_err(|fault| fault.detail)?;
        Ok(Local {
            socket: settings.listen.admin_socket,
            acting_as: settings.administration.default_acting,
        })
    }

    async fn in_process(&self, config: Option<&Path>) -> Result<OwnStore, String> {
        let opened = async {
            let settings = serve::settings(config)?;
            let installation = serve::installation(&settings).await?;
            Ok::<_, Fault>((installation, serve::heads(&settings)))
        };
        let (installation, heads) = opened.await.map_err(|fault| fault.detail)?;
        let uid = own_uid().map_err(|e| e.to_string())?;
        Ok(OwnStore {
            router: own_admin_router(&installation, uid),
            close: Box::pin(async move {
                let closed = serving::close(installation, &heads).await;
                closed.map_err(|fault| fault.detail)
            }),
        })
    }

    async fn installation(&self, command: InstallationCommand, globals: &Globals) -> ExitCode {
        let style = Style {
            format: globals.output,
            language: cli::language(globals),
        };
        let mut output = Output::to_terminal(style);
        let result = match command {
            InstallationCommand::Serve(_) => serve::run(globals.config.as_deref())
                .await
                .map_err(|fault| failed(&fault)),
            InstallationCommand::Demo(args) => demonstrate(args, globals)
                .await
                .map_err(|fault| failed(&fault)),
            InstallationCommand::Init(args) => cli::init::run(&args, &mut output).await,
            InstallationCommand::Config(command) => {
                cli::config::run(&command, globals, &mut output)
            }
            InstallationCommand::Store(command) => {
                cli::store::run(command, globals, &mut output).await
            }
            InstallationCommand::Doctor(_) => cli::doctor::run(globals, &mut output).await,
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                output.failure(&failure);
                ExitCode::from(failure.status())
            }
        }
    }
}

async fn demonstrate(args: DemoArgs, globals: &Globals) -> Result<(), Fault> {
    demo::run(demo::DemoOptions {
        port: args.port,
        folder: args.dir,
        json: globals.output == Format::Json,
    })
    .await
}

fn failed(fault: &Fault) -> Failure {
    Failure::failed(fault.to_string())
}
