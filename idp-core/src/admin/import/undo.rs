//! A change set is taken back, as far as nothing was changed since.

use super::apply::{begin, count};
use crate::admin::acting::Act;
use crate::admin::session::ending;
use crate::authn::session_end::SignedIn;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::event::What;
use crate::model::change_set::{ChangeSet, ChangeSetEntry, ChangeSetKind, ChangeSetState};
use crate::model::credential::Credential;
use crate::model::session::SessionEnd;
use crate::model::user::{AccountState, User};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// Whether a change set may be undone: an import, applied or broken off, not undone yet.
///
/// # Errors
/// [`Reason::ChangeSetNotUndoable`]; [`Reason::OutsideScope`] for a unit administrator who did
/// not begin it.
pub fn undo(act: &Act<'_>, of: &ChangeSet, entropy: &mut Entropy) -> Result<ChangeSet, Reason> {
    let fits = of.kind == ChangeSetKind::UserImport && of.state != ChangeSetState::Undone;
    if !fits {
        return Err(Reason::ChangeSetNotUndoable);
    }
    if of.actor != act.by.signature() {
        act.by.needs_everything()?;
    }
    Ok(begin(act, ChangeSetKind::Undo, &of.title, 0, entropy))
}

/// What one batch of an undo did.
#[derive(Clone, Debug, Default)]
pub struct Undone {
    /// Accounts taken back.
    pub restored: u32,
    /// Entries left alone, because the account changed since, is gone, or lies out of reach.
    pub kept: Vec<ChangeSetEntry>,
}

/// An account as it is now.
#[derive(Clone, Debug)]
pub struct AccountNow {
    /// The account.
    pub user: User,
    /// Its credentials.
    pub credentials: Vec<Credential>,
    /// Where the person is signed in.
    pub signed_in: SignedIn,
}

/// An entry with its account; nothing when that is gone.
pub type EntryFacts = (ChangeSetEntry, Option<AccountNow>);

/// Takes back some entries of an import. An account that nobody changed since is disabled, its
/// links stop working, its sessions end and their clients are told; it is not removed, because
/// its names stay reserved.
pub fn undo_batch(
    act: &Act<'_>,
    head: &ChangeSet,
    entries: &[EntryFacts],
    entropy: &mut Entropy,
) -> Decision<Undone> {
    let mut undone = Undone::default();
    let mut decision = Decision::done(Undone::default());
    for (entry, stored) in entries {
        let unchanged = stored.as_ref().filter(|now| {
            let version = now.user.version;
            version == entry.after && act.by.needs_account(&now.user, act.now()).is_ok()
        });
        let Some(account) = unchanged else {
            undone.kept.push(entry.clone());
            continue;
        };
        undone.restored += 1;
        let place = head.applied.saturating_add(undone.restored - 1);
        let user = account.user.id;
        let changes = taken_back(act, head, place, account);
        decision.changes.extend(changes);
        let what = What::UserDisabled { user };
        let ended = ending(act, SessionEnd::AccountDisabled).end_all(
            user,
            None,
            &account.signed_in,
            entropy,
        );
        decision = ended.join(decision.with_event(act.event(what, entropy)));
    }
    decision.outcome = crate::store::decision::Outcome::Done(undone);
    decision
}

fn taken_back(act: &Act<'_>, head: &ChangeSet, place: u32, account: &AccountNow) -> Vec<Change> {
    let user = &account.user;
    let mut disabled = user.clone();
    let why = "import undone".to_owned();
    disabled.state = AccountState::Disabled { at: act.now(), why };
    disabled.updated_at = act.now();
    let entry = ChangeSetEntry {
        change_set: head.id,
        place,
        aggregate: "user".to_owned(),
        id: user.id.to_string(),
        after: user.version.next(),
        before: serde_json::to_string(user).ok(),
    };
    let links = account
        .credentials
        .iter()
        .filter(|c| c.password().is_none());
    let links = links.map(|c| Change::Credential(Write::Remove(c.clone())));
    [
        Change::User(Write::Put(disabled)),
        Change::ChangeSetEntry(entry),
    ]
    .into_iter()
    .chain(links)
    .collect()
}

/// Closes an undo: both heads are written, with how far it went. The caller's `undo` head counts
/// what was taken back.
pub fn close(
    act: &Act<'_>,
    of: &ChangeSet,
    undo: &ChangeSet,
    kept: usize,
    entropy: &mut Entropy,
) -> Decision<()> {
    let mut done = of.clone();
    done.state = ChangeSetState::Undone;
    let mut applied = undo.clone();
    applied.state = ChangeSetState::Applied;
    applied.planned = applied.applied;
    let what = What::ChangeSetUndone {
        change_set: of.id,
        restored: undo.applied,
        kept: count(kept),
    };
    Decision::done(())
        .with_change(Change::ChangeSet(Write::Put(done)))
        .with_change(Change::ChangeSet(Write::Put(applied)))
        .with_event(act.event(what, entropy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, Stage, done, with_position};
    use crate::model::Version;
    use crate::model::client::ClientKind;

    fn entry(user: &User) -> ChangeSetEntry {
        ChangeSetEntry {
            change_set: crate::model::ChangeSetId::from_u128(1),
            place: 0,
            aggregate: "user".into(),
            id: user.id.to_string(),
            after: Version(1),
            before: None,
        }
    }

    fn now(user: &User) -> Option<AccountNow> {
        Some(AccountNow {
            user: user.clone(),
            credentials: Vec::new(),
            signed_in: SignedIn::default(),
        })
    }

    #[test]
    fn only_accounts_that_nobody_changed_are_taken_back() {
        let stage = Stage::health();
        let mut entropy = sample::entropy();
        let own = with_position(sample::user("an"), HEALTH);
        let changed = User {
            version: Version(2),
            ..with_position(sample::user("binh"), HEALTH)
        };
        let elsewhere = sample::user("chi");
        let head = begin(&stage.act(), ChangeSetKind::Undo, "x", 0, &mut entropy);
        let facts = vec![
            (entry(&own), now(&own)),
            (entry(&changed), now(&changed)),
            (entry(&elsewhere), now(&elsewhere)),
            (entry(&sample::user("dung")), None),
        ];
        let decision = undo_batch(&stage.act(), &head, &facts, &mut entropy);
        assert_eq!((decision.changes.len(), decision.events.len()), (3, 1));
        let undone = done(decision);
        assert_eq!((undone.restored, undone.kept.len()), (1, 3));
    }

    #[test]
    fn whoever_signed_in_meanwhile_is_signed_out_and_the_clients_are_told() {
        let stage = Stage::health();
        let mut entropy = sample::entropy();
        let user = with_position(sample::user("an"), HEALTH);
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let session = sample::session(user.id);
        let mut account = now(&user).unwrap();
        account.signed_in = SignedIn {
            grants: vec![sample::grant(&session, &client)],
            sessions: vec![session],
            clients: vec![client],
            sub: Some("sub".into()),
        };
        let head = begin(&stage.act(), ChangeSetKind::Undo, "x", 0, &mut entropy);
        let facts = vec![(entry(&user), Some(account))];
        let decision = undo_batch(&stage.act(), &head, &facts, &mut entropy);
        let kinds = decision.changes.iter().map(|change| match change {
            Change::User(_) => "user",
            Change::ChangeSetEntry(_) => "entry",
            Change::EndSessions(_) => "end",
            Change::Outbox(_) => "outbox",
            _ => "other",
        });
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds, ["user", "entry", "end", "outbox"]);
        let events = decision.events.iter().map(|event| match event.what {
            What::UserDisabled { .. } => "disabled",
            What::SessionEnded { .. } => "session",
            What::GrantRevoked { .. } => "grant",
            _ => "other",
        });
        let events: Vec<_> = events.collect();
        assert_eq!(events, ["disabled", "session", "grant"]);
    }

    #[test]
    fn an_undo_is_final_and_belongs_to_who_began() {
        let (province, health) = (Stage::province(), Stage::health());
        let mut entropy = sample::entropy();
        let mut set = begin(
            &health.act(),
            ChangeSetKind::UserImport,
            "x",
            1,
            &mut entropy,
        );
        assert!(undo(&health.act(), &set, &mut entropy).is_ok());
        assert!(undo(&province.act(), &set, &mut entropy).is_ok());
        set.actor = "somebody".into();
        assert_eq!(
            undo(&health.act(), &set, &mut entropy),
            Err(Reason::OutsideScope)
        );
        set.state = ChangeSetState::Undone;
        assert_eq!(
            undo(&province.act(), &set, &mut entropy),
            Err(Reason::ChangeSetNotUndoable)
        );
        let undo_of_undo = begin(&province.act(), ChangeSetKind::Undo, "x", 1, &mut entropy);
        assert_eq!(
            undo(&province.act(), &undo_of_undo, &mut entropy),
            Err(Reason::ChangeSetNotUndoable)
        );
    }
}
