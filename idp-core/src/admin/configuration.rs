//! Nodes of one installation compare what they were configured with.
//!
//! The first node that knows a key writes down its value; every other compares. A node that was
//! told otherwise is not ready until its configuration is mended, or until an administrator makes
//! it the one that counts.
//!
//! Programs of two versions run side by side, so a key that one of them does not know is no
//! difference: the older program acts by the newer one's default, and the newer one adds its own
//! keys to what is written.

use std::collections::BTreeMap;

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::event::{Actor, Circumstances, What};
use crate::model::configuration::{AGREED, SharedConfiguration};
use crate::store::change::{Change, SettingWrite};
use crate::store::decision::Decision;

/// A key whose value here is not the agreed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// What the nodes agreed on.
    pub agreed: String,
    /// What this node was told.
    pub here: String,
}

/// What the nodes agreed on, as it rests: the text is kept, because a write names what it replaces.
#[derive(Clone, Debug, Default)]
pub struct Agreed {
    text: Option<String>,
    values: BTreeMap<String, String>,
}

impl Agreed {
    /// Reads the setting [`AGREED`]; an absent one is an agreement about nothing.
    ///
    /// # Errors
    /// A lasting fault when it is not what a node wrote.
    pub fn parse(text: Option<String>) -> Result<Self, Fault> {
        let values = match &text {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(text)
                .map_err(|_| Fault::lasting("store", "the agreed configuration is not JSON"))?,
        };
        Ok(Self { text, values })
    }

    /// Where `here` differs, by key. A key that only one side knows is no difference.
    #[must_use]
    pub fn differences(&self, here: &SharedConfiguration) -> Vec<Difference> {
        let both = here.0.iter().filter_map(|(key, here)| {
            let agreed = self.values.get(key)?;
            (agreed != here).then(|| Difference {
                key: key.clone(),
                agreed: agreed.clone(),
                here: here.clone(),
            })
        });
        both.collect()
    }

    /// The write that makes `values` the agreed ones; refused when another node was faster.
    fn replaced_by(&self, values: &BTreeMap<String, String>) -> Change {
        // A map of texts always has a JSON form.
        let value = serde_json::to_string(values).unwrap_or_default();
        Change::Setting(SettingWrite {
            name: AGREED.into(),
            was: self.text.clone(),
            value,
        })
    }
}

/// A node arrives: what nobody wrote down yet is written as this node has it. Answers where the
/// node differs from the rest; nothing of that is changed.
#[must_use]
pub fn join(
    agreed: &Agreed,
    here: &SharedConfiguration,
    circumstances: &Circumstances,
    entropy: &mut Entropy,
) -> Decision<Vec<Difference>> {
    let mut values = agreed.values.clone();
    let mut keys = Vec::new();
    for (key, value) in &here.0 {
        if !values.contains_key(key) {
            values.insert(key.clone(), value.clone());
            keys.push(key.clone());
        }
    }
    let decision = Decision::done(agreed.differences(here));
    if keys.is_empty() {
        return decision;
    }
    let what = What::ConfigurationAgreed { keys };
    decision
        .with_change(agreed.replaced_by(&values))
        .with_event(circumstances.event(Actor::System, what, entropy))
}

/// An administrator makes this node's configuration the one that counts; answers what changed by
/// that. Nodes that were told otherwise are not ready from then on.
///
/// Refuses with `outside_scope`, `configuration_not_shared`.
#[must_use]
pub fn agree(
    act: &Act<'_>,
    agreed: &Agreed,
    here: Option<&SharedConfiguration>,
    entropy: &mut Entropy,
) -> Decision<Vec<Difference>> {
    let here = match compared(act, here) {
        Ok(here) => here,
        Err(reason) => return Decision::refused(reason),
    };
    let differences = agreed.differences(here);
    if differences.is_empty() {
        return Decision::done(differences);
    }
    let mut values = agreed.values.clone();
    values.extend(here.0.clone());
    let keys = differences.iter().map(|d| d.key.clone()).collect();
    let event = act.event(What::ConfigurationAgreed { keys }, entropy);
    Decision::done(differences)
        .with_change(agreed.replaced_by(&values))
        .with_event(event)
}

/// What is compared, for an administrator who may know.
///
/// # Errors
/// [`Reason::OutsideScope`]; [`Reason::ConfigurationNotShared`] where one process has the store
/// for itself.
pub fn compared<'a>(
    act: &Act<'_>,
    here: Option<&'a SharedConfiguration>,
) -> Result<&'a SharedConfiguration, Reason> {
    act.by.needs_everything()?;
    here.ok_or(Reason::ConfigurationNotShared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW, Stage};
    use crate::base::issuer::IssuerKey;
    use crate::store::decision::Outcome;

    fn shared(values: &[(&str, &str)]) -> SharedConfiguration {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        SharedConfiguration(values.iter().map(owned).collect())
    }

    fn agreed(values: &[(&str, &str)]) -> Agreed {
        let text = serde_json::to_string(&shared(values)).unwrap();
        Agreed::parse(Some(text)).unwrap()
    }

    fn joined(agreed: &Agreed, here: &SharedConfiguration) -> Decision<Vec<Difference>> {
        let circumstances = Circumstances::of_system(IssuerKey::main(), NOW);
        join(agreed, here, &circumstances, &mut sample::entropy())
    }

    fn written(decision: &Decision<Vec<Difference>>) -> Option<SettingWrite> {
        match decision.changes.as_slice() {
            [] => None,
            [Change::Setting(write)] => Some(write.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_node_writes_and_the_second_compares() {
        let first = joined(&Agreed::default(), &shared(&[("a", "1"), ("b", "2")]));
        let write = written(&first).unwrap();
        assert_eq!((write.name.as_ref(), write.was), (AGREED, None));
        assert_eq!(write.value, r#"{"a":"1","b":"2"}"#);
        assert_eq!(first.events.len(), 1);

        let stored = Agreed::parse(Some(write.value)).unwrap();
        let second = joined(&stored, &shared(&[("a", "1"), ("b", "3")]));
        assert!(second.changes.is_empty() && second.events.is_empty());
        let Outcome::Done(differences) = second.outcome else {
            panic!("refused")
        };
        let [only] = differences.as_slice() else {
            panic!("{differences:?}")
        };
        assert_eq!((&*only.key, &*only.agreed, &*only.here), ("b", "2", "3"));
    }

    #[test]
    fn programs_of_two_versions_agree_about_what_both_know() {
        // The older one meets a key it does not know, the newer one brings one.
        assert!(
            agreed(&[("a", "1"), ("new", "x")])
                .differences(&shared(&[("a", "1")]))
                .is_empty()
        );
        let newer = joined(&agreed(&[("a", "1")]), &shared(&[("a", "1"), ("new", "y")]));
        let write = written(&newer).unwrap();
        assert_eq!(write.value, r#"{"a":"1","new":"y"}"#);
        assert_eq!(write.was.as_deref(), Some(r#"{"a":"1"}"#));
    }

    #[test]
    fn an_administrator_makes_this_nodes_configuration_the_one_that_counts() {
        let stage = Stage::province();
        let before = agreed(&[("a", "1"), ("b", "2"), ("newer", "z")]);
        let here = shared(&[("a", "1"), ("b", "3")]);
        let decision = agree(&stage.act(), &before, Some(&here), &mut sample::entropy());
        assert_eq!(
            written(&decision).unwrap().value,
            r#"{"a":"1","b":"3","newer":"z"}"#
        );
        let keys = vec!["b".to_owned()];
        assert_eq!(decision.events[0].what, What::ConfigurationAgreed { keys });

        let same = agree(
            &stage.act(),
            &agreed(&[("b", "3")]),
            Some(&here),
            &mut sample::entropy(),
        );
        assert!(same.changes.is_empty() && same.events.is_empty());
    }

    #[test]
    fn only_the_provinces_administrators_compare_and_only_what_is_shared() {
        let here = shared(&[("a", "1")]);
        let outside = compared(&Stage::health().act(), Some(&here));
        assert_eq!(outside, Err(Reason::OutsideScope));
        let alone = compared(&Stage::province().act(), None);
        assert_eq!(alone, Err(Reason::ConfigurationNotShared));
    }

    #[test]
    fn what_no_node_wrote_is_a_fault() {
        assert!(Agreed::parse(Some("[1]".to_owned())).is_err());
        assert!(
            Agreed::parse(None)
                .unwrap()
                .differences(&shared(&[("a", "1")]))
                .is_empty()
        );
    }
}
