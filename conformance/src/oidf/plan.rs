//! Plans as data: which there are, what we choose in them, which clients they need.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Outcome, Trouble};

const PLANS: &str = include_str!("../../oidf/plans.toml");

/// The values of a plan's or module's variant, by name.
pub type Variant = BTreeMap<String, String>;

/// Which clients a plan is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// Two with a secret in the header, one with a secret in the body.
    Openid,
    /// Two that authenticate by key or certificate, with bound tokens.
    Fapi2,
    /// None: the suite registers its own.
    Dynamic,
}

/// By which channel the clients of a plan hear of a sign-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoutChannel {
    /// A frame in the browser.
    Frontchannel,
    /// A request to the server.
    Backchannel,
}

/// A plan of `plans.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name at the suite.
    pub name: String,
    /// What it leaves open and we choose.
    #[serde(default)]
    pub variant: Variant,
    /// What it is run with one after another, each with each.
    #[serde(default)]
    pub choices: BTreeMap<String, Vec<String>>,
    /// Which clients it needs.
    pub client: ClientKind,
    /// Further features of these clients, as `NAME=VALUE`.
    #[serde(default)]
    pub sets: Vec<String>,
    /// How they hear of a sign-out.
    #[serde(default)]
    pub logout: Option<LogoutChannel>,
    /// Modules that are started after our keys were rotated.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

/// Modules that must end on a page of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageModules {
    /// Their names.
    pub modules: Vec<String>,
    /// Where the browser is sent.
    pub path: String,
    /// The id of what it must find there.
    pub shows: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    plan: Vec<Plan>,
    page: Vec<PageModules>,
}

/// All plans of `plans.toml`.
///
/// # Errors
/// When the file does not parse; a test says so before anybody else does.
pub fn all() -> Outcome<Vec<Plan>> {
    file().map(|file| file.plan)
}

/// The modules of all plans that must end on a page of ours.
///
/// # Errors
/// As [`all`].
pub fn pages() -> Outcome<Vec<PageModules>> {
    file().map(|file| file.page)
}

fn file() -> Outcome<File> {
    toml::from_str(PLANS).map_err(|e| Trouble::Wrong(format!("plans.toml: {e}")))
}

/// The plan of that name.
///
/// # Errors
/// For a name that is not in `plans.toml`; tells those that are.
pub fn named(name: &str) -> Outcome<Plan> {
    let all = all()?;
    let names: Vec<String> = all.iter().map(|plan| plan.name.clone()).collect();
    let found = all.into_iter().find(|plan| plan.name == name);
    found.ok_or_else(|| {
        let known = names.join("\n  ");
        Trouble::Wrong(format!(
            "no plan {name} in plans.toml; known are\n  {known}"
        ))
    })
}

impl Plan {
    /// The variants it is run with: every combination of its choices, with `given` in place of
    /// what `plans.toml` says. A choice that is given is made.
    pub fn variants(&self, given: &Variant) -> Vec<Variant> {
        let mut variants = vec![self.variant.clone()];
        for (name, values) in self.choices.iter().filter(|(n, _)| !given.contains_key(*n)) {
            let with = |variant: &Variant, value: &String| {
                let mut variant = variant.clone();
                variant.insert(name.clone(), value.clone());
                variant
            };
            variants = variants
                .iter()
                .flat_map(|variant| values.iter().map(move |value| with(variant, value)))
                .collect();
        }
        for variant in &mut variants {
            variant.extend(given.clone());
        }
        variants
    }
}

/// A variant as it is printed.
pub fn shown(variant: &Variant) -> String {
    let pairs: Vec<String> = variant.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_plan_of_the_list_is_there_once() {
        let names: Vec<String> = all().unwrap().into_iter().map(|plan| plan.name).collect();
        assert_eq!(names.len(), 15);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 15);
        assert!(named("oidcc-basic-certification-test-plan").is_ok());
        let refused = named("oidcc-basic").unwrap_err().to_string();
        assert!(
            refused.contains("oidcc-config-certification-test-plan"),
            "{refused}"
        );
    }

    #[test]
    fn choices_are_combined_and_what_is_given_wins() {
        let plan = named("fapi2-security-profile-final-test-plan").unwrap();
        let chosen = |given: &[(&str, &str)]| -> Vec<(String, String)> {
            let given = given
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let variants = plan.variants(&given.collect());
            let of = |v: &Variant, name: &str| v[name].clone();
            variants
                .iter()
                .map(|v| (of(v, "client_auth_type"), of(v, "sender_constrain")))
                .collect()
        };
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            list.iter().map(owned).collect()
        };
        let jwt = "private_key_jwt";
        let all = [
            (jwt, "dpop"),
            (jwt, "mtls"),
            ("mtls", "dpop"),
            ("mtls", "mtls"),
        ];
        assert_eq!(chosen(&[]), pairs(&all));
        assert_eq!(
            chosen(&[("sender_constrain", "dpop")]),
            pairs(&[all[0], all[2]])
        );
        let plain = plan.variants(&Variant::from([("openid".into(), "plain_oauth".into())]));
        assert!(plain.iter().all(|v| v["openid"] == "plain_oauth"));
    }
}
