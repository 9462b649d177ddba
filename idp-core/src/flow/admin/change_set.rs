//! Flows about change sets: shown and undone.

use super::{Administration, Ground};
use crate::admin::import::{self, AccountNow, BATCH};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::ChangeSetId;
use crate::model::change_set::{ChangeSet, ChangeSetEntry};
use crate::model::user::User;
use crate::store::page::{Listing, PageRequest};

/// An entry with the account it is about, as that is now.
pub type EntryNow = (ChangeSetEntry, Option<User>);

/// What an undo did.
#[derive(Debug, Default)]
pub struct UndoReport {
    /// The change set that records the undo; absent on a dry run.
    pub change_set: Option<ChangeSetId>,
    /// Accounts taken back.
    pub restored: u32,
    /// Entries left alone, with the accounts as they are now.
    pub kept: Vec<EntryNow>,
}

/// Change sets, newest first: the province sees all, a unit administrator the own ones.
///
/// # Errors
/// `administrator_unknown`.
pub async fn list(
    desk: &Administration,
    page: &PageRequest,
) -> Result<Listing<ChangeSet>, Failure> {
    let ground = desk.ground().await?;
    let mut listing = desk.provider.records.change_sets(page).await?;
    let signature = ground.by.signature();
    listing
        .entries
        .retain(|set| ground.by.units().is_none() || set.actor == signature);
    Ok(listing)
}

/// A change set: the province sees all, a unit administrator the own ones.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn show(desk: &Administration, id: &str) -> Result<ChangeSet, Failure> {
    let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
    let ground = desk.ground().await?;
    find(desk, &ground, id).await
}

async fn find(
    desk: &Administration,
    ground: &Ground,
    id: ChangeSetId,
) -> Result<ChangeSet, Failure> {
    let set = desk
        .provider
        .records
        .change_set(id)
        .await?
        .ok_or(Reason::NotFoundHere)?;
    let own = set.actor == ground.by.signature() || ground.by.units().is_none();
    own.then_some(set)
        .ok_or_else(|| Reason::NotFoundHere.into())
}

/// What a change set touched, from a place on.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn entries(
    desk: &Administration,
    id: &str,
    from: u32,
    limit: u32,
) -> Result<Vec<EntryNow>, Failure> {
    let set = show(desk, id).await?;
    let entries = desk
        .provider
        .records
        .change_set_entries(set.id, from, limit)
        .await?;
    let mut now = Vec::with_capacity(entries.len());
    for entry in entries {
        let user = user_of(desk, &entry).await?;
        now.push((entry, user));
    }
    Ok(now)
}

async fn user_of(desk: &Administration, entry: &ChangeSetEntry) -> Result<Option<User>, Failure> {
    match entry.id.parse() {
        Ok(id) => Ok(desk.provider.records.user(id).await?),
        Err(_) => Ok(None),
    }
}

/// All entries of a change set.
pub(super) async fn all_entries(
    desk: &Administration,
    id: ChangeSetId,
) -> Result<Vec<ChangeSetEntry>, Failure> {
    let mut entries: Vec<ChangeSetEntry> = Vec::new();
    loop {
        let from = entries.last().map_or(0, |e| e.place.saturating_add(1));
        let some = desk
            .provider
            .records
            .change_set_entries(id, from, 500)
            .await?;
        if some.is_empty() {
            return Ok(entries);
        }
        entries.extend(some);
    }
}

/// Takes a change set back, batch by batch, and lists what was left alone.
///
/// # Errors
/// What [`import::undo`] refuses with; `not_found_here`.
pub async fn undo(desk: &mut Administration, id: ChangeSetId) -> Result<UndoReport, Failure> {
    let ground = desk.ground().await?;
    let of = find(desk, &ground, id).await?;
    let mut head = import::undo(&ground.act(), &of, &mut desk.context.entropy)?;
    let mut report = UndoReport::default();
    for some in all_entries(desk, id).await?.chunks(BATCH) {
        let undone = undo_some(desk, &ground, &head, some).await?;
        head.applied = head.applied.saturating_add(undone.restored);
        for entry in undone.kept {
            let user = user_of(desk, &entry).await?;
            report.kept.push((entry, user));
        }
    }
    report.restored = head.applied;
    report.change_set = (!desk.dry_run).then_some(head.id);
    let kept = report.kept.len();
    let decision = import::close(&ground.act(), &of, &head, kept, &mut desk.context.entropy);
    desk.settle(decision)
        .await?
        .map(|()| report)
        .ok_or_else(contended)
}

async fn account_now(desk: &Administration, user: User) -> Result<AccountNow, Failure> {
    let provider = &desk.provider;
    let now = desk.context.here.now;
    Ok(AccountNow {
        credentials: provider.records.credentials(user.id).await?,
        signed_in: provider.signed_in_everywhere(user.id, now).await?,
        user,
    })
}

async fn undo_some(
    desk: &mut Administration,
    ground: &Ground,
    head: &ChangeSet,
    entries: &[ChangeSetEntry],
) -> Result<import::Undone, Failure> {
    for _ in 0..ATTEMPTS {
        let mut facts: Vec<import::EntryFacts> = Vec::new();
        for entry in entries {
            let stored = match user_of(desk, entry).await? {
                Some(user) => Some(account_now(desk, user).await?),
                None => None,
            };
            facts.push((entry.clone(), stored));
        }
        let decision = import::undo_batch(&ground.act(), head, &facts, &mut desk.context.entropy);
        if let Some(undone) = desk.settle(decision).await? {
            return Ok(undone);
        }
    }
    Err(contended())
}
