//! The binary `idp`.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    idp_server::program::prepare();
    let args = idp_server::cli::args::Cli::parse();
    idp_server::cli::run(args, &idp_server::program::Idp).await
}
