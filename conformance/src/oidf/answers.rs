//! The words of the suite's answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::Variant;

/// Where a module stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ModuleStatus {
    /// Made.
    Created,
    /// Knows its configuration, and waits to be started by hand.
    Configured,
    /// Works.
    Running,
    /// Waits for a browser or for us.
    Waiting,
    /// Came to its end.
    Finished,
    /// Broke off.
    Interrupted,
}

impl ModuleStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Configured => "CONFIGURED",
            Self::Running => "RUNNING",
            Self::Waiting => "WAITING",
            Self::Finished => "FINISHED",
            Self::Interrupted => "INTERRUPTED",
        }
    }
}

/// How a module ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ModuleResult {
    /// Nothing was wrong.
    Passed,
    /// Something could be better.
    Warning,
    /// A person has to look at a screenshot.
    Review,
    /// It did not apply.
    Skipped,
    /// Something was wrong.
    Failed,
    /// The suite does not say.
    Unknown,
    /// Ours: it broke off, or did not end in time.
    #[serde(rename = "UNFINISHED")]
    Unfinished,
}

impl ModuleResult {
    /// As the suite writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warning => "WARNING",
            Self::Review => "REVIEW",
            Self::Skipped => "SKIPPED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
            Self::Unfinished => "UNFINISHED",
        }
    }
}

/// A plan that was created.
#[derive(Clone, Debug, Deserialize)]
pub struct CreatedPlan {
    /// Its identifier.
    pub id: String,
    /// Its modules, in order.
    pub modules: Vec<PlannedModule>,
}

/// A module of a plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedModule {
    /// Its name.
    pub test_module: String,
    /// Its own variant, beside the plan's.
    #[serde(default)]
    pub variant: Option<Variant>,
}

/// What a browser should open, and what it opened.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct BrowserState {
    /// Should.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Did.
    #[serde(default)]
    pub visited: Vec<String>,
}

/// A module while it runs.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Runner {
    /// Its error, where it broke off.
    #[serde(default)]
    pub error: Option<Value>,
    /// Its browser.
    #[serde(default)]
    pub browser: BrowserState,
}

/// A module as it is listed.
#[derive(Clone, Debug, Deserialize)]
pub struct Info {
    /// Where it stands.
    pub status: ModuleStatus,
    /// How it ended, once it has.
    #[serde(default)]
    pub result: Option<ModuleResult>,
}

/// A line of a module's log.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Which condition wrote it.
    #[serde(default)]
    pub src: String,
    /// What came of it, where something did: `FAILURE`, `WARNING`, `SUCCESS`…
    #[serde(default)]
    pub result: Option<String>,
    /// In words.
    #[serde(default)]
    pub msg: String,
    /// The name of a screenshot that is wanted here.
    #[serde(default)]
    pub upload: Option<String>,
}

/// What a long poll ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// One of the states.
    State(ModuleStatus),
    /// None of them in time.
    Timeout,
}

/// Whether a module could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// Its identifier.
    Module(String),
    /// Another module still uses the alias.
    AliasInUse,
}

#[derive(Deserialize)]
pub(super) struct Identified {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct StateAnswer {
    #[serde(default)]
    pub(super) state: Option<ModuleStatus>,
    #[serde(default)]
    pub(super) timeout: bool,
}
