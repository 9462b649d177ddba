//! One module from its creation to its result.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::answers::{
    CreatedPlan, Made, ModuleResult, ModuleStatus, PlannedModule, Polled, Runner,
};
use super::browser::is_automated;
use super::expected::Ended;
use super::plan::{Plan, Variant};
use super::suite::Suite;
use super::{Outcome, Trouble};

/// How often an alias that is in use is asked for again, and how long in between.
const ALIAS_ATTEMPTS: u32 = 30;
const ALIAS_PAUSE: Duration = Duration::from_secs(2);
/// How long a waiting module is left alone before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The results of log entries that are repeated in the report.
const REMARKABLE: [&str; 3] = ["FAILURE", "WARNING", "INTERRUPTED"];

/// What the runner does with its own hands, where the suite's browser does nothing.
#[async_trait]
pub trait Hands: Send + Sync {
    /// Gives the provider new signing keys, published at once.
    async fn rotate_keys(&self) -> Outcome<()>;
    /// Opens an address once, as a person without cookies would.
    async fn open(&self, url: &str) -> Outcome<()>;
    /// A picture of what an address shows, as a `data:` URL; none where no browser is at hand.
    async fn picture(&self, url: &str) -> Outcome<Option<String>>;
}

/// The surroundings in which modules of one plan run.
pub struct Walk<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// The plan, as we know it.
    pub plan: &'a Plan,
    /// With which variant.
    pub variant: &'a Variant,
    /// The plan, as the suite made it.
    pub created: &'a CreatedPlan,
    /// The browser automation that the suite was given.
    pub rules: &'a [Value],
    /// The longest time of one module.
    pub patience: Duration,
    /// For what the suite's browser does not do.
    pub hands: &'a dyn Hands,
}

/// What was done for a module already.
#[derive(Default)]
struct Done {
    opened: BTreeSet<String>,
    filled: BTreeSet<String>,
    started: bool,
}

impl Walk<'_> {
    /// Runs a module to its end.
    ///
    /// # Errors
    /// When the suite does not do as its interface says. A module that fails, breaks off or does
    /// not end in time is a result.
    pub async fn run(&self, module: &PlannedModule) -> Outcome<Ended> {
        let id = self.made(module).await?;
        let mut done = Done::default();
        let finished = self.until_over(&id, module, &mut done).await?;
        let (result, remarks) = if finished {
            self.fill(&id, &mut done).await?;
            self.judged(&id).await?
        } else {
            let told = format!("not over after {} s", self.patience.as_secs());
            (ModuleResult::Unfinished, vec![told])
        };
        let own = module.variant.clone().unwrap_or_default();
        Ok(Ended {
            plan: self.plan.name.clone(),
            variant: self.variant.clone().into_iter().chain(own).collect(),
            module: module.test_module.clone(),
            result,
            remarks,
        })
    }

    /// The module before is sometimes still leaving the alias.
    async fn made(&self, module: &PlannedModule) -> Outcome<String> {
        for _ in 0..ALIAS_ATTEMPTS {
            match self.suite.make(self.created, module).await? {
                Made::Module(id) => return Ok(id),
                Made::AliasInUse => sleep(ALIAS_PAUSE).await,
            }
        }
        let name = &module.test_module;
        Err(Trouble::Wrong(format!("{name}: the alias stays in use")))
    }

    /// Whether it came to an end in time.
    async fn until_over(&self, id: &str, module: &PlannedModule, done: &mut Done) -> Outcome<bool> {
        use ModuleStatus::{Configured, Finished, Interrupted, Waiting};
        let end = Instant::now() + self.patience;
        let by_hand = self.plan.by_hand.contains(&module.test_module);
        let mut states = vec![Waiting, Finished, Interrupted];
        states.extend(by_hand.then_some(Configured));
        let mut longest = self.patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            match self.suite.wait(id, &states, left.min(longest)).await? {
                Polled::State(Finished | Interrupted) => return Ok(true),
                Polled::State(Configured) if !done.started => {
                    self.hands.rotate_keys().await?;
                    self.suite.start(id).await?;
                    done.started = true;
                    states.retain(|state| *state != Configured);
                }
                Polled::State(Waiting) => {
                    self.attend(id, done).await?;
                    // It stays in this state for a while: only its end is news.
                    states.retain(|state| *state != Waiting);
                    longest = LOOK_AGAIN;
                }
                Polled::State(_) | Polled::Timeout => {
                    if !states.contains(&Waiting) {
                        states.push(Waiting);
                    }
                    longest = self.patience;
                }
            }
        }
    }

    /// Does what the module waits for and the suite's browser does not do.
    async fn attend(&self, id: &str, done: &mut Done) -> Outcome<()> {
        let runner = self.suite.runner(id).await?;
        for url in wanted(&runner) {
            if is_automated(self.rules, url) || !done.opened.insert(url.clone()) {
                continue;
            }
            self.hands.open(url).await?;
            self.suite.visited(id, url).await?;
        }
        self.fill(id, done).await
    }

    /// Fills the placeholders of screenshots with a picture of what was opened last.
    async fn fill(&self, id: &str, done: &mut Done) -> Outcome<()> {
        let log = self.suite.log(id).await?;
        let open = log.into_iter().filter_map(|entry| entry.upload);
        let open: Vec<String> = open.filter(|name| !done.filled.contains(name)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let runner = self.suite.runner(id).await?;
        let opened = [&runner.browser.visited, &runner.browser.urls];
        let Some(last) = opened.into_iter().find_map(|urls| urls.last()) else {
            return Ok(());
        };
        let Some(picture) = self.hands.picture(last).await? else {
            return Ok(());
        };
        for placeholder in open {
            self.suite.fill(id, &placeholder, picture.clone()).await?;
            done.filled.insert(placeholder);
        }
        Ok(())
    }

    async fn judged(&self, id: &str) -> Outcome<(ModuleResult, Vec<String>)> {
        let info = self.suite.info(id).await?;
        let entries = self.suite.log(id).await?.into_iter();
        let told = entries.filter(|entry| {
            let result = entry.result.as_deref().unwrap_or_default();
            REMARKABLE.contains(&result)
        });
        let mut remarks: Vec<String> = told.map(|e| format!("{}: {}", e.src, e.msg)).collect();
        if info.status == ModuleStatus::Interrupted {
            let runner = self.suite.runner(id).await?;
            remarks.extend(runner.error.map(|error| error.to_string()));
            return Ok((ModuleResult::Unfinished, remarks));
        }
        Ok((info.result.unwrap_or(ModuleResult::Unknown), remarks))
    }
}

/// What should be opened and was not yet.
fn wanted(runner: &Runner) -> impl Iterator<Item = &String> {
    let visited: BTreeSet<&String> = runner.browser.visited.iter().collect();
    let urls = runner.browser.urls.iter();
    urls.filter(move |url| !visited.contains(url))
}
