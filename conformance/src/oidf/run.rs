//! A whole run: plan after plan, module after module.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use super::answers::CreatedPlan;
use super::arguments::Arguments;
use super::configuration::Setting;
use super::expected::{self, Accepted, Ended};
use super::module::{Hands, Walk};
use super::plan::{self, Plan, Variant};
use super::provider::{Provider, Settings};
use super::suite::Suite;
use super::{Outcome, Trouble, report};

/// How large a page of ours is pictured.
const PICTURE_SIZE: &str = "--window-size=1024,768";

/// Runs the plans and says whether every module ended as expected.
///
/// # Errors
/// When a plan is unknown, the suite or the provider is not there, or one of them does not do what
/// it should.
pub async fn run(arguments: &Arguments, out: &mut (dyn Write + Send)) -> Outcome<bool> {
    let accepted = accepted(arguments.expected.as_deref())?;
    let plans = arguments.plans.iter().map(|name| plan::named(name));
    let plans = plans.collect::<Outcome<Vec<Plan>>>()?;
    let ca = arguments.suite_ca.as_deref();
    let suite = Suite::new(&arguments.suite, arguments.token.clone(), ca)?;
    suite.ready().await?;
    for plan in &plans {
        suite.knows(&plan.name).await?;
    }
    let provider = Provider::start(Settings {
        idp: arguments.idp.clone(),
        issuer: arguments.issuer.clone(),
        listen: arguments.listen,
        suite_ca: arguments.suite_ca.clone(),
    })
    .await?;
    let hands = OwnHands {
        provider: &provider,
        http: provider.http()?,
        chromium: arguments.chromium.clone(),
    };
    let mut ended = Vec::new();
    for plan in &plans {
        for variant in plan.variants(&arguments.variant()) {
            let setting = Setting {
                suite: &suite,
                provider: &provider,
                plan,
                variant: &variant,
                alias: &arguments.alias,
            };
            ended.extend(one(&setting, arguments, &hands, (&accepted, out)).await?);
        }
    }
    let differ = expected::differences(&ended, &accepted, arguments.module.is_none());
    report::summary(out, &ended, &differ).map_err(printing)?;
    Ok(differ.is_empty())
}

/// One plan with one variant. It is removed from the suite afterwards unless something differs:
/// then its logs are wanted.
async fn one(
    setting: &Setting<'_>,
    arguments: &Arguments,
    hands: &OwnHands<'_>,
    (accepted, out): (&[Accepted], &mut (dyn Write + Send)),
) -> Outcome<Vec<Ended>> {
    let (suite, plan) = (setting.suite, setting.plan);
    let configuration = setting.configuration()?;
    let fixed = setting.variant;
    let created = suite.create(&plan.name, fixed, &configuration).await?;
    report::heading(out, &plan.name, &plan::shown(fixed), &created.id).map_err(printing)?;
    let walk = Walk {
        suite,
        plan,
        variant: fixed,
        created: &created,
        rules: &setting.rules(),
        patience: arguments.patience(),
        hands,
    };
    let wanted = arguments.module.as_deref().unwrap_or_default();
    let modules = created.modules.iter();
    let mut ended = Vec::new();
    for module in modules.filter(|module| module.test_module.contains(wanted)) {
        let over = walk.run(module).await?;
        report::module(out, &over).map_err(printing)?;
        ended.push(over);
    }
    match &arguments.export {
        Some(folder) => export(suite, &created, (folder, plan, fixed)).await?,
        None if expected::differences(&ended, accepted, false).is_empty() => {
            suite.remove(&created).await?;
        }
        None => {}
    }
    Ok(ended)
}

async fn export(
    suite: &Suite,
    created: &CreatedPlan,
    (folder, plan, variant): (&Path, &Plan, &Variant),
) -> Outcome<()> {
    let values: Vec<&str> = variant.values().map(String::as_str).collect();
    let path = folder.join(format!("{}-{}.zip", plan.name, values.join("-")));
    let file = |source| Trouble::File {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(file)?;
    std::fs::write(&path, suite.export(created).await?).map_err(file)
}

fn accepted(path: Option<&Path>) -> Outcome<Vec<Accepted>> {
    let Some(path) = path else {
        return expected::parse(expected::BUILT_IN);
    };
    let text = std::fs::read_to_string(path).map_err(|source| Trouble::File {
        path: path.to_owned(),
        source,
    })?;
    expected::parse(&text)
}

fn printing(source: std::io::Error) -> Trouble {
    Trouble::File {
        path: PathBuf::from("standard output"),
        source,
    }
}

/// What this program does besides talking to the suite.
struct OwnHands<'a> {
    provider: &'a Provider,
    http: reqwest::Client,
    chromium: Option<PathBuf>,
}

#[async_trait]
impl Hands for OwnHands<'_> {
    async fn rotate_keys(&self) -> Outcome<()> {
        let rotate = ["key", "rotate", "--algorithm", "RS256"];
        self.provider.administer(&rotate).map(|_| ())
    }

    async fn open(&self, url: &str) -> Outcome<()> {
        let call = format!("GET {url}");
        let sent = self.http.get(url).send().await;
        sent.map(|_| ())
            .map_err(|source| Trouble::Transport { call, source })
    }

    async fn picture(&self, url: &str) -> Outcome<Option<String>> {
        let Some(chromium) = &self.chromium else {
            return Ok(None);
        };
        let folder = tempfile::tempdir().map_err(printing)?;
        let path = folder.path().join("page.png");
        let shot = format!("--screenshot={}", path.display());
        // The provider's certificate is known to this run alone.
        let status = Command::new(chromium)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
            .args(["--ignore-certificate-errors", PICTURE_SIZE, &shot, url])
            .kill_on_drop(true)
            .status()
            .await;
        let taken = status.is_ok_and(|status| status.success());
        let bytes = std::fs::read(&path).ok().filter(|_| taken);
        Ok(bytes.map(|bytes| format!("data:image/png;base64,{}", STANDARD.encode(bytes))))
    }
}
