//! Which accounts a listing holds.

use super::state::State;
use crate::base::text::search_key;
use crate::model::UnitId;
use crate::model::credential::Credential;
use crate::model::user::User;
use crate::store::records::UserFilter;

impl State {
    /// Whether an account can sign in by something of its own.
    pub(super) fn is_activated(&self, user: &User) -> bool {
        let mut own = self.credentials.values().filter(|c| c.user == user.id);
        own.any(Credential::signs_in) || !user.external_identities.is_empty()
    }
}

/// Whether an account passes a filter.
pub(super) fn passes(state: &State, user: &User, filter: &UserFilter) -> bool {
    let held = user.identifiers.iter().filter(|i| i.released_at.is_none());
    let words: Vec<String> = std::iter::once(user.name.as_str())
        .chain(held.map(|i| i.value.as_str()))
        .map(search_key)
        .collect();
    let begins = |part: &str| {
        let mut all = words.iter().flat_map(|text| text.split(' '));
        all.any(|word| word.starts_with(part))
    };
    let text = search_key(filter.text.as_deref().unwrap_or_default());
    let in_units = |units: &Vec<UnitId>| user.positions.iter().any(|p| units.contains(&p.unit));
    text.split(' ').all(begins)
        && filter.units.as_ref().is_none_or(in_units)
        && filter
            .role
            .as_ref()
            .is_none_or(|role| user.roles.iter().any(|r| r.role == *role))
        && filter.kind.is_none_or(|kind| user.kind == kind)
        && filter
            .active
            .is_none_or(|active| user.is_active() == active)
        && filter
            .activated
            .is_none_or(|activated| state.is_activated(user) == activated)
}
