//! Nodes whose clocks are wrong, and rows that are renewed while they are being removed.

use std::sync::Arc;
use std::time::Duration;

use idp_core::base::time::Timestamp;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::records::Records;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use sqlx::{Connection, Executor, PgConnection};

use super::fresh;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

async fn now(records: &impl Records) -> Timestamp {
    records.clock().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_fast_node_neither_takes_nor_keeps_a_lease_for_long() {
    let (_, records, _) = fresh().await;
    let now = now(&records).await;
    let lease = async |holder: &str, at: Timestamp| {
        let until = at + SECOND;
        records.lease("sealer", holder, at, until).await.unwrap()
    };
    assert!(lease("right", now).await);
    assert!(!lease("fast", now + HOUR).await, "it is still held");
    tokio::time::sleep(SECOND + SECOND / 5).await;
    assert!(lease("fast", now + HOUR).await, "it is over for everybody");
    assert!(!lease("right", now + SECOND).await);
    tokio::time::sleep(SECOND + SECOND / 5).await;
    assert!(
        lease("right", now + 3 * SECOND).await,
        "a second is a second"
    );
}

#[tokio::test]
async fn a_fast_node_leases_no_delivery_that_another_holds() {
    let (_, records, _) = fresh().await;
    let now = now(&records).await;
    let (changes, events) = (vec![Change::Outbox(sample::delivery(1))], Vec::new());
    records.commit(Batch { changes, events }).await.unwrap();
    let lease = async |at: Timestamp| {
        let leased = records.lease_outbox(at, at + SECOND, 9).await.unwrap();
        leased.len()
    };
    assert_eq!(lease(now).await, 1);
    assert_eq!(lease(now + HOUR).await, 0);
    tokio::time::sleep(SECOND + SECOND / 5).await;
    assert_eq!(lease(now + HOUR).await, 1);
    tokio::time::sleep(SECOND + SECOND / 5).await;
    assert_eq!(lease(now + 3 * SECOND).await, 1);
}

#[tokio::test]
async fn a_fast_node_removes_nothing_that_lives() {
    let (_, records, tickets) = fresh().await;
    let now = now(&records).await;
    let (mark, throttle) = (
        TicketKey::of(TicketKind::AssertionSeen, "a"),
        TicketKey::of(TicketKind::ThrottleAccount, "a"),
    );
    let until = now + 60 * SECOND;
    let value = vec![1];
    let ops = vec![
        TicketOp::Put {
            key: mark,
            value: value.clone(),
            until,
        },
        TicketOp::Count {
            key: throttle,
            by: 7,
            until,
        },
    ];
    tickets.apply(ops, now).await.unwrap();
    let an = sample::user(1, "Lê An", "an");
    let mut session = sample::session(1, an.id);
    session.expires_at = until;
    let mut grant = sample::grant(1, &session);
    grant.expires_at = until;
    let changes = vec![
        Change::User(Write::Put(an)),
        Change::Session(Write::Put(session.clone())),
        Change::Grant(Write::Put(grant.clone())),
    ];
    let events = Vec::new();
    records.commit(Batch { changes, events }).await.unwrap();

    assert_eq!(tickets.sweep(now + HOUR).await.unwrap(), 0);
    assert_eq!(records.clean(now + HOUR, 100).await.unwrap(), 0);
    let again = TicketOp::Put {
        key: mark,
        value,
        until,
    };
    let count = TicketOp::Count {
        key: throttle,
        by: 0,
        until,
    };
    let answers = tickets.apply(vec![again, count], now + SECOND).await;
    let expected = [TicketAnswer::Exists, TicketAnswer::Counted(7)];
    assert_eq!(answers.unwrap(), expected);
    assert!(records.session(session.id).await.unwrap().is_some());
    assert!(records.grant(grant.id).await.unwrap().is_some());
}

/// Runs `renew` in a transaction that is open while `remove` finds the row, and ends before it is
/// removed.
async fn renewed_meanwhile(
    address: &str,
    renew: &'static str,
    remove: impl Future<Output = u64> + Send + 'static,
) {
    let mut stranger = PgConnection::connect(address).await.unwrap();
    stranger.execute("BEGIN").await.unwrap();
    stranger.execute(renew).await.unwrap();
    let removing = tokio::spawn(remove);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!removing.is_finished(), "it waits for the row");
    stranger.execute("COMMIT").await.unwrap();
    assert_eq!(removing.await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_renewed_while_it_is_removed_stays() {
    let (address, records, tickets) = fresh().await;
    let (records, tickets) = (Arc::new(records), Arc::new(tickets));
    let key = TicketKey::of(TicketKind::TokenRevoked, "a");
    let until = sample::at(10);
    let put = TicketOp::Put {
        key,
        value: vec![1],
        until,
    };
    let count = |by| TicketOp::Count { key, by, until };
    for (begin, renew) in [
        (put, "UPDATE tickets SET until_ms = 90000"),
        (count(3), "UPDATE counters SET until_ms = 90000"),
    ] {
        tickets.apply(vec![begin], sample::at(1)).await.unwrap();
        let sweeper = Arc::clone(&tickets);
        let sweep = async move { sweeper.sweep(sample::at(20)).await.unwrap() };
        renewed_meanwhile(&address, renew, sweep).await;
    }
    let both = vec![TicketOp::Peek { key }, count(0)];
    let there = tickets.apply(both, sample::at(21)).await.unwrap();
    let expected = [TicketAnswer::Value(vec![1]), TicketAnswer::Counted(3)];
    assert_eq!(there, expected);

    let an = sample::user(1, "Lê An", "an");
    let mut session = sample::session(1, an.id);
    session.expires_at = sample::at(10);
    let changes = vec![
        Change::User(Write::Put(an)),
        Change::Session(Write::Put(session.clone())),
    ];
    let events = Vec::new();
    records.commit(Batch { changes, events }).await.unwrap();
    let cleaner = Arc::clone(&records);
    let clean = async move { cleaner.clean(sample::at(20), 100).await.unwrap() };
    let renew = "UPDATE sessions SET expires_ms = 90000";
    renewed_meanwhile(&address, renew, clean).await;
    assert!(records.session(session.id).await.unwrap().is_some());
}
