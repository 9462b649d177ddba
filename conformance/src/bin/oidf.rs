//! `oidf`: plans of an already running OpenID conformance suite against `idp`. See
//! `conformance/oidf/README.md`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use idp_conformance::oidf::arguments::Arguments;
use idp_conformance::oidf::run::run;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments, &mut std::io::stdout()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(trouble) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "oidf: {trouble}");
            ExitCode::from(2)
        }
    }
}
