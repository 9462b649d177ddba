//! Loads a demonstration server on loopback and compares it with what the machine could do.
//!
//! The token endpoint is held against the ceiling `1/(1/S + 1/H + 1/W)`, all measured in the same
//! run: S, ES256 signatures per second on all cores; H, requests per second to an empty handler
//! through the same client code; W, durable appends per second, grouped as the store groups them.
//! The program names its own share of the machine, because it runs on the cores it measures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring program: it prints its answer and ends at the first surprise"
)]

mod appends;
mod ceiling;
mod connection;
mod drive;
mod machine;
mod nodes;
mod ready;
mod report;
mod scenario;
mod search;
mod sign_in;

use std::process::Command;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use idp_tests::{Installation, World, world};

use crate::drive::Plan;

/// Measures the identity provider on this machine, over loopback only.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Arguments {
    /// What to repeat.
    #[arg(value_enum)]
    scenario: Scenario,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// Connections kept open at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    connections: u16,
    /// People in the store, for `search`, `ready` and `nodes`.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    people: u32,
    /// Starts, for `ready`.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    starts: u16,
    /// For `nodes`: only this part of it; what it needs is made all the same.
    #[arg(long, value_enum)]
    part: Option<nodes::Part>,
    /// For `nodes`: sign-ins a second in the steady run; seven tenths of what was reached when absent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: Option<u32>,
    /// For `nodes`: the per cent of one core that each node gets where nodes are to be the bottleneck.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    share: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Access tokens for a service, by client secret.
    ClientCredentials,
    /// Sign-in from the authorization request to the tokens, password included.
    SignIn,
    /// Refresh tokens, each rotated by its answer.
    Refresh,
    /// The administrator's search for people, by name without diacritics, user name and mail.
    Search,
    /// Several nodes on PostgreSQL and Redis against one machine, and against each other; the move
    /// from one to the other; people who sign in within a quarter of an hour.
    Nodes,
    /// From the start of the process to the first good answer of /health/ready.
    Ready,
    /// The empty handler that H is measured against; started by this program itself.
    #[value(hide = true)]
    EmptyHandler,
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        if arguments.scenario == Scenario::EmptyHandler {
            ceiling::serve_empty_handler().await;
        } else {
            measure(&arguments).await;
        }
    });
}

async fn measure(arguments: &Arguments) {
    build_release_binary();
    let plan = Plan {
        connections: usize::from(arguments.connections),
        duration: Duration::from_secs(arguments.seconds),
    };
    match arguments.scenario {
        Scenario::ClientCredentials => {
            let installation = Installation::init();
            let serving = installation.serve().await.expect("it serves");
            report::print_machine(installation.folder.path(), serving.pid());
            let ceiling = ceiling::measure(plan).await;
            let measured = scenario::client_credentials(&installation, serving.pid(), plan).await;
            report::print_measured("client-credentials", &measured);
            report::print_against(&ceiling, measured.rate());
        }
        Scenario::Search => {
            let installation = Installation::init();
            let serving = installation.serve().await.expect("it serves");
            report::print_machine(installation.folder.path(), serving.pid());
            search::fill(&installation, arguments.people);
            search::measure(&installation, plan.duration).await;
        }
        Scenario::Ready => {
            let installation = Installation::init();
            let serving = installation.serve().await.expect("it serves");
            report::print_machine(installation.folder.path(), serving.pid());
            search::fill(&installation, arguments.people);
            serving.terminate();
            ready::measure(&installation, arguments.starts);
        }
        Scenario::Nodes => {
            let wanted = nodes::Wanted {
                people: arguments.people,
                part: arguments.part,
                rate: arguments.rate,
                share: arguments.share,
            };
            nodes::measure(&wanted, plan).await;
        }
        Scenario::Refresh | Scenario::SignIn => {
            let world = World::demo();
            report::print_machine(world.folder(), world.pid());
            let (name, measured) = if arguments.scenario == Scenario::Refresh {
                ("refresh", scenario::refresh(&world, plan).await)
            } else {
                ("sign-in", sign_in::measure(&world, plan).await)
            };
            report::print_measured(name, &measured);
            world.stop();
        }
        Scenario::EmptyHandler => unreachable!("served above"),
    }
}

/// `cargo run -p idp-tests` does not build the server's binary, so this does, in the same profile.
fn build_release_binary() {
    if std::env::var_os("IDP_BIN").is_some() {
        return;
    }
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "-p", "idp-server", "--profile", profile]);
    // What cargo tells the programs it runs would make some build scripts run again, here and in
    // the next build, and half of the tree after them.
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| name.starts_with("CARGO_"));
        if told && name != "CARGO_TARGET_DIR" && name != "CARGO_HOME" {
            build.env_remove(name);
        }
    }
    let status = build.status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "cargo build -p idp-server"
    );
    println!("binary      {}", world::binary().display());
}
