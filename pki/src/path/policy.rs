//! Certificate policies along a path: the policy graph of RFC 9618, which replaces the tree of RFC
//! 5280 §6.1.2 (a) and says the same with at most one node per policy and depth, so that no path
//! makes it grow exponentially.

use std::collections::{BTreeMap, BTreeSet};

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::oid::Oid;

use super::PathRules;

/// A policy at one depth.
#[derive(Clone, Debug)]
struct Node {
    /// Which policies of the next certificate satisfy it.
    expected: BTreeSet<Oid>,
    /// The policies one depth above that it comes from.
    parents: BTreeSet<Oid>,
}

/// The nodes of each depth, from 0; nodes without children are gone.
type Graph = Vec<BTreeMap<Oid, Node>>;

/// What RFC 5280 §6.1.2 keeps about policies.
#[derive(Clone, Debug)]
pub(super) struct Policies {
    graph: Option<Graph>,
    explicit: usize,
    mapping: usize,
    any: usize,
}

impl Policies {
    /// Before the first of `n` certificates.
    pub(super) fn new(rules: &PathRules, n: usize) -> Self {
        let unless = |asked: bool| if asked { 0 } else { n + 1 };
        let any = Oid::any_policy();
        let root = Node {
            expected: BTreeSet::from([any.clone()]),
            parents: BTreeSet::new(),
        };
        Self {
            graph: Some(vec![BTreeMap::from([(any, root)])]),
            explicit: unless(rules.explicit_policy),
            mapping: unless(rules.inhibit_policy_mapping),
            any: unless(rules.inhibit_any_policy),
        }
    }

    /// RFC 5280 §6.1.3 (d) to (f) in the form of RFC 9618 §5.4.
    pub(super) fn process(
        &mut self,
        certificate: &Certificate,
        is_last: bool,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        let any_counts = self.any > 0 || (!is_last && certificate.is_self_issued());
        match (&certificate.extensions.policies, self.graph.as_mut()) {
            (Some(policies), Some(graph)) => {
                let above = graph.last().cloned().unwrap_or_default();
                budget.comparisons(above.len() * policies.len())?;
                graph.push(next_depth(&above, policies, any_counts));
                self.prune();
            }
            _ => self.graph = None,
        }
        if self.explicit == 0 && self.graph.is_none() {
            return Err(Rejection::PolicyMissing);
        }
        Ok(())
    }

    /// RFC 5280 §6.1.4 (a), (b), (h) to (j).
    pub(super) fn prepare(
        &mut self,
        certificate: &Certificate,
        budget: &mut Budget,
    ) -> Result<(), Rejection> {
        self.map(&certificate.extensions.policy_mappings, budget)?;
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let lower = |counter: &mut usize, bound: Option<u32>| {
            if let Some(bound) = bound.and_then(|b| usize::try_from(b).ok()) {
                *counter = bound.min(*counter);
            }
        };
        let constraints = certificate
            .extensions
            .policy_constraints
            .unwrap_or_default();
        lower(&mut self.explicit, constraints.require_explicit);
        lower(&mut self.mapping, constraints.inhibit_mapping);
        lower(&mut self.any, certificate.extensions.inhibit_any_policy);
        Ok(())
    }

    fn map(&mut self, mappings: &[(Oid, Oid)], budget: &mut Budget) -> Result<(), Rejection> {
        let any = Oid::any_policy();
        let mut mapped: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (issuers, subjects) in mappings {
            if *issuers == any || *subjects == any {
                return Err(Rejection::PolicyMappingInvalid);
            }
            mapped.entry(issuers).or_default().insert(subjects.clone());
        }
        let Some(depth) = self.graph.as_mut().and_then(|graph| graph.last_mut()) else {
            return Ok(());
        };
        budget.comparisons(mapped.len())?;
        let has_any = depth.contains_key(&any);
        for (issuers, subjects) in mapped {
            if self.mapping == 0 {
                depth.remove(issuers);
            } else if let Some(node) = depth.get_mut(issuers) {
                node.expected = subjects;
            } else if has_any {
                let node = Node {
                    expected: subjects,
                    parents: BTreeSet::from([any.clone()]),
                };
                depth.insert(issuers.clone(), node);
            }
        }
        self.prune();
        Ok(())
    }

    /// Takes away what has no children; a graph without nodes is none.
    fn prune(&mut self) {
        let Some(graph) = self.graph.as_mut() else {
            return;
        };
        let mut wanted: Option<BTreeSet<Oid>> = None;
        for depth in graph.iter_mut().rev() {
            if let Some(wanted) = &wanted {
                depth.retain(|policy, _| wanted.contains(policy));
            }
            wanted = Some(
                depth
                    .values()
                    .flat_map(|n| n.parents.iter().cloned())
                    .collect(),
            );
        }
        if graph.iter().any(BTreeMap::is_empty) {
            self.graph = None;
        }
    }

    /// RFC 5280 §6.1.5 (a), (b), (g): the policies that the user may count on.
    pub(super) fn conclude(
        mut self,
        last: &Certificate,
        initial: &BTreeSet<Oid>,
    ) -> Result<BTreeSet<Oid>, Rejection> {
        self.explicit = self.explicit.saturating_sub(1);
        let constraints = last.extensions.policy_constraints.unwrap_or_default();
        if constraints.require_explicit == Some(0) {
            self.explicit = 0;
        }
        let left = self.user_constrained(initial);
        if self.explicit == 0 && left.is_empty() {
            return Err(Rejection::PolicyMissing);
        }
        Ok(left)
    }

    /// The policies in the words of the anchor's own domain: those directly below `anyPolicy`.
    fn user_constrained(&self, initial: &BTreeSet<Oid>) -> BTreeSet<Oid> {
        let any = Oid::any_policy();
        let Some(graph) = &self.graph else {
            return BTreeSet::new();
        };
        let ends_in_any = graph.last().is_some_and(|depth| depth.contains_key(&any));
        let authority: BTreeSet<Oid> = graph
            .iter()
            .flat_map(BTreeMap::iter)
            .filter(|(policy, node)| **policy != any && node.parents.contains(&any))
            .map(|(policy, _)| policy.clone())
            .collect();
        match (initial.contains(&any), ends_in_any) {
            (true, true) => authority.into_iter().chain([any]).collect(),
            (true, false) => authority,
            (false, true) => initial.clone(),
            (false, false) => authority.intersection(initial).cloned().collect(),
        }
    }
}

fn next_depth(
    above: &BTreeMap<Oid, Node>,
    policies: &[Oid],
    any_counts: bool,
) -> BTreeMap<Oid, Node> {
    let any = Oid::any_policy();
    let from = |policy: &Oid| -> BTreeSet<Oid> {
        let expecting = above
            .iter()
            .filter(|(_, node)| node.expected.contains(policy));
        expecting.map(|(above, _)| above.clone()).collect()
    };
    let node = |policy: &Oid, parents| Node {
        expected: BTreeSet::from([policy.clone()]),
        parents,
    };
    let mut depth = BTreeMap::new();
    for policy in policies.iter().filter(|p| **p != any) {
        let parents = from(policy);
        if !parents.is_empty() {
            depth.insert(policy.clone(), node(policy, parents));
        } else if above.contains_key(&any) {
            let parents = BTreeSet::from([any.clone()]);
            depth.insert(policy.clone(), node(policy, parents));
        }
    }
    if policies.contains(&any) && any_counts {
        let expected: BTreeSet<&Oid> = above.values().flat_map(|n| &n.expected).collect();
        for policy in expected {
            if !depth.contains_key(policy) {
                depth.insert(policy.clone(), node(policy, from(policy)));
            }
        }
    }
    depth
}
