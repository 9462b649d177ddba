//! Accepted results, and what differs from them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::answers::ModuleResult;
use super::plan::Variant;
use super::{Outcome, Trouble};

/// The list that comes with the program.
pub const BUILT_IN: &str = include_str!("../../oidf/expected.toml");

/// One accepted result.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// In which plan.
    pub plan: String,
    /// In runs whose variant has these values.
    #[serde(default)]
    pub variant: Variant,
    /// Of which module.
    pub module: String,
    /// The result.
    pub result: ModuleResult,
    /// Why it is accepted.
    pub why: String,
}

impl Accepted {
    fn is_about(&self, ended: &Ended) -> bool {
        let has = |(name, value)| ended.variant.get(name) == Some(value);
        self.plan == ended.plan && self.module == ended.module && self.variant.iter().all(has)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expected: Vec<Accepted>,
}

/// Reads a list.
///
/// # Errors
/// When it does not parse, an entry does not say why, or the same result is named twice.
pub fn parse(text: &str) -> Outcome<Vec<Accepted>> {
    let wrong = |what: String| Trouble::Wrong(format!("expected.toml: {what}"));
    let file: File = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let mut seen = BTreeSet::new();
    for entry in &file.expected {
        if entry.why.trim().is_empty() {
            return Err(wrong(format!("{} does not say why", entry.module)));
        }
        if !seen.insert((&entry.plan, &entry.variant, &entry.module)) {
            return Err(wrong(format!("{} is there twice", entry.module)));
        }
    }
    Ok(file.expected)
}

/// How a module ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In which plan.
    pub plan: String,
    /// With which variant of the plan and the module together.
    pub variant: Variant,
    /// Which module.
    pub module: String,
    /// How.
    pub result: ModuleResult,
    /// What the suite logged as failed, or why the module did not finish.
    pub remarks: Vec<String>,
}

/// A result that is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It ended otherwise.
    Ended {
        /// How it did.
        ended: Ended,
        /// How it should have.
        expected: ModuleResult,
    },
    /// It is named in the list, its plan was run, and it did not occur.
    Missing(Accepted),
}

/// What differs. A module that no entry is about must have passed; of several entries the one with
/// the most values counts. `whole` says whether all modules of the plans were run, so that one that
/// is missing means something.
pub fn differences(ended: &[Ended], accepted: &[Accepted], whole: bool) -> Vec<Difference> {
    let mut differences = Vec::new();
    for ended in ended {
        let about = accepted.iter().filter(|entry| entry.is_about(ended));
        let closest = about.max_by_key(|entry| entry.variant.len());
        let expected = closest.map_or(ModuleResult::Passed, |entry| entry.result);
        if ended.result != expected {
            let ended = ended.clone();
            differences.push(Difference::Ended { ended, expected });
        }
    }
    let plans: BTreeSet<&str> = ended.iter().map(|ended| ended.plan.as_str()).collect();
    let ran = |entry: &&Accepted| whole && plans.contains(entry.plan.as_str());
    for entry in accepted.iter().filter(ran) {
        if !ended.iter().any(|ended| entry.is_about(ended)) {
            differences.push(Difference::Missing(entry.clone()));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use ModuleResult::{Failed, Passed, Review, Unfinished, Warning};

    fn variant(value: &str) -> Variant {
        Variant::from([("sender_constrain".to_owned(), value.to_owned())])
    }

    fn ended(module: &str, result: ModuleResult) -> Ended {
        Ended {
            plan: "plan".into(),
            variant: variant("dpop"),
            module: module.into(),
            result,
            remarks: Vec::new(),
        }
    }

    fn accepted(module: &str, variant: Variant, result: ModuleResult) -> Accepted {
        Accepted {
            plan: "plan".into(),
            variant,
            module: module.into(),
            result,
            why: "known".into(),
        }
    }

    fn told(ends: &[Ended], list: &[Accepted], whole: bool) -> Vec<String> {
        let told = |difference| match difference {
            Difference::Ended { ended, expected } => {
                format!("{} {:?} not {expected:?}", ended.module, ended.result)
            }
            Difference::Missing(entry) => format!("{} missing", entry.module),
        };
        let all = differences(ends, list, whole);
        all.into_iter().map(told).collect()
    }

    #[test]
    fn every_result_but_the_expected_one_is_a_difference() {
        let none = Variant::new();
        let ends = [
            ended("a", Passed),
            ended("b", Failed),
            ended("c", Review),
            ended("d", Unfinished),
            ended("e", Passed),
        ];
        let list = [
            accepted("c", none.clone(), Review),
            accepted("e", none.clone(), Warning),
            accepted("gone", none.clone(), Review),
        ];
        let expected = [
            "b Failed not Passed",
            "d Unfinished not Passed",
            "e Passed not Warning",
        ];
        assert_eq!(told(&ends, &list, false), expected);
        let whole = told(&ends, &list, true);
        assert_eq!(whole.last().map(String::as_str), Some("gone missing"));
        assert_eq!(whole.len(), 4);
    }

    #[test]
    fn the_entry_that_is_closest_to_the_variant_counts() {
        let list = [
            accepted("a", Variant::new(), Warning),
            accepted("a", variant("dpop"), Review),
            accepted("a", variant("mtls"), Failed),
        ];
        assert_eq!(told(&[ended("a", Review)], &list[..2], true), [""; 0]);
        let other = [ended("a", Warning)];
        assert_eq!(told(&other, &list, false), ["a Warning not Review"]);
        // An entry of a plan that was not run says nothing.
        let mut elsewhere = list[0].clone();
        elsewhere.plan = "other".into();
        assert_eq!(told(&[], &[elsewhere], true), [""; 0]);
    }

    #[test]
    fn a_list_says_why_and_names_each_result_once() {
        let entry =
            "[[expected]]\nplan = 'p'\nmodule = 'm'\nresult = 'REVIEW'\nwhy = 'a person looks'\n";
        assert_eq!(parse(entry).unwrap().len(), 1);
        assert_eq!(parse(BUILT_IN).unwrap(), []);
        for (wrong, told) in [
            (format!("{entry}{entry}"), "twice"),
            (entry.replace("a person looks", " "), "why"),
            (entry.replace("REVIEW", "GOOD"), "GOOD"),
            (entry.replace("module", "modul"), "modul"),
        ] {
            let refused = parse(&wrong).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
