//! Sessions and grants, and what ends them.

use super::{commit, refusal, sample};
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::model::grant::{Grant, GrantState};
use crate::model::outbox::OutboxState;
use crate::model::session::{Session, SessionEnd};
use crate::model::subject::{SectorKey, Subject, ToldSubject};
use crate::model::user::{AccountState, User};
use crate::model::{SessionId, Version};
use crate::store::change::{Batch, Change, EndSession, EndSessions, Write};
use crate::store::page::PageRequest;
use crate::store::records::Records;

fn put_user(user: &User) -> Change {
    Change::User(Write::Put(user.clone()))
}
fn put(session: &Session) -> Change {
    Change::Session(Write::Put(session.clone()))
}
fn put_grant(grant: &Grant) -> Change {
    Change::Grant(Write::Put(grant.clone()))
}

async fn read(records: &impl Records, id: SessionId) -> Session {
    records.session(id).await.unwrap().unwrap().session
}

async fn grant(records: &impl Records, number: u128) -> Grant {
    let found = records.grant(sample::id(number)).await;
    found.unwrap().unwrap().grant
}

pub(super) async fn a_session_is_found_with_its_user(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let session = sample::session(1, an.id);
    commit(records, vec![put_user(&an), put(&session)])
        .await
        .unwrap();
    let by_secret = records.session_by_secret(&session.secret).await.unwrap();
    let by_secret = by_secret.unwrap();
    assert_eq!(by_secret.user.id, an.id);
    assert_eq!(by_secret.session, read(records, session.id).await);
    let unknown = records.session_by_secret(&Digest::of(b"?")).await.unwrap();
    assert!(unknown.is_none());

    let mut twin = sample::session(2, an.id);
    twin.secret = session.secret;
    assert_eq!(
        refusal(commit(records, vec![put(&twin)]).await),
        "changed session"
    );

    let mut ended = by_secret.session.clone();
    ended.ended = Some((sample::at(5), SessionEnd::SignedOut));
    commit(records, vec![put(&ended)]).await.unwrap();
    assert_eq!(
        refusal(commit(records, vec![put(&ended)]).await),
        "changed session"
    );
    let stored = read(records, session.id).await;
    assert_eq!((stored.ended, stored.version), (ended.ended, Version(2)));
}

pub(super) async fn a_grant_is_read_with_all_it_needs(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let session = sample::session(1, an.id);
    let grant = sample::grant(1, &session);
    let batch = vec![put_user(&an), put(&session), put_grant(&grant)];
    commit(records, batch).await.unwrap();
    let facts = records.grant(grant.id).await.unwrap().unwrap();
    assert_eq!((facts.user.id, facts.subject), (an.id, None));
    assert_eq!(facts.session, Some(read(records, session.id).await));
    assert_eq!(facts.grant.state, GrantState::Authorized);

    let subject = Subject {
        issuer: IssuerKey::main(),
        user: an.id,
        sector: String::new(),
        sub: "s-1".to_owned(),
    };
    let mut active = facts.grant;
    active.state = GrantState::Active;
    active.generation = 1;
    let batch = vec![Change::Subject(subject.clone()), put_grant(&active)];
    commit(records, batch).await.unwrap();
    assert_eq!(
        refusal(commit(records, vec![put_grant(&active)]).await),
        "changed grant"
    );
    let told = ToldSubject {
        sector: SectorKey::of_host("rp.example"),
        sub: "s-2".to_owned(),
    };
    let pairwise = Grant {
        told: Some(told),
        ..sample::grant(2, &session)
    };
    commit(records, vec![put_grant(&pairwise)]).await.unwrap();
    let facts = records.grant(pairwise.id).await.unwrap().unwrap();
    let seen = facts.subject.unwrap();
    assert_eq!(
        (seen.sector.as_str(), seen.sub.as_str()),
        ("host:rp.example", "s-2"),
        "a grant tells its own subject beside the public one"
    );
    let removals = vec![
        Change::Grant(Write::Remove(facts.grant)),
        Change::Session(Write::Remove(read(records, session.id).await)),
    ];
    commit(records, removals).await.unwrap();
    let facts = records.grant(grant.id).await.unwrap().unwrap();
    assert_eq!((facts.subject, facts.session), (Some(subject), None));
    assert_eq!(facts.grant.generation, 1);
    assert_eq!(
        records.grants_of_session(session.id).await.unwrap(),
        [facts.grant]
    );
    assert!(records.grant(sample::id(9)).await.unwrap().is_none());
}

pub(super) async fn all_sessions_of_a_user_end_at_once(records: &impl Records) {
    let (an, binh) = (
        sample::user(1, "Lê An", "an"),
        sample::user(2, "Trần Bình", "binh"),
    );
    let mut batch = vec![put_user(&an), put_user(&binh)];
    let sessions: Vec<_> = (1..=4)
        .map(|n| sample::session(n, if n == 4 { binh.id } else { an.id }))
        .collect();
    batch.extend(sessions.iter().map(put));
    let grants: Vec<_> = (1..)
        .zip(&sessions)
        .map(|(n, s)| sample::grant(n, s))
        .collect();
    batch.extend(grants.iter().map(put_grant));
    commit(records, batch).await.unwrap();

    let mut signed_out = read(records, sessions[0].id).await;
    signed_out.ended = Some((sample::at(3), SessionEnd::SignedOut));
    let of_an = records.grants_of_user(an.id).await.unwrap();
    let of_an: Vec<_> = of_an.iter().map(|g| g.id).collect();
    assert_eq!(of_an, [grants[0].id, grants[1].id, grants[2].id]);
    let stale = read(records, sessions[1].id).await;
    commit(records, vec![put(&signed_out)]).await.unwrap();
    let end = |except| {
        vec![Change::EndSessions(EndSessions {
            user: an.id,
            except,
            at: sample::at(9),
            why: SessionEnd::CredentialReset,
        })]
    };
    commit(records, end(Some(sessions[2].id))).await.unwrap();
    let reset = Some((sample::at(9), SessionEnd::CredentialReset));
    assert_eq!(read(records, sessions[0].id).await.ended, signed_out.ended);
    assert_eq!(read(records, sessions[1].id).await.ended, reset);
    assert_eq!(read(records, sessions[2].id).await.ended, None);
    assert_eq!(read(records, sessions[3].id).await.ended, None);
    let mut states = Vec::new();
    for grant in &grants {
        states.push(records.grant(grant.id).await.unwrap().unwrap().grant.state);
    }
    use GrantState::{Authorized, Revoked};
    assert_eq!(states, [Revoked, Revoked, Revoked, Authorized]);
    assert!(records.grants_of_user(an.id).await.unwrap().is_empty());
    // Whoever had read the session before must load it again.
    assert_eq!(
        refusal(commit(records, vec![put(&stale)]).await),
        "changed session"
    );

    commit(records, end(None)).await.unwrap();
    assert_eq!(read(records, sessions[2].id).await.ended, reset);
    assert_eq!(read(records, sessions[3].id).await.ended, None);
}

pub(super) async fn nothing_begins_where_all_has_ended(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let session = sample::session(1, an.id);
    let given = sample::grant(1, &session);
    let batch = vec![put_user(&an), put(&session), put_grant(&given)];
    commit(records, batch).await.unwrap();
    let mut ended = read(records, session.id).await;
    ended.ended = Some((sample::at(5), SessionEnd::SignedOut));
    commit(records, vec![put(&ended)]).await.unwrap();
    // Decided before the end, committed after it.
    let late = vec![put_grant(&sample::grant(2, &session))];
    assert_eq!(refusal(commit(records, late).await), "changed grant");
    // What was given before may still change: it is redeemed, or outlives the session.
    let mut active = records.grant(given.id).await.unwrap().unwrap().grant;
    active.state = GrantState::Active;
    commit(records, vec![put_grant(&active)]).await.unwrap();

    let mut disabled = records.user(an.id).await.unwrap().unwrap();
    disabled.state = AccountState::Disabled {
        at: sample::at(6),
        why: "left".to_owned(),
    };
    commit(records, vec![put_user(&disabled)]).await.unwrap();
    let late = vec![put(&sample::session(2, an.id))];
    assert_eq!(refusal(commit(records, late).await), "changed session");
}

/// More than any one statement or transaction number can name.
const VERY_MANY: u32 = 10_000;

pub(super) async fn an_account_with_very_many_grants_ends(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let session = sample::session(1, an.id);
    commit(records, vec![put_user(&an), put(&session)])
        .await
        .unwrap();
    for first in (1..=VERY_MANY).step_by(500) {
        let some = first..first + 500;
        let grants = some.map(|n| put_grant(&sample::grant(n.into(), &session)));
        commit(records, grants.collect()).await.unwrap();
    }
    let end = Change::EndSessions(EndSessions {
        user: an.id,
        except: None,
        at: sample::at(9),
        why: SessionEnd::CredentialReset,
    });
    let batch = Batch {
        changes: vec![end],
        events: (0..VERY_MANY).map(sample::event).collect(),
    };
    records.commit(batch).await.unwrap();
    assert!(records.grants_of_user(an.id).await.unwrap().is_empty());
    let events = records.events_after(0, VERY_MANY).await.unwrap();
    assert_eq!(events.len(), VERY_MANY as usize);
    assert!(events.windows(2).all(|w| w[0].place < w[1].place));
}

pub(super) async fn an_end_depends_on_no_version(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let (one, two) = (sample::session(1, an.id), sample::session(2, an.id));
    let grants = [1, 2, 3].map(|n| sample::grant(n, if n == 3 { &two } else { &one }));
    let mut batch = vec![put_user(&an), put(&one), put(&two)];
    batch.extend(grants.iter().map(put_grant));
    commit(records, batch).await.unwrap();
    // What somebody else decides by, and what keeps changing meanwhile.
    let stale = (read(records, one.id).await, grant(records, 1).await);
    for _ in 0..3 {
        let used = put(&read(records, one.id).await);
        let refreshed = put_grant(&grant(records, 1).await);
        commit(records, vec![used, refreshed]).await.unwrap();
    }
    let end = |session, at, why| Change::EndSession(EndSession { session, at, why });
    let first = end(one.id, sample::at(5), SessionEnd::SignedOut);
    let revoke = Change::RevokeGrant(grants[0].id);
    commit(records, vec![first, revoke.clone()]).await.unwrap();
    let ended = Some((sample::at(5), SessionEnd::SignedOut));
    assert_eq!(read(records, one.id).await.ended, ended);
    assert_eq!(grant(records, 1).await.state, GrantState::Revoked);
    for change in [put(&stale.0), put_grant(&stale.1)] {
        assert!(refusal(commit(records, vec![change]).await).starts_with("changed"));
    }
    // The others are as they were.
    assert_eq!(read(records, two.id).await.ended, None);
    for number in [2, 3] {
        assert_eq!(grant(records, number).await.state, GrantState::Authorized);
    }
    // A second end, and one of what is not there, change nothing.
    let version = read(records, one.id).await.version;
    let again = end(one.id, sample::at(9), SessionEnd::ByAdministrator);
    let gone = end(sample::id(9), sample::at(9), SessionEnd::ByAdministrator);
    let nobodys = Change::RevokeGrant(sample::id(9));
    commit(records, vec![again, revoke, gone, nobodys])
        .await
        .unwrap();
    assert_eq!(read(records, one.id).await.ended, ended);
    assert_eq!(read(records, one.id).await.version, version);
    // It is undone with the batch that it is part of.
    let last = end(two.id, sample::at(9), SessionEnd::SignedOut);
    let revoke = Change::RevokeGrant(grants[2].id);
    let refused = commit(records, vec![last, revoke, put(&stale.0)]).await;
    assert_eq!(refusal(refused), "changed session");
    assert_eq!(read(records, two.id).await.ended, None);
    assert_eq!(grant(records, 3).await.state, GrantState::Authorized);
}

pub(super) async fn listings_are_newest_first(records: &impl Records) {
    let users = [
        sample::user(1, "Lê An", "an"),
        sample::user(2, "Trần Bình", "binh"),
    ];
    let mut batch: Vec<_> = users.iter().map(put_user).collect();
    for number in 1..=7_u128 {
        let mut session = sample::session(number, users[number as usize % 2].id);
        if number == 3 {
            session.ended = Some((sample::at(2), SessionEnd::Replaced));
        }
        batch.push(put(&session));
    }
    commit(records, batch).await.unwrap();
    for (user, live_at, expected) in [
        (None, None, vec![7_u128, 6, 5, 4, 3, 2, 1]),
        (Some(users[1].id), None, vec![7, 5, 3, 1]),
        (Some(users[1].id), Some(sample::at(5)), vec![7, 5, 1]),
        (None, Some(sample::at(1_000)), vec![]),
    ] {
        let mut page = PageRequest::first(2);
        let mut seen = Vec::new();
        loop {
            let listing = records.sessions(user, live_at, &page).await.unwrap();
            seen.extend(listing.entries.iter().map(|s| s.id.as_u128() >> 80));
            page.after = listing.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{user:?} {live_at:?}");
    }
}

pub(super) async fn housekeeping_removes_what_is_over(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let (mut ended, live) = (sample::session(1, an.id), sample::session(2, an.id));
    ended.ended = Some((sample::at(5), SessionEnd::SignedOut));
    let mut over = sample::grant(1, &ended);
    over.expires_at = sample::at(5);
    let mut delivered = sample::delivery(1);
    delivered.state = OutboxState::Delivered;
    let link = sample::link(1, an.id, "x");
    let batch = vec![
        put_user(&an),
        put_grant(&over),
        put(&ended),
        put(&live),
        put_grant(&sample::grant(2, &live)),
        Change::Outbox(delivered.clone()),
        Change::Outbox(sample::delivery(2)),
        Change::Credential(Write::Put(link.clone())),
        Change::Credential(Write::Put(sample::password(2, an.id))),
    ];
    commit(records, batch).await.unwrap();
    assert_eq!(records.clean(sample::at(5), 100).await.unwrap(), 0);
    assert_eq!(records.clean(sample::at(100), 2).await.unwrap(), 2);
    assert_eq!(records.clean(sample::at(100), 100).await.unwrap(), 1);
    assert!(records.session(ended.id).await.unwrap().is_none());
    assert!(records.session(live.id).await.unwrap().is_some());
    assert!(records.grant(over.id).await.unwrap().is_none());
    assert!(records.outbox_entry(delivered.id).await.unwrap().is_none());
    assert!(records.outbox_entry(sample::id(2)).await.unwrap().is_some());
    assert_eq!(
        records.credential(link.id).await.unwrap().map(|c| c.id),
        Some(link.id)
    );
    assert_eq!(records.clean(sample::at(1_001), 100).await.unwrap(), 3);
    assert!(records.credential(link.id).await.unwrap().is_none());
    assert_eq!(records.credentials(an.id).await.unwrap().len(), 1);
}
