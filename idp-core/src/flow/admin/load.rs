//! Facts that several nouns ask for.

use std::collections::BTreeSet;

use crate::admin::session::{GrantedSession, SignedIn};
use crate::admin::user::Administrators;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::flow::{Failure, Provider};
use crate::model::identifier::IdentifierKey;
use crate::model::role::RoleName;
use crate::model::session::Session;
use crate::model::user::User;
use crate::model::{UnitId, UserId};
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

/// The sessions of a user that are not over.
async fn live_sessions(
    provider: &Provider,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Session>, Fault> {
    let mut sessions = Vec::new();
    let mut page = PageRequest::first(500);
    loop {
        let listing = provider
            .records
            .sessions(Some(user), Some(now), &page)
            .await?;
        sessions.extend(listing.entries);
        match listing.next {
            Some(next) => page.after = Some(next),
            None => return Ok(sessions),
        }
    }
}

/// Some sessions of a user with their grants, their clients and the user's subject.
pub(super) async fn granted(
    provider: &Provider,
    user: UserId,
    sessions: Vec<Session>,
) -> Result<SignedIn, Fault> {
    let mut signed_in = SignedIn::default();
    let mut clients = BTreeSet::new();
    for session in sessions {
        let grants = provider.records.grants_of_session(session.id).await?;
        clients.extend(grants.iter().map(|g| (g.issuer.clone(), g.client.clone())));
        signed_in.sessions.push(GrantedSession { session, grants });
    }
    for (issuer, id) in clients {
        signed_in
            .clients
            .extend(provider.records.client(&issuer, &id).await?);
    }
    let issuer = &provider.policy.issuer_key;
    let subject = provider.records.subject(issuer, user, "").await?;
    signed_in.sub = subject.map(|s| s.sub);
    Ok(signed_in)
}

/// Where a user is signed in.
pub(super) async fn signed_in(
    provider: &Provider,
    user: UserId,
    now: Timestamp,
) -> Result<SignedIn, Fault> {
    let sessions = live_sessions(provider, user, now).await?;
    granted(provider, user, sessions).await
}
