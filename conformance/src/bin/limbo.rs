//! `limbo`: the questions of an x509-limbo file, put to the crate `pki`. See
//! `conformance/x509-limbo/README.md`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use idp_conformance::limbo::run::{Arguments, run};

fn main() -> ExitCode {
    match run(&Arguments::parse(), &mut std::io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(trouble) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "limbo: {trouble}");
            ExitCode::from(2)
        }
    }
}
