//! What only PostgreSQL can get wrong: writers side by side, nodes that start together, a server
//! that is lost, frozen or restored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test must panic, wherever it fails"
)]

mod clocks;
#[path = "../cluster/mod.rs"]
mod cluster;
mod servers;
mod trouble;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cluster::{Cluster, options};
use idp_core::base::fault::Fault;
use idp_core::base::issuer::IssuerKey;
use idp_core::event::EventBody;
use idp_core::event::seal::StoredEvent;
use idp_core::model::session::SessionEnd;
use idp_core::model::user::AccountState;
use idp_core::store::change::{Batch, Change, EndSessions, Write};
use idp_core::store::changes::{Changed, Changes, Listener};
use idp_core::store::contract::sample;
use idp_core::store::page::PageRequest;
use idp_core::store::records::{CommitError, Records};
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::postgres::{Limits, PostgresRecords, PostgresTickets, open};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

async fn fresh() -> (String, PostgresRecords, PostgresTickets) {
    let address = cluster::shared().database().await;
    let (records, tickets) = open(&options(&address)).await.unwrap();
    (address, records, tickets)
}

async fn by_hand(address: &str, sql: &str) {
    let mut connection = PgConnection::connect(address).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

fn fault(error: CommitError) -> Fault {
    match error {
        CommitError::Fault(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn account(number: u32) -> Change {
    let number = u128::from(number);
    Change::User(Write::Put(sample::user(
        number,
        "Lê An",
        &format!("an{number}"),
    )))
}

fn events(numbers: std::ops::Range<u32>) -> Batch {
    Batch {
        changes: Vec::new(),
        events: numbers.map(sample::event).collect(),
    }
}

fn number(event: &StoredEvent) -> i64 {
    let body: EventBody = serde_json::from_str(&event.body).unwrap();
    body.at.millis()
}

/// Reads on after the last event, as the sealer does, until `ended` and nothing more comes.
async fn read_on(records: Arc<PostgresRecords>, ended: Arc<AtomicBool>) -> Vec<i64> {
    let mut seen = Vec::new();
    let mut last = 0;
    loop {
        let over = ended.load(Ordering::SeqCst);
        let some = records.events_after(last, 50).await.unwrap();
        assert!(some.windows(2).all(|w| w[0].place < w[1].place));
        assert!(some.first().is_none_or(|first| first.place > last));
        last = some.last().map_or(last, |event| event.place);
        seen.extend(some.iter().map(number));
        if some.is_empty() && over {
            return seen;
        }
    }
}

/// Writes an event in a transaction that stays open for a while, as a slow node's would.
async fn write_slowly(address: &str, number: u32) {
    let (body, _) = sample::event(number).halves();
    let mut connection = PgConnection::connect(address).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let append = "INSERT INTO events (place, body) SELECT (SELECT shift FROM event_places) \
                  + (pg_current_xact_id()::text::bigint << 20), $1";
    let append = sqlx::query(append).bind(body);
    append.execute(&mut *transaction).await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_of_events_misses_none() {
    let (address, records, _) = fresh().await;
    let records = Arc::new(records);
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(read_on(records.clone(), ended.clone())))
        .collect();
    let mut writers = Vec::new();
    for writer in 0..8_u32 {
        let (records, address) = (records.clone(), address.clone());
        writers.push(tokio::spawn(async move {
            for round in 0..60_u32 {
                let first = writer * 10_000 + round * 10;
                if round % 20 == 19 {
                    write_slowly(&address, first).await;
                    continue;
                }
                let mut batch = events(first..first + 1 + round % 3);
                if round % 2 == 0 {
                    batch.changes.push(account(first));
                }
                records.commit(batch).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    ended.store(true, Ordering::SeqCst);
    let all = records.events_after(0, 10_000).await.unwrap();
    let expected: Vec<i64> = all.iter().map(number).collect();
    let slow = 8 * 3;
    let plain: usize = 8
        * (0..60)
            .filter(|r| r % 20 != 19)
            .map(|r| 1 + r % 3)
            .sum::<usize>();
    assert_eq!(expected.len(), slow + plain);
    assert_eq!(expected.iter().collect::<BTreeSet<_>>().len(), slow + plain);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn events_of_a_restored_database_come_before_new_ones() {
    let (address, records, _) = fresh().await;
    records.commit(events(0..3)).await.unwrap();
    records.close().await;
    // As after a restore into a cluster whose transactions are counted anew.
    by_hand(
        &address,
        "UPDATE events SET place = place + (1::bigint << 40)",
    )
    .await;
    let (records, _) = open(&options(&address)).await.unwrap();
    records.commit(events(3..6)).await.unwrap();
    let all = records.events_after(0, 10).await.unwrap();
    assert_eq!(
        all.iter().map(number).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    let (again, _) = open(&options(&address)).await.unwrap();
    again.commit(events(6..7)).await.unwrap();
    let last = again.events_before(None, 2).await.unwrap();
    assert_eq!(last.iter().map(number).collect::<Vec<_>>(), [6, 5]);
    // Nothing is shifted while places only grow.
    assert!(last[0].place - last[1].place < 1_000 << 20);
}

/// Restored while the nodes run, over connections that stay, or over new ones.
#[tokio::test]
async fn a_database_that_is_restored_under_its_nodes_keeps_the_order() {
    let (address, records, _) = fresh().await;
    records.commit(events(0..1)).await.unwrap();
    let restored = "UPDATE events SET place = place + (1::bigint << 40)";
    by_hand(&address, restored).await;
    assert_eq!(records.clean(sample::at(1), 10).await.unwrap(), 0);
    records.commit(events(1..2)).await.unwrap();
    by_hand(&address, restored).await;
    by_hand(
        &address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    records.commit(events(2..3)).await.unwrap();
    let all = records.events_after(0, 10).await.unwrap();
    assert_eq!(all.iter().map(number).collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_together_migrate_once() {
    let address = cluster::shared().database().await;
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let address = address.clone();
            tokio::spawn(async move { open(&options(&address)).await.unwrap().0 })
        })
        .collect();
    for (number, node) in (0..).zip(nodes) {
        let changes = vec![account(number)];
        let events = Vec::new();
        node.await
            .unwrap()
            .commit(Batch { changes, events })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_only_grew() {
    let (address, records, _) = fresh().await;
    by_hand(&address, "INSERT INTO schema_versions VALUES (98, 1)").await;
    open(&options(&address)).await.unwrap();
    records.ping().await.unwrap();
    by_hand(&address, "INSERT INTO schema_versions VALUES (99, 98)").await;
    let refused = open(&options(&address)).await.unwrap_err();
    assert!(
        !refused.transient && refused.detail.contains("version 99"),
        "{refused}"
    );
    // A node that runs already learns it as well.
    let refused = records.ping().await.unwrap_err();
    assert!(refused.detail.contains("version 99"), "{refused}");
}

#[tokio::test]
async fn every_text_is_ordered_by_its_bytes() {
    let (address, ..) = fresh().await;
    let mut connection = PgConnection::connect(&address).await.unwrap();
    let text = "SELECT table_name || '.' || column_name FROM information_schema.columns \
                WHERE table_schema = 'public' AND data_type = 'text' \
                AND collation_name IS DISTINCT FROM 'C'";
    let rows = connection.fetch_all(text).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_would_lose_writes_is_found() {
    let (_, records, _) = fresh().await;
    let found = records.check().await.unwrap_err();
    assert!(found.detail.contains("fsync"), "{found}");
}

#[tokio::test]
async fn a_locked_row_ends_in_time() {
    let address = cluster::shared().database().await;
    let mut impatient = options(&address);
    impatient.limits.lock = Duration::from_millis(200);
    let (records, _) = open(&impatient).await.unwrap();
    let batch = |change| Batch {
        changes: vec![change],
        events: vec![sample::event(1)],
    };
    records.commit(batch(account(1))).await.unwrap();
    let mut stranger = PgConnection::connect(&address).await.unwrap();
    stranger
        .execute("BEGIN; UPDATE users SET active = active")
        .await
        .unwrap();
    let user = records.user(sample::id(1)).await.unwrap().unwrap();
    let again = || batch(Change::User(Write::Put(user.clone())));
    let refused = fault(records.commit(again()).await.unwrap_err());
    assert!(
        refused.transient && refused.detail.contains("locked"),
        "{refused}"
    );
    stranger.execute("ROLLBACK").await.unwrap();
    records.commit(again()).await.unwrap();
    assert_eq!(records.events_after(0, 9).await.unwrap().len(), 2);
}

/// Of two changes that cross, one wins or both do: what the server undid is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossing_writers_do_not_fail() {
    let (_, records, _) = fresh().await;
    let records = Arc::new(records);
    for round in 0..30_u32 {
        let (a, b) = (round * 2 + 1, round * 2 + 2);
        let both = Batch {
            changes: vec![account(a), account(b)],
            events: Vec::new(),
        };
        records.commit(both).await.unwrap();
        let a = records.user(sample::id(a.into())).await.unwrap().unwrap();
        let b = records.user(sample::id(b.into())).await.unwrap().unwrap();
        let commit = async |users: [_; 2]| {
            let changes = users.map(|user| Change::User(Write::Put(user))).into();
            let events = vec![sample::event(round)];
            records.commit(Batch { changes, events }).await
        };
        let forth = commit([a.clone(), b.clone()]);
        let (forth, back) = tokio::join!(forth, commit([b, a]));
        for refused in [&forth, &back]
            .into_iter()
            .filter_map(|done| done.as_ref().err())
        {
            assert!(
                matches!(refused, CommitError::Changed { .. }),
                "{refused:?}"
            );
        }
        assert!(forth.is_ok() != back.is_ok());
    }
    assert_eq!(records.events_after(0, 100).await.unwrap().len(), 30);
}

/// A sign-in by a password that is being changed is refused, or its session ends with the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_outlives_the_password_it_began_with() {
    let (_, records, _) = fresh().await;
    let records = Arc::new(records);
    for round in 1..=60_u128 {
        let user = sample::user(round, "Lê An", &format!("an{round}"));
        let id = user.id;
        let password = sample::password(round, id);
        let changes = vec![
            Change::User(Write::Put(user)),
            Change::Credential(Write::Put(password)),
        ];
        let events = Vec::new();
        records.commit(Batch { changes, events }).await.unwrap();
        let password = records
            .credential(sample::id(round))
            .await
            .unwrap()
            .unwrap();
        let sign_in = Batch {
            changes: vec![
                Change::Session(Write::Put(sample::session(round, id))),
                Change::CredentialUnchanged(password.id, password.version),
            ],
            events: vec![sample::event(1)],
        };
        let change = Batch {
            changes: vec![
                Change::EndSessions(EndSessions {
                    user: id,
                    except: None,
                    at: sample::at(5),
                    why: SessionEnd::CredentialReset,
                }),
                Change::Credential(Write::Put(password)),
            ],
            events: vec![sample::event(2)],
        };
        let other = records.clone();
        let sign_in = tokio::spawn(async move { other.commit(sign_in).await });
        records.commit(change).await.unwrap();
        let signed_in = sign_in.await.unwrap();
        let page = PageRequest::first(9);
        let live = records
            .sessions(Some(id), Some(sample::at(6)), &page)
            .await
            .unwrap();
        assert!(live.entries.is_empty(), "round {round}: {signed_in:?}");
    }
}

/// Commits `changes` in a batch that waits for a row which a stranger holds, while `ending` is
/// committed; both succeed.
async fn held_up_while(
    mut changes: Vec<Change>,
    ending: Vec<Change>,
    (address, records): (&str, &Arc<PostgresRecords>),
) {
    let mut stranger = PgConnection::connect(address).await.unwrap();
    let hold = "BEGIN; SELECT 1 FROM roles FOR UPDATE";
    stranger.execute(hold).await.unwrap();
    let role = records.roles().await.unwrap().remove(0);
    changes.push(Change::Role(Write::Put(role)));
    let commit = |changes| {
        let (records, events) = (Arc::clone(records), vec![sample::event(1)]);
        tokio::spawn(async move { records.commit(Batch { changes, events }).await })
    };
    let changing = commit(changes);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ending = commit(ending);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stranger.execute("ROLLBACK").await.unwrap();
    changing.await.unwrap().unwrap();
    ending.await.unwrap().unwrap();
}

/// What one node writes while another ends everything ends with it, also in the spared session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_slips_past_the_end_of_an_account() {
    let (address, records, _) = fresh().await;
    let records = Arc::new(records);
    let role = Change::Role(Write::Put(sample::role("reader")));
    let (changes, events) = (vec![role], Vec::new());
    records.commit(Batch { changes, events }).await.unwrap();
    for (number, spares) in [(1, false), (2, true)] {
        let user = sample::user(number, "Lê An", &format!("an{number}"));
        let (id, session) = (user.id, sample::session(number, user.id));
        let changes = vec![
            Change::User(Write::Put(user)),
            Change::Session(Write::Put(session.clone())),
        ];
        let events = Vec::new();
        records.commit(Batch { changes, events }).await.unwrap();
        let grant = Change::Grant(Write::Put(sample::grant(number, &session)));
        let end = Change::EndSessions(EndSessions {
            user: id,
            except: spares.then_some(session.id),
            at: sample::at(5),
            why: SessionEnd::CredentialReset,
        });
        held_up_while(vec![grant], vec![end], (&address, &records)).await;
        let left = records.grants_of_user(id).await.unwrap();
        assert_eq!(left, [], "spared: {spares}");
    }
}

/// A sign-in that is under way while the account is disabled leaves no session behind that would
/// live again with the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_signs_in_past_being_disabled() {
    let (address, records, _) = fresh().await;
    let records = Arc::new(records);
    let user = sample::user(1, "Lê An", "an");
    let id = user.id;
    let changes = vec![
        Change::User(Write::Put(user)),
        Change::Role(Write::Put(sample::role("reader"))),
    ];
    let events = Vec::new();
    records.commit(Batch { changes, events }).await.unwrap();
    let mut user = records.user(id).await.unwrap().unwrap();
    user.state = AccountState::Disabled {
        at: sample::at(5),
        why: "left".to_owned(),
    };
    let session = Change::Session(Write::Put(sample::session(1, id)));
    // The end comes with the account's own change, whose row holds the sign-in off or waits.
    let disable = vec![
        Change::User(Write::Put(user)),
        Change::EndSessions(EndSessions {
            user: id,
            except: None,
            at: sample::at(5),
            why: SessionEnd::AccountDisabled,
        }),
    ];
    held_up_while(vec![session], disable, (&address, &records)).await;
    let page = PageRequest::first(9);
    let live = records.sessions(Some(id), Some(sample::at(6)), &page).await;
    assert_eq!(live.unwrap().entries, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_go_away_cost_no_connection() {
    let (address, records, _) = fresh().await;
    let records = Arc::new(records);
    for round in 0..200 {
        let other = records.clone();
        let call = tokio::spawn(async move {
            let changes = vec![account(round), account(round + 1_000)];
            let events = vec![sample::event(round)];
            other.commit(Batch { changes, events }).await
        });
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 10)).await;
        call.abort();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut connection = PgConnection::connect(&address).await.unwrap();
    let text = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'idp'";
    let open: i64 = connection.fetch_one(text).await.unwrap().get(0);
    assert!(open <= 10, "{open} connections");
    // What was begun was ended: whole or not at all.
    let page = PageRequest::first(500);
    let users = records.users(&Default::default(), &page).await.unwrap();
    let events = records.events_after(0, 1_000).await.unwrap();
    assert_eq!(users.entries.len(), 2 * events.len());
}

/// Work that nobody waits for any more is bounded by the connections, however many went away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_leave_little_behind() {
    let address = cluster::shared().database().await;
    let mut few = options(&address);
    few.connections = 2;
    let (records, _) = open(&few).await.unwrap();
    let records = Arc::new(records);
    let (changes, events) = (vec![account(1)], Vec::new());
    records.commit(Batch { changes, events }).await.unwrap();
    let user = records.user(sample::id(1)).await.unwrap().unwrap();
    let mut stranger = PgConnection::connect(&address).await.unwrap();
    let hold = "BEGIN; UPDATE users SET active = active";
    stranger.execute(hold).await.unwrap();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let calls: Vec<_> = (0..300)
        .map(|number| {
            let (records, user) = (records.clone(), user.clone());
            tokio::spawn(async move {
                let changes = vec![Change::User(Write::Put(user))];
                let events = vec![sample::event(number)];
                records.commit(Batch { changes, events }).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for call in &calls {
        call.abort();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let left = tasks() - before;
    assert!(left <= 2, "{left} tasks go on");
    stranger.execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn one_call_may_hold_operations_of_every_kind() {
    let (.., tickets) = fresh().await;
    let (now, until) = (sample::at(1), sample::at(100));
    let key = |kind, secret: &str| TicketKey::of(kind, secret);
    let put = |key| TicketOp::Put {
        key,
        value: b"v".to_vec(),
        until,
    };
    let count = |key, by| TicketOp::Count { key, by, until };
    let code = key(TicketKind::Code, "a");
    let pending = key(TicketKind::PendingAuthorization, "a");
    let mark = key(TicketKind::AssertionSeen, "a");
    let throttle = key(TicketKind::ThrottleSource, "a");
    let gone = key(TicketKind::PendingSignOut, "a");
    let value = || TicketAnswer::Value(b"v".to_vec());
    let ops = vec![put(code), put(mark), put(pending), count(throttle, 2)];
    let done = TicketAnswer::Done;
    assert_eq!(
        tickets.apply(ops, now).await.unwrap(),
        [
            done.clone(),
            done.clone(),
            done.clone(),
            TicketAnswer::Counted(2)
        ]
    );
    let ops = vec![
        TicketOp::Peek { key: gone },
        TicketOp::Take { key: code },
        TicketOp::Forget { key: mark },
        count(throttle, -1),
        TicketOp::Peek { key: pending },
    ];
    assert_eq!(
        tickets.apply(ops, now).await.unwrap(),
        [
            TicketAnswer::Unknown,
            value(),
            done.clone(),
            TicketAnswer::Counted(1),
            value()
        ]
    );
    // On one key they follow each other.
    let ops = vec![
        put(mark),
        put(mark),
        TicketOp::Take { key: mark },
        TicketOp::Take { key: mark },
        TicketOp::Forget { key: mark },
        TicketOp::Take { key: mark },
    ];
    assert_eq!(
        tickets.apply(ops, now).await.unwrap(),
        [
            done.clone(),
            TicketAnswer::Exists,
            value(),
            TicketAnswer::Again(b"v".to_vec()),
            done,
            TicketAnswer::Unknown
        ]
    );
}

/// Commits until told to stop; answers the numbers that were acknowledged, and how many were not.
async fn write_on(
    records: Arc<PostgresRecords>,
    next: Arc<AtomicU32>,
    ended: Arc<AtomicBool>,
) -> (Vec<u32>, u32) {
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    while !ended.load(Ordering::SeqCst) {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let mut batch = events(number..number + 1);
        batch
            .changes
            .extend(number.is_multiple_of(2).then(|| account(number)));
        let began = Instant::now();
        match records.commit(batch).await {
            Ok(()) => acknowledged.push(number),
            Err(error) => {
                let fault = fault(error);
                assert!(fault.transient, "{fault}");
                refused += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        assert!(
            began.elapsed() < Duration::from_secs(6),
            "{:?}",
            began.elapsed()
        );
    }
    (acknowledged, refused)
}

/// A server that is killed, frozen and restarted under load: every call ends in time, nothing
/// acknowledged is lost, and the store recovers by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_server_loses_nothing_acknowledged() {
    let cluster = Cluster::start(&[]);
    let mut hasty = options(&cluster.address("postgres"));
    hasty.limits = Limits {
        connect: Duration::from_secs(1),
        acquire: Duration::from_secs(1),
        statement: Duration::from_secs(1),
        lock: Duration::from_secs(1),
    };
    let (records, tickets) = open(&hasty).await.unwrap();
    let records = Arc::new(records);
    let ended = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU32::new(1));
    let reader = tokio::spawn({
        let (records, ended) = (records.clone(), ended.clone());
        async move {
            let mut slowest = Duration::ZERO;
            while !ended.load(Ordering::SeqCst) {
                let began = Instant::now();
                if let Err(fault) = records.user(sample::id(1)).await {
                    assert!(fault.transient, "{fault}");
                }
                slowest = slowest.max(began.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            slowest
        }
    });
    let writers: Vec<_> = (0..6)
        .map(|_| tokio::spawn(write_on(records.clone(), next.clone(), ended.clone())))
        .collect();
    for signal in ["KILL", "INT", "STOP", "QUIT", "KILL"] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        cluster.signal(signal);
        if signal == "STOP" {
            tokio::time::sleep(Duration::from_secs(4)).await;
            cluster.signal("CONT");
            continue;
        }
        cluster.wait();
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.go();
        // Without hands: no store is opened anew.
        let back = Instant::now();
        while records.ping().await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(5), "{signal}");
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    ended.store(true, Ordering::SeqCst);
    let mut acknowledged = BTreeSet::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap().0);
    }
    assert!(reader.await.unwrap() < Duration::from_secs(6));
    let mut stored = BTreeSet::new();
    let mut last = 0;
    loop {
        let some = records.events_after(last, 10_000).await.unwrap();
        let Some(newest) = some.last() else { break };
        last = newest.place;
        stored.extend(some.iter().map(|event| number(event) as u32));
    }
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert_eq!(lost, Vec::<&u32>::new());
    for number in acknowledged.iter().filter(|n| *n % 2 == 0) {
        assert!(
            records
                .user(sample::id((*number).into()))
                .await
                .unwrap()
                .is_some()
        );
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    tickets.sweep(sample::at(1)).await.unwrap();
}

async fn heard(listener: &mut Box<dyn Listener>) -> Changed {
    let word = tokio::time::timeout(Duration::from_secs(5), listener.heard());
    word.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_hear_what_others_change() {
    let (address, records, _) = fresh().await;
    let (other, _) = open(&options(&address)).await.unwrap();
    let mut listener = other.changes().listen();
    assert_eq!(heard(&mut listener).await, Changed::Anything);
    let commit = async |change| {
        let (changes, events) = (vec![change], vec![sample::event(1)]);
        records.commit(Batch { changes, events }).await.unwrap();
    };
    let issuer = IssuerKey::main();
    commit(Change::Client(Write::Put(sample::client(&issuer, "app")))).await;
    let began = Instant::now();
    assert_eq!(heard(&mut listener).await, Changed::Clients);
    assert!(began.elapsed() < Duration::from_secs(1));
    commit(Change::Unit(Write::Put(sample::unit(1, "H01", None)))).await;
    assert_eq!(heard(&mut listener).await, Changed::Policy);
    records.set_setting("demo", "yes").await.unwrap();
    assert_eq!(heard(&mut listener).await, Changed::Policy);
    let changes = other.changes();
    changes.announce(Changed::Keys).await.unwrap();
    assert_eq!(heard(&mut listener).await, Changed::Keys);
    // Nobody is told of what nobody holds, nor of what was refused.
    commit(account(1)).await;
    let again = Change::Client(Write::Put(sample::client(&issuer, "app")));
    let (changes, events) = (vec![again], Vec::new());
    records.commit(Batch { changes, events }).await.unwrap_err();
    commit(Change::Role(Write::Put(sample::role("reader")))).await;
    assert_eq!(heard(&mut listener).await, Changed::Policy);

    // A word that was counted and not heard is found by the count.
    by_hand(
        &address,
        "UPDATE change_counts SET count = count + 1 WHERE name = 'keys'",
    )
    .await;
    assert_eq!(heard(&mut listener).await, Changed::Keys);
    assert_eq!(heard(&mut listener).await, Changed::Anything);
    // A lost connection is made again, and says so.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    by_hand(&address, end).await;
    assert_eq!(heard(&mut listener).await, Changed::Anything);
    commit(Change::Client(Write::Put(sample::client(&issuer, "app2")))).await;
    assert_eq!(heard(&mut listener).await, Changed::Clients);
}

#[tokio::test]
async fn another_database_holds_no_event_back() {
    let (_, records, _) = fresh().await;
    let elsewhere = cluster::shared().database().await;
    let mut stranger = PgConnection::connect(&elsewhere).await.unwrap();
    let long = "BEGIN; CREATE TABLE t (); SELECT pg_current_xact_id()";
    stranger.execute(long).await.unwrap();
    for number in 0..5 {
        records.commit(events(number..number + 1)).await.unwrap();
    }
    let all = records.events_after(0, 10).await.unwrap();
    assert_eq!(all.len(), 5);
    stranger.execute("ROLLBACK").await.unwrap();
}
