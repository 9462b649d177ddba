//! Races: many tasks, one winner.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use super::{commit, sample};
use crate::model::grant::GrantState;
use crate::model::session::SessionEnd;
use crate::model::{GrantId, Version};
use crate::store::change::{Change, EndSession, EndSessions, Write};
use crate::store::records::{CommitError, Records};
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};

/// Something that runs.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a task at once and answers a future that ends with it, and fails when it panicked.
pub type Spawn = fn(Task) -> Task;

/// Runs `count` tasks side by side and answers what each answered.
async fn together<T, F>(spawn: Spawn, count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let answers = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let tasks: Vec<Task> = (0..count)
        .map(|number| {
            let (work, answers) = (task(number), Arc::clone(&answers));
            spawn(Box::pin(async move {
                let answer = work.await;
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                answers.push(answer);
            }))
        })
        .collect();
    for task in tasks {
        task.await;
    }
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *answers)
}

/// `rounds` times, `takers` tasks take one ticket: exactly one is the first, all others are told
/// that they come after it, with the same value.
///
/// # Panics
/// When the store breaks the contract.
pub async fn takes<T: Tickets + 'static>(
    tickets: &Arc<T>,
    spawn: Spawn,
    kind: TicketKind,
    sizes: (usize, usize),
) {
    let (rounds, takers) = sizes;
    for round in 0..rounds {
        let key = TicketKey::of(kind, &format!("race {round}"));
        let value = round.to_be_bytes().to_vec();
        let put = TicketOp::Put {
            key,
            value: value.clone(),
            until: sample::at(100),
        };
        let stored = tickets.apply(vec![put], sample::at(1)).await.unwrap();
        assert_eq!(stored, [TicketAnswer::Done]);
        let answers = together(spawn, takers, |_| {
            let tickets = Arc::clone(tickets);
            async move {
                let take = vec![TicketOp::Take { key }];
                tickets.apply(take, sample::at(2)).await.unwrap().remove(0)
            }
        })
        .await;
        let first = TicketAnswer::Value(value.clone());
        let again = TicketAnswer::Again(value);
        let count = |wanted| answers.iter().filter(|a| **a == wanted).count();
        assert_eq!(
            (count(first), count(again)),
            (1, takers - 1),
            "round {round}"
        );
    }
}

/// `tasks` tasks count one counter up at once: no step is lost, no value is given twice.
///
/// # Panics
/// When the store breaks the contract.
pub async fn counts<T: Tickets + 'static>(tickets: &Arc<T>, spawn: Spawn, tasks: usize) {
    let key = TicketKey::of(TicketKind::ThrottleAccount, "race");
    let mut answers = together(spawn, tasks, |_| {
        let tickets = Arc::clone(tickets);
        async move {
            let until = sample::at(100);
            let count = vec![TicketOp::Count { key, by: 1, until }];
            match tickets.apply(count, sample::at(1)).await.unwrap()[0] {
                TicketAnswer::Counted(count) => count,
                ref other => panic!("{other:?}"),
            }
        }
    })
    .await;
    answers.sort_unstable();
    let expected: Vec<i64> = (1..).take(tasks).collect();
    assert_eq!(answers, expected);
}

/// `rounds` times, `tasks` tasks commit the version they all read: exactly one wins, and what the
/// others wrote beside it is nowhere.
///
/// # Panics
/// When the store breaks the contract.
pub async fn commits<R: Records + 'static>(records: &Arc<R>, spawn: Spawn, sizes: (usize, usize)) {
    let (rounds, tasks) = sizes;
    let user = sample::user(1, "Lê An", "an");
    let id = user.id;
    commit(&**records, vec![Change::User(Write::Put(user))])
        .await
        .unwrap();
    for round in 0..rounds {
        let read = records.user(id).await.unwrap().unwrap();
        let answers = together(spawn, tasks, |number| {
            let (records, mut user) = (Arc::clone(records), read.clone());
            async move {
                user.name = format!("Lê An {number}");
                let session = sample::session((round * tasks + number) as u128, id);
                let changes = vec![
                    Change::Session(Write::Put(session)),
                    Change::User(Write::Put(user)),
                ];
                let events = vec![sample::event(1), sample::event(2)];
                let batch = crate::store::change::Batch { changes, events };
                match records.commit(batch).await {
                    Ok(()) => true,
                    Err(CommitError::Changed { kind: "user", .. }) => false,
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
        .await;
        assert_eq!(answers.iter().filter(|won| **won).count(), 1);
    }
    let stored = records.user(id).await.unwrap().unwrap();
    assert_eq!(stored.version, Version(1 + rounds as i64));
    let page = crate::store::page::PageRequest::first(500);
    let sessions = records.sessions(Some(id), None, &page).await.unwrap();
    assert_eq!(sessions.entries.len(), rounds);
    assert_eq!(
        records.events_after(0, 10_000).await.unwrap().len(),
        2 * rounds
    );
}

/// `rounds` times, a session and its grant end while `tasks` tasks keep writing both: the end is
/// never refused, and nothing that was decided before is written after it.
///
/// # Panics
/// When the store breaks the contract.
pub async fn outruns<R: Records + 'static>(records: &Arc<R>, spawn: Spawn, sizes: (usize, usize)) {
    let (rounds, tasks) = sizes;
    let user = sample::user(1, "Lê An", "an");
    let id = user.id;
    commit(&**records, vec![Change::User(Write::Put(user))])
        .await
        .unwrap();
    for round in 0..rounds {
        let session = sample::session(round as u128, id);
        let grant = sample::grant(round as u128, &session);
        let put = vec![
            Change::Session(Write::Put(session.clone())),
            Change::Grant(Write::Put(grant.clone())),
        ];
        commit(&**records, put).await.unwrap();
        let (session, grant) = (session.id, grant.id);
        together(spawn, tasks + 1, |number| {
            let records = Arc::clone(records);
            async move {
                if number == tasks {
                    let end = EndSession {
                        session,
                        at: sample::at(5),
                        why: SessionEnd::SignedOut,
                    };
                    let end = vec![Change::EndSession(end), Change::RevokeGrant(grant)];
                    commit(&*records, end).await.unwrap();
                } else {
                    keep_writing(&*records, grant).await;
                }
            }
        })
        .await;
        let facts = records.grant(grant).await.unwrap().unwrap();
        assert_eq!(facts.grant.state, GrantState::Revoked, "round {round}");
        let ended = facts.session.unwrap().ended;
        assert_eq!(ended, Some((sample::at(5), SessionEnd::SignedOut)));
    }
}

/// Gives way once: a store in memory never waits, and a loop over it would keep its thread.
async fn let_others_run() {
    let mut gave_way = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Writes a grant and its session again and again, as refreshing and using them does, until
/// either is over.
async fn keep_writing(records: &impl Records, grant: GrantId) {
    loop {
        let facts = records.grant(grant).await.unwrap().unwrap();
        let session = facts.session.unwrap();
        if facts.grant.state == GrantState::Revoked || session.ended.is_some() {
            return;
        }
        let_others_run().await;
        for change in [
            Change::Grant(Write::Put(facts.grant)),
            Change::Session(Write::Put(session)),
        ] {
            match commit(records, vec![change]).await {
                Ok(()) | Err(CommitError::Changed { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

/// `tasks` workers lease deliveries at once: every delivery goes to exactly one of them.
///
/// # Panics
/// When the store breaks the contract.
pub async fn deliveries<R: Records + 'static>(records: &Arc<R>, spawn: Spawn, tasks: usize) {
    let entries = (0..200).map(sample::delivery).map(Change::Outbox);
    commit(&**records, entries.collect()).await.unwrap();
    let answers = together(spawn, tasks, |_| {
        let records = Arc::clone(records);
        async move {
            let mut mine = Vec::new();
            loop {
                let (now, until) = (sample::at(10), sample::at(90));
                let leased = records.lease_outbox(now, until, 7).await.unwrap();
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|entry| entry.id));
            }
        }
    })
    .await;
    let mut all: Vec<_> = answers.into_iter().flatten().collect();
    all.sort_unstable();
    let expected: Vec<_> = (0..200).map(sample::id).collect();
    assert_eq!(all, expected);
}

/// `rounds` times, `tasks` tasks give a grant in one session while it ends: no grant is left.
///
/// # Panics
/// When the store breaks the contract.
pub async fn ends<R: Records + 'static>(records: &Arc<R>, spawn: Spawn, sizes: (usize, usize)) {
    let (rounds, tasks) = sizes;
    for round in 0..rounds {
        let first = (round * tasks) as u128;
        let user = sample::user(first + 1, "Lê An", &format!("an{round}"));
        let (id, session) = (user.id, sample::session(first + 1, user.id));
        let begin = vec![
            Change::User(Write::Put(user)),
            Change::Session(Write::Put(session.clone())),
        ];
        commit(&**records, begin).await.unwrap();
        let given = together(spawn, tasks, |number| {
            let (records, session) = (Arc::clone(records), session.clone());
            async move {
                let change = if number == tasks / 2 {
                    Change::EndSessions(EndSessions {
                        user: id,
                        except: None,
                        at: sample::at(9),
                        why: SessionEnd::CredentialReset,
                    })
                } else {
                    let grant = sample::grant(first + number as u128, &session);
                    Change::Grant(Write::Put(grant))
                };
                match commit(&*records, vec![change]).await {
                    Ok(()) => true,
                    Err(CommitError::Changed { kind: "grant", .. }) => false,
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
        .await;
        let live = records.grants_of_user(id).await.unwrap();
        assert_eq!(live, [], "round {round}: {given:?}");
    }
}
