//! What is printed: the machine, the rate, the latencies, the shares, the ceiling.

use std::path::Path;

use crate::ceiling::Ceiling;
use crate::drive::{Measured, as_f64};
use crate::machine;

pub(crate) fn print_machine(folder: &Path, server: u32) {
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    println!(
        "machine     {} x {}",
        machine::processors(),
        machine::processor_name()
    );
    println!("build       {build}, TLS off, audit on");
    println!(
        "store       SQLite, WAL, synchronous=FULL, on {}",
        machine::file_system(folder)
    );
    let mib = as_f64(machine::resident_kib(server)) / 1024.0;
    println!("memory      {mib:.1} MiB resident before load");
}

pub(crate) fn print_measured(name: &str, measured: &Measured) {
    let at = |quantile| measured.at(quantile);
    println!(
        "{name:<11} {:.0}/s over {:.1} s, {} refused",
        measured.rate(),
        measured.elapsed.as_secs_f64(),
        measured.refused
    );
    println!(
        "latency     p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, highest {:.2} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        as_f64(measured.latencies.max()) / 1_000.0
    );
    let whole = measured.elapsed.as_secs_f64() * as_f64(machine::processors() as u64);
    println!(
        "processors  this program {:.0} %, the server {:.0} % of the machine",
        100.0 * measured.client.as_secs_f64() / whole,
        100.0 * measured.server.as_secs_f64() / whole
    );
}

pub(crate) fn print_against(ceiling: &Ceiling, rate: f64) {
    println!(
        "S {:.0} signatures/s, H {:.0} empty requests/s, W {:.0} durable appends/s",
        ceiling.signatures, ceiling.requests, ceiling.appends
    );
    println!(
        "ceiling     {:.0}/s; reached {:.2} of it (the bound is 0.50)",
        ceiling.rate(),
        rate / ceiling.rate()
    );
}

/// Rows that are printed together in the end.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    /// A measured thing and its bound.
    pub(crate) fn row(&mut self, what: &str, bound: &str, measured: &str, kept: bool) {
        let verdict = if kept { "kept" } else { "MISSED" };
        println!("{what}: {measured} ({bound}: {verdict})");
        self.0
            .push([what, bound, measured, verdict].map(str::to_owned));
    }

    /// Something that has no bound, or was not measured.
    pub(crate) fn note(&mut self, what: &str, said: &str) {
        println!("{what}: {said}");
        self.0.push([what, "none", said, ""].map(str::to_owned));
    }

    /// Prints it as the manual has it.
    pub(crate) fn print(&self) {
        println!("\n| what | bound | measured | |\n|---|---|---|---|");
        for [what, bound, measured, verdict] in &self.0 {
            println!("| {what} | {bound} | {measured} | {verdict} |");
        }
    }
}
