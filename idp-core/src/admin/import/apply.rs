//! What was planned is written, a bounded number of accounts at a time.

use super::PlannedUser;
use crate::admin::acting::Act;
use crate::admin::user::{MadeLink, make_link};
use crate::base::entropy::Entropy;
use crate::base::text::nfc;
use crate::event::What;
use crate::model::change_set::{ChangeSet, ChangeSetEntry, ChangeSetKind, ChangeSetState};
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::user::User;
use crate::model::{ChangeSetId, CredentialId, UserId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// Accounts in one batch: few enough that a sign-in never waits long for the one writer.
pub const BATCH: usize = 200;

/// A planned account whose imported hash, if any, is wrapped in Argon2id.
#[derive(Debug)]
pub struct ReadyUser {
    /// The account.
    pub planned: PlannedUser,
    /// The wrapped hash.
    pub password: Option<String>,
}

/// The head of a change set that is about to begin.
pub fn begin(
    act: &Act<'_>,
    kind: ChangeSetKind,
    title: &str,
    planned: usize,
    entropy: &mut Entropy,
) -> ChangeSet {
    ChangeSet {
        id: ChangeSetId::generate(act.now(), entropy),
        version: Version::NEW,
        issuer: act.here.issuer.clone(),
        kind,
        state: ChangeSetState::Applying,
        actor: act.by.signature(),
        title: nfc(title),
        planned: count(planned),
        applied: 0,
        created_at: act.now(),
    }
}

/// The head of a broken-off change set that goes on with `left` more entries. Rows that were passed
/// over meanwhile no longer count as planned.
pub fn carry_on(mut head: ChangeSet, left: usize) -> ChangeSet {
    head.planned = head.applied.saturating_add(count(left));
    head
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Writes up to [`BATCH`] accounts with their entries and the progress of the change set, whole
/// or not at all. Answers the head as it will be stored (its version is the next one) and the
/// links made. The first batch begins the change set, the one that completes it applies it.
pub fn batch(
    act: &Act<'_>,
    head: &ChangeSet,
    users: &[ReadyUser],
    entropy: &mut Entropy,
) -> Decision<(ChangeSet, Vec<(UserId, MadeLink)>)> {
    let mut decision = Decision::done(());
    if head.version == Version::NEW {
        let what = What::ChangeSetBegun {
            change_set: head.id,
        };
        decision = decision.with_event(act.event(what, entropy));
    }
    let mut links = Vec::new();
    for ready in users {
        let user = &ready.planned.user;
        decision
            .changes
            .push(Change::User(Write::Put(user.clone())));
        decision.changes.push(Change::ChangeSetEntry(entry(
            head,
            ready.planned.place,
            user,
        )));
        decision.events.extend(ready.planned.events.iter().cloned());
        if let Some(hash) = &ready.password {
            decision
                .changes
                .push(password(act, user, hash.clone(), entropy));
        }
        if ready.planned.link {
            let (made, change, event) = make_link(act, user.id, entropy);
            links.push((user.id, made));
            decision = decision.with_change(change).with_event(event);
        }
    }
    let mut after = head.clone();
    after.applied = after.applied.saturating_add(count(users.len()));
    if after.applied >= after.planned {
        after.state = ChangeSetState::Applied;
        let what = What::ChangeSetApplied {
            change_set: head.id,
            entries: after.applied,
        };
        decision = decision.with_event(act.event(what, entropy));
    }
    decision
        .changes
        .push(Change::ChangeSet(Write::Put(after.clone())));
    after.version = after.version.next();
    Decision {
        outcome: crate::store::decision::Outcome::Done((after, links)),
        changes: decision.changes,
        events: decision.events,
    }
}

fn entry(head: &ChangeSet, place: u32, user: &User) -> ChangeSetEntry {
    ChangeSetEntry {
        change_set: head.id,
        place,
        aggregate: "user".to_owned(),
        id: user.id.to_string(),
        after: user.version.next(),
        before: None,
    }
}

fn password(act: &Act<'_>, user: &User, hash: String, entropy: &mut Entropy) -> Change {
    Change::Credential(Write::Put(Credential {
        id: CredentialId::generate(act.now(), entropy),
        version: Version::NEW,
        user: user.id,
        secret: CredentialSecret::Password(PasswordCredential {
            hash,
            must_change: false,
            history: Vec::new(),
        }),
        set_at: act.now(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, done};

    fn ready(place: u32, name: &str) -> ReadyUser {
        let user = User {
            version: Version::NEW,
            ..sample::user(name)
        };
        let planned = PlannedUser {
            place,
            user,
            events: Vec::new(),
            password_hash: None,
            link: place == 0,
        };
        ReadyUser {
            planned,
            password: (place == 1).then(|| "$argon2id$".to_owned()),
        }
    }

    #[test]
    fn batches_begin_count_and_complete_a_change_set() {
        let stage = Stage::province();
        let mut entropy = sample::entropy();
        let head = begin(
            &stage.act(),
            ChangeSetKind::UserImport,
            "canbo.csv",
            3,
            &mut entropy,
        );
        let first = batch(
            &stage.act(),
            &head,
            &[ready(0, "an"), ready(1, "binh")],
            &mut entropy,
        );
        assert_eq!(first.changes.len(), 2 * 2 + 1 + 1 + 1);
        assert!(matches!(first.events[0].what, What::ChangeSetBegun { .. }));
        let (head, links) = done(first);
        assert_eq!(
            (head.applied, head.state, head.version),
            (2, ChangeSetState::Applying, Version(1))
        );
        assert_eq!(links.len(), 1);
        let last = batch(&stage.act(), &head, &[ready(2, "chi")], &mut entropy);
        assert!(matches!(
            last.events[0].what,
            What::ChangeSetApplied { entries: 3, .. }
        ));
        assert_eq!(done(last).0.state, ChangeSetState::Applied);
    }
}
