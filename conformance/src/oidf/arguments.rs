//! The command line of `oidf`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use url::Url;

use super::plan::Variant;

/// Runs plans of an already running OpenID conformance suite against `idp`.
///
/// Ends with 0 when every module ended as expected, with 1 when one did not, and with 2 when the
/// plans could not be run.
#[derive(Clone, Debug, Parser)]
#[command(name = "oidf")]
pub struct Arguments {
    /// The suite's base address
    #[arg(long, value_name = "URL")]
    pub suite: Url,
    /// An API token of the suite; without one it must run in developer mode
    #[arg(long, env = "OIDF_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// PEM file with the suite's certificate, when it is self-signed
    #[arg(long, value_name = "FILE")]
    pub suite_ca: Option<PathBuf>,
    /// The plans to run, by name
    #[arg(
        long = "plan",
        value_name = "NAME",
        value_delimiter = ',',
        required = true
    )]
    pub plans: Vec<String>,
    /// A value of the plan's variant, in place of that of plans.toml (repeatable)
    #[arg(long = "variant", value_name = "NAME=VALUE", value_parser = variant)]
    pub variants: Vec<(String, String)>,
    /// Only modules whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub module: Option<String>,
    /// The binary under test
    #[arg(long, value_name = "FILE", default_value = "target/debug/idp")]
    pub idp: PathBuf,
    /// The issuer, as the suite reaches it; https
    #[arg(long, value_name = "URL", default_value = "https://localhost:8443")]
    pub issuer: Url,
    /// Where `idp` listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// What the callback addresses of this run are called at the suite
    #[arg(long, default_value = "idp")]
    pub alias: String,
    /// The longest time of one module, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    pub patience: u64,
    /// Accepted results in place of conformance/oidf/expected.toml
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// Makes screenshots of error pages with this Chromium
    #[arg(long, value_name = "FILE")]
    pub chromium: Option<PathBuf>,
    /// Keeps the plans at the suite and writes their exports into this folder
    #[arg(long, value_name = "FOLDER")]
    pub export: Option<PathBuf>,
}

impl Arguments {
    /// The longest time of one module.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    /// The values given, by name; the last of a name counts.
    pub fn variant(&self) -> Variant {
        self.variants.iter().cloned().collect()
    }
}

fn variant(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_and_variants_are_lists_and_malformed_ones_are_refused() {
        let parse = |further: &[&str]| {
            let fixed = ["oidf", "--suite", "https://suite.example", "--plan", "a,b"];
            Arguments::try_parse_from(fixed.iter().chain(further))
        };
        let given = parse(&["--variant", "x=1", "--variant", "x=2", "--variant", "y=a=b"]).unwrap();
        assert_eq!(given.plans, ["a", "b"]);
        let expected = [("x", "2"), ("y", "a=b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(given.variant(), Variant::from(expected));
        for wrong in ["x", "=1", "x="] {
            assert!(parse(&["--variant", wrong]).is_err(), "{wrong}");
        }
        let none = Arguments::try_parse_from(["oidf", "--suite", "https://suite.example"]);
        assert!(none.is_err(), "no plan");
    }
}
