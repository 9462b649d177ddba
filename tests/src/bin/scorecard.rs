//! Prints the scorecard of the source tree and exits with 1 when a target is missed.
//!
//! Targets: a file at most 400 lines (tests apart), a function 60, five arguments; the wall clock is
//! read only in `idp-server/src/outside`, and in the wire-only client library's one clock file.
#![allow(clippy::print_stdout, reason = "a program whose answer is its output")]

use std::path::Path;
use std::process::ExitCode;

use idp_tests::source::{self, SourceFile};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const ARGUMENTS: usize = 5;

/// Files that may be longer: a trait implementation cannot be split over files, and two hold one short
/// method for each question of `Records`; the third is one table, a line for each reason. They still
/// have a bound.
const WHOLE: [&str; 3] = [
    "idp-core/src/base/reasons.rs",
    "idp-core/src/store/memory/records.rs",
    "idp-server/store/src/sql/records.rs",
];
const WHOLE_LINES: usize = 520;

/// Every crate of the workspace, and those that come with later capabilities.
const CRATES: [&str; 9] = [
    "pki",
    "idp-core",
    "ldap-bridge",
    "idp-server",
    "idp-server/store",
    "idp-server/admin-api",
    "clients/rust",
    "tests",
    "conformance",
];

/// Where reading the wall clock is the point.
const CLOCK_ROOMS: [&str; 4] = [
    "idp-server/src/outside",
    "clients/rust/src",
    "tests/src",
    "conformance/src",
];

fn main() -> ExitCode {
    let mut missed = Vec::new();
    println!(
        "{:<22} {:>5} {:>7} {:>8} {:>9} {:>8} {:>9} {:>6} {:>7}",
        "crate", "files", "lines", "longest", "functions", "median", "longest", "args", "clocks"
    );
    for name in CRATES {
        let files = source::read_crate(&source::root().join(name));
        if !files.is_empty() {
            print_row(name, &files);
            missed.extend(files.iter().flat_map(beyond_targets));
        }
    }
    println!(
        "targets: file {FILE_LINES} lines, function {FUNCTION_LINES}, arguments {ARGUMENTS}, \
         clock reads only in {}",
        CLOCK_ROOMS.join(", ")
    );
    for line in &missed {
        println!("beyond: {line}");
    }
    if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_row(name: &str, files: &[SourceFile]) {
    let mut lengths: Vec<usize> = files
        .iter()
        .flat_map(|file| file.functions.iter().map(|function| function.lines))
        .collect();
    lengths.sort_unstable();
    let arguments = files
        .iter()
        .flat_map(|file| file.functions.iter().map(|f| f.arguments))
        .max();
    println!(
        "{name:<22} {:>5} {:>7} {:>8} {:>9} {:>8} {:>9} {:>6} {:>7}",
        files.len(),
        files.iter().map(|file| file.lines).sum::<usize>(),
        files
            .iter()
            .map(|file| file.lines)
            .max()
            .unwrap_or_default(),
        lengths.len(),
        lengths.get(lengths.len() / 2).copied().unwrap_or_default(),
        lengths.last().copied().unwrap_or_default(),
        arguments.unwrap_or_default(),
        files
            .iter()
            .map(|file| file.clock_reads.len())
            .sum::<usize>(),
    );
}

fn beyond_targets(file: &SourceFile) -> Vec<String> {
    let path = file.path.display();
    let mut beyond = Vec::new();
    let bound = if WHOLE.iter().any(|long| file.path.ends_with(long)) {
        WHOLE_LINES
    } else {
        FILE_LINES
    };
    if file.lines > bound {
        beyond.push(format!("{path}: {} lines", file.lines));
    }
    for function in &file.functions {
        let at = format!("{path}:{}: {}", function.line, function.name);
        if function.lines > FUNCTION_LINES {
            beyond.push(format!("{at}: {} lines", function.lines));
        }
        if function.arguments > ARGUMENTS {
            beyond.push(format!("{at}: {} arguments", function.arguments));
        }
    }
    let allowed = CLOCK_ROOMS
        .iter()
        .any(|room| file.path.starts_with(Path::new(room)));
    if !allowed {
        let reads = file.clock_reads.iter();
        beyond.extend(
            reads.map(|read| format!("{path}:{}: {} outside its room", read.line, read.text)),
        );
    }
    beyond
}
