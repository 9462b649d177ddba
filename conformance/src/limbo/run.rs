//! The whole file: every answer, and those that differ from what its authors expect.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use clap::Parser;
use pki::Time;
use serde::Deserialize;

use super::Trouble;
use super::judge::{Verdict, judge};
use super::suite::{Actual, CaseResult, Expected, Results, Suite};

/// The divergences that come with the program.
const BUILT_IN: &str = include_str!("../../x509-limbo/divergences.toml");

/// Puts the questions of an x509-limbo file to the crate `pki`.
///
/// Ends with 0 when every answer is the expected one or a divergence that is listed with its reason,
/// with 1 when one is not, and with 2 when the file cannot be run.
#[derive(Clone, Debug, Parser)]
#[command(name = "limbo")]
pub struct Arguments {
    /// The suite: limbo.json
    pub suite: PathBuf,
    /// The present, by RFC 3339, for questions that name no time
    #[arg(long, value_name = "TIME")]
    pub now: DateTime<FixedOffset>,
    /// Writes the answers here, as the suite's own tools read them
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// Known divergences in place of conformance/x509-limbo/divergences.toml
    #[arg(long, value_name = "FILE")]
    pub divergences: Option<PathBuf>,
}

/// One answer that is known to differ, and why it stays so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergence {
    id: String,
    why: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergences {
    #[serde(default)]
    divergence: Vec<Divergence>,
}

/// Runs a file, prints what differs, and says whether all is as expected.
///
/// # Errors
/// When a file cannot be read, parsed or written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<bool, Trouble> {
    let text = read(&arguments.suite)?;
    let suite: Suite = serde_json::from_str(&text)
        .map_err(|error| malformed(&arguments.suite, &error.to_string()))?;
    if suite.version != 1 {
        return Err(malformed(&arguments.suite, "another version than 1"));
    }
    let known = known(arguments.divergences.as_deref())?;
    let now = Time::from_seconds(arguments.now.timestamp());
    let verdicts: Vec<Verdict> = suite
        .testcases
        .iter()
        .map(|case| judge(case, now))
        .collect();
    if let Some(path) = &arguments.results {
        write_results(path, &suite, &verdicts)?;
    }
    compare(&suite, &verdicts, known, out)
}

fn compare(
    suite: &Suite,
    verdicts: &[Verdict],
    mut known: BTreeMap<String, String>,
    out: &mut dyn Write,
) -> Result<bool, Trouble> {
    let (mut agreed, mut skipped, mut listed, mut unlisted) = (0, 0, 0, 0);
    for (case, verdict) in suite.testcases.iter().zip(verdicts) {
        let accepted = match verdict {
            Verdict::Skipped(why) => {
                skipped += 1;
                writeln!(out, "skipped   {}: {why}", case.id)?;
                continue;
            }
            Verdict::Accepted => true,
            Verdict::Refused(_) => false,
        };
        if accepted == (case.expected_result == Expected::Success) {
            agreed += 1;
        } else if let Some(why) = known.remove(&case.id) {
            listed += 1;
            writeln!(out, "known     {}: {verdict:?}; {why}", case.id)?;
        } else {
            unlisted += 1;
            writeln!(out, "DIFFERENT {}: {verdict:?}", case.id)?;
        }
    }
    // A divergence that is listed and does not show is no longer one, or never was.
    for id in known.keys() {
        writeln!(out, "LISTED, BUT NOT DIFFERENT {id}")?;
    }
    let asked = suite.testcases.len();
    writeln!(
        out,
        "{asked} questions: {agreed} as expected, {listed} known to differ, {unlisted} different, {skipped} skipped"
    )?;
    Ok(unlisted == 0 && known.is_empty())
}

fn known(path: Option<&Path>) -> Result<BTreeMap<String, String>, Trouble> {
    let built_in = Path::new("divergences.toml");
    let text = match path {
        Some(path) => read(path)?,
        None => BUILT_IN.to_owned(),
    };
    let path = path.unwrap_or(built_in);
    let list: Divergences =
        toml::from_str(&text).map_err(|error| malformed(path, &error.to_string()))?;
    let mut known = BTreeMap::new();
    for Divergence { id, why } in list.divergence {
        if why.trim().is_empty() {
            return Err(malformed(path, &format!("{id} does not say why")));
        }
        if known.insert(id.clone(), why).is_some() {
            return Err(malformed(path, &format!("{id} is there twice")));
        }
    }
    Ok(known)
}

fn write_results(path: &Path, suite: &Suite, verdicts: &[Verdict]) -> Result<(), Trouble> {
    let answer = |verdict: &Verdict| match verdict {
        Verdict::Accepted => (Actual::Success, None),
        Verdict::Refused(why) => (Actual::Failure, Some(why.clone())),
        Verdict::Skipped(why) => (Actual::Skipped, Some((*why).to_owned())),
    };
    let results = suite.testcases.iter().zip(verdicts).map(|(case, verdict)| {
        let (actual_result, context) = answer(verdict);
        CaseResult {
            id: case.id.clone(),
            actual_result,
            context,
        }
    });
    let results = Results {
        version: 1,
        harness: "pki".to_owned(),
        results: results.collect(),
    };
    let text = serde_json::to_string_pretty(&results)
        .map_err(|error| malformed(path, &error.to_string()))?;
    std::fs::write(path, text).map_err(|error| Trouble::File(path.display().to_string(), error))
}

fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|error| Trouble::File(path.display().to_string(), error))
}

fn malformed(path: &Path, why: &str) -> Trouble {
    Trouble::Malformed(path.display().to_string(), why.to_owned())
}
