//! Flows about sessions.

use std::collections::BTreeMap;

use super::{Administration, load};
use crate::admin::session;
use crate::authn::session_end::{Ended, SignedIn};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::client::ClientId;
use crate::model::session::Session;
use crate::model::user::User;
use crate::model::{SessionId, UserId};
use crate::store::page::{Listing, PageRequest};

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct OwnedSession {
    /// The session.
    pub session: Session,
    /// Who is signed in.
    pub user: User,
    /// The clients let in, where one session is shown.
    pub clients: Vec<ClientId>,
}

/// Sessions, newest first: of one user (by id or name) who may be seen, or of everybody, which
/// is the province's to see.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn list(
    desk: &Administration,
    of: Option<&str>,
    ended: bool,
    page: &PageRequest,
) -> Result<Listing<OwnedSession>, Failure> {
    let ground = desk.ground().await?;
    let now = desk.context.here.now;
    let mut people: BTreeMap<UserId, User> = BTreeMap::new();
    let mut only = None;
    match of {
        Some(named) => {
            let user = load::user(&desk.provider, named).await?;
            ground.by.needs_account(&user, now)?;
            only = Some(user.id);
            people.insert(user.id, user);
        }
        None => ground.by.needs_everything()?,
    }
    let live_at = (!ended).then_some(now);
    let listing = desk.provider.records.sessions(only, live_at, page).await?;
    let mut entries = Vec::new();
    for session in listing.entries {
        if !people.contains_key(&session.user)
            && let Some(user) = desk.provider.records.user(session.user).await?
        {
            people.insert(user.id, user);
        }
        if let Some(user) = people.get(&session.user).cloned() {
            entries.push(OwnedSession {
                session,
                user,
                clients: Vec::new(),
            });
        }
    }
    Ok(Listing {
        entries,
        next: listing.next,
    })
}

async fn find(desk: &Administration, id: &str) -> Result<(Session, User), Failure> {
    let id: SessionId = id.parse().map_err(|_| Reason::NotFoundHere)?;
    let facts = desk
        .provider
        .records
        .session(id)
        .await?
        .ok_or(Reason::NotFoundHere)?;
    Ok((facts.session, facts.user))
}

/// A session with its clients.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn show(desk: &Administration, id: &str) -> Result<OwnedSession, Failure> {
    let ground = desk.ground().await?;
    let (session, user) = find(desk, id).await?;
    ground.by.needs_account(&user, desk.context.here.now)?;
    let grants = desk.provider.records.grants_of_session(session.id).await?;
    let mut clients: Vec<_> = grants.into_iter().map(|g| g.client).collect();
    clients.sort();
    clients.dedup();
    Ok(OwnedSession {
        session,
        user,
        clients,
    })
}

/// Ends a session.
///
/// # Errors
/// What [`session::end`] refuses with.
pub async fn end(desk: &mut Administration, id: &str) -> Result<Ended, Failure> {
    for _ in 0..ATTEMPTS {
        let (session, user) = find(desk, id).await?;
        let facts = desk
            .provider
            .signed_in_during(user.id, vec![session])
            .await?;
        if let Some(ended) = settle_end(desk, &user, &facts).await? {
            return Ok(ended);
        }
    }
    Err(contended())
}

/// Ends all sessions of a user (by id or name).
///
/// # Errors
/// What [`session::end`] refuses with.
pub async fn end_of_user(desk: &mut Administration, named: &str) -> Result<Ended, Failure> {
    for _ in 0..ATTEMPTS {
        let user = load::user(&desk.provider, named).await?;
        let now = desk.context.here.now;
        let facts = desk.provider.signed_in_everywhere(user.id, now).await?;
        if let Some(ended) = settle_end(desk, &user, &facts).await? {
            return Ok(ended);
        }
    }
    Err(contended())
}

async fn settle_end(
    desk: &mut Administration,
    user: &User,
    facts: &SignedIn,
) -> Result<Option<Ended>, Failure> {
    let ground = desk.ground().await?;
    let decision = session::end(&ground.act(), user, facts, &mut desk.context.entropy);
    desk.settle(decision).await
}
