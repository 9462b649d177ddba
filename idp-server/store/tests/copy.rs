//! An embedded store that moves into PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test must panic, wherever it fails"
)]

mod cluster;

use std::time::Instant;

use cluster::options;
use idp_core::base::issuer::IssuerKey;
use idp_core::event::seal::BlockHead;
use idp_core::model::subject::Subject;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::memory::MemoryTickets;
use idp_core::store::page::PageRequest;
use idp_core::store::records::{Records, UserFilter};
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use idp_store::carry;
use idp_store::copy::copy;
use idp_store::postgres;
use idp_store::sqlite::{OpenOptions, SqliteRecords, SqliteTickets, open};
use tempfile::TempDir;

async fn embedded() -> (TempDir, SqliteRecords, SqliteTickets) {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions {
        create: true,
        ..OpenOptions::default()
    };
    let (records, tickets) = open(folder.path(), options).await.unwrap();
    (folder, records, tickets)
}

/// A person with all that hangs on one; values that a careless copy would change among them.
fn person(number: u128) -> Vec<Change> {
    let mut user = sample::user(number, "Nguyễn\tThị\\N \"An\"\n", &format!("an{number}"));
    user.roles.clear();
    let session = sample::session(number, user.id);
    let subject = Subject {
        issuer: IssuerKey::main(),
        user: user.id,
        sector: String::new(),
        sub: format!("sub-{number}"),
    };
    vec![
        Change::Credential(Write::Put(sample::password(number, user.id))),
        Change::Credential(Write::Put(sample::link(
            number + (1 << 40),
            user.id,
            &number.to_string(),
        ))),
        Change::Grant(Write::Put(sample::grant(number, &session))),
        Change::User(Write::Put(user)),
        Change::Session(Write::Put(session)),
        Change::Subject(subject),
    ]
}

async fn fill(records: &SqliteRecords, people: u128) {
    for first in (0..people).step_by(500) {
        let some = first..people.min(first + 500);
        let batch = Batch {
            changes: some.clone().flat_map(person).collect(),
            events: some.map(|n| sample::event(n as u32)).collect(),
        };
        records.commit(batch).await.unwrap();
    }
    let sealed = records.events_after(0, 100).await.unwrap();
    let block = idp_core::event::seal::Block {
        head: BlockHead::over(None, &sealed, sample::at(9)).unwrap(),
        kid: "k".to_owned(),
        signature: "s".to_owned(),
    };
    let client = sample::client(&IssuerKey::main(), "app");
    let changes = vec![
        Change::AuditBlock(block),
        Change::Client(Write::Put(client)),
        Change::Outbox(sample::delivery(1)),
        Change::Unit(Write::Put(sample::unit(1, "H01", None))),
        Change::Role(Write::Put(sample::role("reader"))),
    ];
    let events = Vec::new();
    records.commit(Batch { changes, events }).await.unwrap();
    records
        .set_setting("issuer", "https://id.tinh.example")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_as_it_was() {
    let people: u128 = std::env::var("IDP_TEST_PEOPLE").map_or(700, |n| n.parse().unwrap());
    let (_folder, records, tickets) = embedded().await;
    fill(&records, people).await;
    let key = TicketKey::of(TicketKind::TokenRevoked, "t");
    let put = TicketOp::Put {
        key,
        value: vec![0, 1, 0xff],
        until: sample::at(9_000),
    };
    tickets.apply(vec![put], sample::at(1)).await.unwrap();

    let address = cluster::shared().database().await;
    let began = Instant::now();
    let mut told = 0;
    let copied = copy(&records, &options(&address), |_| told += 1)
        .await
        .unwrap();
    eprintln!("{people} people in {:?}", began.elapsed());
    assert_eq!(told, copied.len());
    let count = |table: &str| copied.iter().find(|c| c.table == table).unwrap().rows;
    assert_eq!(u128::from(count("users")), people);
    assert_eq!(u128::from(count("credentials")), 2 * people);
    assert_eq!(count("tickets"), 1);

    let (there, their_tickets) = postgres::open(&options(&address)).await.unwrap();
    let (filter, mut page) = (UserFilter::default(), PageRequest::first(500));
    for _ in 0..3 {
        let here = records.users(&filter, &page).await.unwrap();
        let same = there.users(&filter, &page).await.unwrap();
        assert_eq!(here.entries, same.entries);
        page.after = here.next;
    }
    let events = there.events_after(0, 10_000).await.unwrap();
    assert_eq!(records.events_after(0, 10_000).await.unwrap(), events);
    assert_eq!(
        records.last_block().await.unwrap(),
        there.last_block().await.unwrap()
    );
    let issuer = IssuerKey::main();
    let user = there.user_by_subject(&issuer, "sub-7").await.unwrap();
    assert_eq!(user, records.user(sample::id(7)).await.unwrap());
    assert_eq!(there.units().await.unwrap(), records.units().await.unwrap());
    let peek = vec![TicketOp::Peek { key }];
    let value = TicketAnswer::Value(vec![0, 1, 0xff]);
    assert_eq!(
        their_tickets.apply(peek, sample::at(2)).await.unwrap(),
        [value]
    );

    // It goes on from there: new events come after all that came along.
    let last = records.events_before(None, 1).await.unwrap()[0].place;
    let changes = vec![Change::Client(Write::Put(sample::client(&issuer, "new")))];
    let events = vec![sample::event(1)];
    there.commit(Batch { changes, events }).await.unwrap();
    assert_eq!(there.events_after(last, 9).await.unwrap().len(), 1);

    // A second time the target is not empty.
    let refused = copy(&records, &options(&address), |_| {})
        .await
        .unwrap_err();
    assert!(refused.detail.contains("not empty"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_cut_off_leaves_nothing() {
    let (_folder, records, _) = embedded().await;
    fill(&records, 50).await;
    let address = cluster::shared().database().await;
    let target = options(&address);
    let cut = tokio::spawn({
        let target = target.clone();
        async move {
            let done = copy(&records, &target, |copied| {
                assert!(copied.table != "users", "cut off here");
            });
            done.await.map(|_| records)
        }
    });
    assert!(cut.await.unwrap_err().is_panic());
    let (there, _) = postgres::open(&target).await.unwrap();
    let page = PageRequest::first(1);
    let users = there.users(&UserFilter::default(), &page).await.unwrap();
    assert!(users.entries.is_empty());
    assert!(there.events_after(0, 1).await.unwrap().is_empty());
    there.close().await;
    let (_folder, records, _) = embedded().await;
    fill(&records, 3).await;
    copy(&records, &target, |_| {}).await.unwrap();
}

/// Marks that must last, beside the records, and what is there of other kinds.
async fn mark(tickets: &impl Tickets) {
    let until = sample::at(100);
    let put = |kind, secret: &str| TicketOp::Put {
        key: TicketKey::of(kind, secret),
        value: secret.as_bytes().to_vec(),
        until,
    };
    let mut ops = vec![
        put(TicketKind::TokenRevoked, "t"),
        put(TicketKind::Code, "c"),
        TicketOp::Count {
            key: TicketKey::of(TicketKind::ThrottleAccount, "an"),
            by: 4,
            until,
        },
    ];
    ops.extend((0..250).map(|n| put(TicketKind::AssertionSeen, &n.to_string())));
    let taken = TicketKey::of(TicketKind::AssertionSeen, "7");
    ops.push(TicketOp::Take { key: taken });
    tickets.apply(ops, sample::at(1)).await.unwrap();
}

/// What the store that the tickets moved to knows of them.
async fn known(there: &MemoryTickets) -> Vec<TicketAnswer> {
    let key = TicketKey::of;
    let count = |secret| TicketOp::Count {
        key: key(TicketKind::ThrottleAccount, secret),
        by: 0,
        until: sample::at(100),
    };
    let put = |secret: &str| TicketOp::Put {
        key: key(TicketKind::AssertionSeen, secret),
        value: Vec::new(),
        until: sample::at(100),
    };
    let ops = vec![
        TicketOp::Peek {
            key: key(TicketKind::TokenRevoked, "t"),
        },
        TicketOp::Take {
            key: key(TicketKind::Code, "c"),
        },
        count("an"),
        put("0"),
        put("249"),
        TicketOp::Take {
            key: key(TicketKind::AssertionSeen, "7"),
        },
    ];
    there.apply(ops, sample::at(10)).await.unwrap()
}

#[tokio::test]
async fn marks_are_carried_to_where_the_tickets_will_rest() {
    let (_folder, embedded, beside) = embedded().await;
    let address = cluster::shared().database().await;
    let (shared, in_database) = postgres::open(&options(&address)).await.unwrap();
    mark(&beside).await;
    mark(&in_database).await;
    let expected = [
        TicketAnswer::Value(b"t".to_vec()),
        TicketAnswer::Unknown,
        TicketAnswer::Counted(4),
        TicketAnswer::Exists,
        TicketAnswer::Exists,
        TicketAnswer::Again(b"7".to_vec()),
    ];
    let there = MemoryTickets::new();
    // By every node at its start, and again at each further one.
    for round in 0..2 {
        assert_eq!(carry(&embedded, &there, sample::at(5)).await.unwrap(), 252);
        assert_eq!(known(&there).await, expected, "round {round}");
    }
    let there = MemoryTickets::new();
    assert_eq!(carry(&shared, &there, sample::at(5)).await.unwrap(), 252);
    assert_eq!(known(&there).await, expected);
    // What is over stays behind; who still looks beside the records finds all.
    let there = MemoryTickets::new();
    assert_eq!(carry(&shared, &there, sample::at(100)).await.unwrap(), 0);
    let key = TicketKey::of(TicketKind::TokenRevoked, "t");
    let peek = vec![TicketOp::Peek { key }];
    let still = in_database.apply(peek, sample::at(10)).await.unwrap();
    assert_eq!(still, [TicketAnswer::Value(b"t".to_vec())]);
}
