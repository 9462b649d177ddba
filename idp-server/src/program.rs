//! What the command line needs from the rest of the program.

use std::path::Path;
use std::process::ExitCode;

use async_trait::async_trait;
use axum::Router;

use crate::cli::args::{DemoArgs, Format, Globals, InstallationCommand};
use crate::cli::{Local, Program};
use crate::demo;

/// Installs the one TLS provider; the first thing the process does.
pub fn prepare() {
    // A second call finds the provider in place, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The program behind the binary `idp`.
pub struct Idp;

#[async_trait]
impl Program for Idp {
    fn local(&self, _config: Option<&Path>) -> Result<Local, String> {
        Ok(Local::default())
    }

    async fn in_process(&self, _config: Option<&Path>) -> Result<Router, String> {
        Err("start the server first with `idp serve`".to_owned())
    }

    async fn installation(&self, command: InstallationCommand, globals: &Globals) -> ExitCode {
        let result = match command {
            InstallationCommand::Demo(args) => demonstrate(args, globals).await,
            _ => Ok(()),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                tracing::error!("{fault}");
                ExitCode::FAILURE
            }
        }
    }
}

async fn demonstrate(
    args: DemoArgs,
    globals: &Globals,
) -> Result<(), idp_core::base::fault::Fault> {
    demo::run(demo::DemoOptions {
        port: args.port,
        folder: args.dir,
        json: globals.output == Format::Json,
    })
    .await
}
