//! `idp doctor`: looks for trouble, a line each, with a remedy.
//!
//! It reads only. While a server runs, the server holds the store, so the checks inside the store
//! are left out and said to be.

mod declared;
mod device;
mod files;
mod store;
mod tickets;
mod wire;

use serde::Serialize;

use super::args::{Format, Globals};
use super::failure::Failure;
use super::language::{Text, text};
use super::output::{Column, Output, column};
use super::socket;
use crate::config::{self, Settings};
use crate::outside::clock::Clock;
use crate::outside::master_key::MasterKey;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// All is well.
    Ok,
    /// It works, but not for long, or not as it should.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

/// One check's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: one word of a closed list.
    pub check: &'static str,
    /// How it went.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// What to do; empty when nothing is to be done.
    pub remedy: String,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            detail: detail.into(),
            remedy: String::new(),
        }
    }

    fn warn(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (detail, remedy) = (detail.into(), remedy.into());
        Self {
            check,
            state: State::Warn,
            detail,
            remedy,
        }
    }

    fn fail(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(check, detail, remedy)
        }
    }
}

/// What `idp doctor` answers to programs.
#[derive(Debug, Serialize)]
struct Report {
    state: State,
    findings: Vec<Finding>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Reported`] when a check failed; warnings alone are no failure.
pub async fn run(globals: &Globals, output: &mut Output) -> Result<(), Failure> {
    let file = config::file(globals.config.as_deref());
    let findings = match Settings::load(&file, std::env::vars()) {
        Ok(settings) => examine(&settings, &Clock::system()).await,
        Err(problems) => {
            let remedy = "correct it; `idp config check` lists everything";
            let finding = |problem: config::Problem| {
                Finding::fail("configuration", problem.to_string(), remedy)
            };
            problems.0.into_iter().map(finding).collect()
        }
    };
    let state = findings
        .iter()
        .map(|finding| finding.state)
        .max()
        .unwrap_or(State::Ok);
    let columns: [Column<Finding>; 4] = [
        column("state", text("", ""), |finding, style| {
            match (style.format, finding.state) {
                (Format::Table, State::Ok) => "✓".to_owned(),
                (Format::Table, State::Warn) => "!".to_owned(),
                (Format::Table, State::Fail) => "✗".to_owned(),
                (_, state) => format!("{state:?}").to_lowercase(),
            }
        }),
        column("check", text("Kiểm tra", "Check"), |finding, _| {
            finding.check.to_owned()
        }),
        column("detail", text("Kết quả", "Result"), |finding, _| {
            finding.detail.clone()
        }),
        column("remedy", text("Cách xử lý", "Remedy"), |finding, _| {
            finding.remedy.clone()
        }),
    ];
    let report = Report { state, findings };
    output.list(&report, &report.findings, &columns)?;
    if state == State::Fail {
        return Err(Failure::Reported);
    }
    if output.style.format == Format::Table {
        output.note(output.style.language.pick(NO_FAILURE));
    }
    Ok(())
}

/// Every check of an installation whose configuration has no problems.
pub async fn examine(settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", "no problems")];
    findings.extend(settings.dangers.iter().map(|key| {
        Finding::fail(
            "configuration",
            format!("{key} is set"),
            "remove it from the configuration",
        )
    }));
    findings.extend(files::permissions(settings));
    findings.extend(files::certificates(settings, clock.now()));
    findings.extend(files::authorities(settings));
    findings.extend(files::heads(&settings.audit));
    findings.extend(declared::person(settings));
    let variable = |name: &str| std::env::var(name).ok();
    let master = MasterKey::read(&settings.master_key, &settings.store.folder, variable);
    findings.extend(tickets::examine(settings).await);
    let running = socket::listens(&settings.listen.admin_socket).await.is_ok();
    match &master {
        Ok(_) => findings.push(Finding::ok("master_key", settings.master_key.to_string())),
        Err(problem) => findings.push(Finding::fail(
            "master_key",
            format!("{}: {problem}", settings.master_key),
            "restore the key from its backup, or correct its place and mode",
        )),
    }
    let device = device::examine(settings, &mut findings).await;
    findings.push(match running {
        true => wire::reachable(settings).await,
        false => Finding::warn("server", "none is running", "start it with `idp serve`"),
    });
    // A database is shared; an embedded store has one user.
    if running && settings.store.postgres.is_none() {
        let detail =
            "a server is running and holds it: keys, integrity, audit and clock not checked";
        findings.push(Finding::ok("store", detail));
        findings.extend(declared::alone(settings, clock.now()));
    } else {
        let master = master.as_ref().ok();
        let means = master.map(|master| store::Means { master, device });
        findings.extend(store::examine(settings, means, clock).await);
    }
    findings
}

const NO_FAILURE: Text = text("không có lỗi nghiêm trọng", "nothing has failed");

#[cfg(test)]
mod tests;
