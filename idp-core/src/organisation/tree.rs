//! The tree of organisation units, read whole and asked many times.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::search_key;
use crate::model::UnitId;
use crate::model::identifier::AgencyCode;
use crate::model::organisation_unit::{OrganisationUnit, UnitState};

/// All units with their parent and child relations. A parent that does not exist makes a root;
/// no walk goes round in circles, whatever the store holds.
#[derive(Clone, Debug, Default)]
pub struct UnitTree {
    units: BTreeMap<UnitId, OrganisationUnit>,
    children: BTreeMap<UnitId, Vec<UnitId>>,
}

impl UnitTree {
    /// Builds the tree.
    pub fn new(units: Vec<OrganisationUnit>) -> Self {
        let mut children: BTreeMap<UnitId, Vec<UnitId>> = BTreeMap::new();
        for unit in &units {
            if let Some(parent) = unit.parent {
                children.entry(parent).or_default().push(unit.id);
            }
        }
        let units = units.into_iter().map(|u| (u.id, u)).collect();
        Self { units, children }
    }

    /// A unit.
    pub fn find(&self, id: UnitId) -> Option<&OrganisationUnit> {
        self.units.get(&id)
    }

    /// The unit with a code.
    pub fn find_by_code(&self, code: &str) -> Option<&OrganisationUnit> {
        self.units.values().find(|u| u.code.as_str() == code)
    }

    /// The unit with an id or a code, in any of its accepted forms.
    pub fn named(&self, text: &str) -> Option<&OrganisationUnit> {
        let by_id = text.parse().ok().and_then(|id| self.find(id));
        by_id.or_else(|| self.find_by_code(AgencyCode::parse(text).ok()?.as_str()))
    }

    /// Every unit.
    pub fn iter(&self) -> impl Iterator<Item = &OrganisationUnit> {
        self.units.values()
    }

    /// The units directly below `id`.
    pub fn children(&self, id: UnitId) -> impl Iterator<Item = &OrganisationUnit> {
        let ids = self
            .children
            .get(&id)
            .map(Vec::as_slice)
            .unwrap_or_default();
        ids.iter().filter_map(|id| self.units.get(id))
    }

    /// `id` and everything below it; empty when there is no such unit.
    pub fn subtree(&self, id: UnitId) -> BTreeSet<UnitId> {
        let mut reached = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            if self.units.contains_key(&next) && reached.insert(next) {
                open.extend(self.children(next).map(|u| u.id));
            }
        }
        reached
    }

    /// The unit and those above it, root first; empty when there is no such unit.
    pub fn path(&self, id: UnitId) -> Vec<&OrganisationUnit> {
        let mut path: Vec<&OrganisationUnit> = Vec::new();
        let mut next = self.units.get(&id);
        while let Some(unit) = next {
            if path.iter().any(|seen| seen.id == unit.id) {
                break;
            }
            path.push(unit);
            next = unit.parent.and_then(|parent| self.units.get(&parent));
        }
        path.reverse();
        path
    }

    /// Whether anything in use lies directly below `id`.
    pub fn has_active_children(&self, id: UnitId) -> bool {
        self.children(id).any(|u| u.state == UnitState::Active)
    }

    /// Units whose code begins with `text` (in any case), or in whose Vietnamese or English name
    /// each word of `text` begins some word, without diacritics; by code.
    pub fn search(&self, text: &str) -> Vec<&OrganisationUnit> {
        let key = search_key(text);
        let mut found: Vec<_> = self.iter().filter(|u| matches(u, &key)).collect();
        found.sort_by(|a, b| a.code.cmp(&b.code));
        found
    }
}

fn matches(unit: &OrganisationUnit, key: &str) -> bool {
    let in_name = |name: &str| {
        let name = search_key(name);
        key.split(' ')
            .all(|word| name.split(' ').any(|n| n.starts_with(word)))
    };
    unit.code.as_str().to_ascii_lowercase().starts_with(key)
        || in_name(&unit.name.vi)
        || unit.name.en.as_deref().is_some_and(in_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;

    #[test]
    fn walks_reach_what_lies_below_and_above() {
        let tree = sample::tree();
        let codes = |ids: Vec<&OrganisationUnit>| {
            ids.iter().map(|u| u.code.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            tree.subtree(sample::HEALTH),
            BTreeSet::from([sample::HEALTH, sample::CLINIC])
        );
        assert_eq!(
            codes(tree.path(sample::CLINIC)),
            ["H42", "H42.05", "H42.05.01"]
        );
        assert!(tree.subtree(UnitId::from_u128(99)).is_empty());
        assert!(tree.path(UnitId::from_u128(99)).is_empty());
    }

    #[test]
    fn a_circle_in_the_store_ends_every_walk() {
        let mut units: Vec<_> = sample::tree().iter().cloned().collect();
        for unit in &mut units {
            if unit.id == sample::PROVINCE {
                unit.parent = Some(sample::CLINIC);
            }
        }
        let tree = UnitTree::new(units);
        assert_eq!(tree.subtree(sample::CLINIC).len(), 4);
        assert_eq!(tree.path(sample::CLINIC).len(), 3);
    }

    #[test]
    fn search_needs_no_diacritics() {
        let tree = sample::tree();
        let found = |text| {
            tree.search(text)
                .iter()
                .map(|u| u.code.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("so y te"), ["H42.05"]);
        assert_eq!(found("Y TẾ"), ["H42.05", "H42.05.01"]);
        assert_eq!(found("h42.06"), ["H42.06"]);
        assert_eq!(found("health"), ["H42.05"]);
        assert!(found("khong co").is_empty());
    }
}
