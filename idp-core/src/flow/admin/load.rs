//! Facts that several nouns ask for.

use crate::admin::user::Administrators;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::flow::{Failure, Provider};
use crate::model::UnitId;
use crate::model::identifier::IdentifierKey;
use crate::model::role::RoleName;
use crate::model::user::User;
use crate::store::page::PageRequest;
use crate::store::records::UserFilter;

/// The account with this id, or with this identifier.
pub(super) async fn find_user(provider: &Provider, named: &str) -> Result<Option<User>, Fault> {
    if let Ok(id) = named.parse()
        && let Some(user) = provider.records.user(id).await?
    {
        return Ok(Some(user));
    }
    let Some(key) = IdentifierKey::typed(named) else {
        return Ok(None);
    };
    let found = provider.records.user_by_identifier(&key).await?;
    Ok(found.map(|(user, _)| user))
}

/// The same, for something that is to be done with the account.
pub(super) async fn user(provider: &Provider, named: &str) -> Result<User, Failure> {
    find_user(provider, named)
        .await?
        .ok_or_else(|| Reason::NotFoundHere.into())
}

/// Everybody who passes a filter, all pages.
pub(super) async fn everybody(
    provider: &Provider,
    filter: &UserFilter,
) -> Result<Vec<User>, Fault> {
    let mut people = Vec::new();
    let mut page = PageRequest::first(500);
    loop {
        let listing = provider.records.users(filter, &page).await?;
        people.extend(listing.entries);
        match listing.next {
            Some(next) => page.after = Some(next),
            None => return Ok(people),
        }
    }
}

/// Everybody with a position in a unit.
pub(super) async fn people_of(provider: &Provider, unit: UnitId) -> Result<Vec<User>, Fault> {
    let filter = UserFilter {
        units: Some(vec![unit]),
        ..UserFilter::default()
    };
    everybody(provider, &filter).await
}

/// Who could administer the province.
pub(super) async fn administrators(provider: &Provider) -> Result<Administrators, Fault> {
    let role = RoleName::province_administrator();
    let filter = UserFilter {
        role: Some(role.clone()),
        active: Some(true),
        ..UserFilter::default()
    };
    Ok(Administrators {
        role: provider.records.role(&role).await?,
        holders: everybody(provider, &filter).await?,
    })
}
