//! Tickets: put, peek, take, count, forget, expiry.

use std::future::Future;

use super::sample::at;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use TicketAnswer::{Again, Counted, Done, Exists, Unknown, Value};

/// Checks every operation of [`Tickets`] on every kind; `make` opens a fresh, empty store.
///
/// # Panics
/// When the store breaks the contract.
pub async fn tickets_contract<T, F, M>(make: M)
where
    T: Tickets,
    F: Future<Output = T>,
    M: Fn() -> F,
{
    ticket_operations_contract(&make).await;
    sweeping_removes_what_is_over(&make().await).await;
}

/// Checks every operation, not the sweep: for stores that forget by themselves.
///
/// # Panics
/// When the store breaks the contract.
pub async fn ticket_operations_contract<T, F, M>(make: M)
where
    T: Tickets,
    F: Future<Output = T>,
    M: Fn() -> F,
{
    for kind in TicketKind::ALL {
        one_kind(&make().await, kind).await;
        counters(&make().await, kind).await;
    }
    kinds_are_apart(&make().await).await;
}

fn put(key: TicketKey, value: &[u8], until: i64) -> TicketOp {
    let value = value.to_vec();
    TicketOp::Put {
        key,
        value,
        until: at(until),
    }
}

async fn one(tickets: &impl Tickets, op: TicketOp, now: i64) -> TicketAnswer {
    let mut answers = tickets.apply(vec![op], at(now)).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

async fn one_kind(tickets: &impl Tickets, kind: TicketKind) {
    let key = TicketKey::of(kind, "secret");
    let take = || TicketOp::Take { key };
    assert_eq!(one(tickets, take(), 1).await, Unknown);
    assert_eq!(one(tickets, put(key, b"first", 100), 1).await, Done);
    assert_eq!(one(tickets, put(key, b"second", 200), 2).await, Exists);
    let peek = tickets.apply(vec![TicketOp::Peek { key }], at(3)).await;
    if kind.peekable() {
        assert_eq!(peek.unwrap(), [Value(b"first".to_vec())]);
    } else {
        assert!(!peek.unwrap_err().transient);
    }
    assert_eq!(one(tickets, take(), 4).await, Value(b"first".to_vec()));
    // A taken ticket stays a fact until it is forgotten: it cannot be put or taken anew.
    assert_eq!(one(tickets, take(), 5).await, Again(b"first".to_vec()));
    assert_eq!(one(tickets, put(key, b"third", 300), 6).await, Exists);
    if kind.peekable() {
        assert_eq!(one(tickets, TicketOp::Peek { key }, 7).await, Unknown);
    }
    assert_eq!(one(tickets, take(), 99).await, Again(b"first".to_vec()));
    assert_eq!(one(tickets, take(), 100).await, Unknown);
    assert_eq!(one(tickets, put(key, b"fourth", 300), 100).await, Done);
    assert_eq!(one(tickets, take(), 101).await, Value(b"fourth".to_vec()));
    assert_eq!(one(tickets, TicketOp::Forget { key }, 102).await, Done);
    assert_eq!(one(tickets, take(), 103).await, Unknown);
    assert_eq!(one(tickets, TicketOp::Forget { key }, 104).await, Done);
}

async fn counters(tickets: &impl Tickets, kind: TicketKind) {
    let key = TicketKey::of(kind, "source");
    let count = async |by: i64, now: i64| {
        let until = at(now + 100);
        one(tickets, TicketOp::Count { key, by, until }, now).await
    };
    assert_eq!(count(0, 1).await, Counted(0));
    assert_eq!(count(-5, 1).await, Counted(0));
    assert_eq!(count(2, 1).await, Counted(2));
    assert_eq!(count(3, 50).await, Counted(5));
    assert_eq!(count(0, 60).await, Counted(5));
    assert_eq!(count(-9, 70).await, Counted(0));
    assert_eq!(count(4, 100).await, Counted(4));
    // Forgotten at the time that was set when it began.
    assert_eq!(count(0, 101).await, Counted(0));
    assert_eq!(count(1, 101).await, Counted(1));
    assert_eq!(one(tickets, TicketOp::Forget { key }, 102).await, Done);
    assert_eq!(count(0, 102).await, Counted(0));
}

async fn kinds_are_apart(tickets: &impl Tickets) {
    let keys = TicketKind::ALL.map(|kind| TicketKey::of(kind, "same"));
    let puts = keys.map(|key| put(key, key.kind.name().as_bytes(), 100));
    let answers = tickets.apply(puts.into(), at(1)).await.unwrap();
    assert_eq!(answers, vec![Done; keys.len()]);
    // Order is kept across kinds of different durability, and inside one call.
    let mut ops: Vec<_> = keys
        .iter()
        .map(|key| TicketOp::Take { key: *key })
        .collect();
    ops.push(TicketOp::Take { key: keys[0] });
    let answers = tickets.apply(ops, at(2)).await.unwrap();
    let mut expected: Vec<_> = keys
        .iter()
        .map(|key| Value(key.kind.name().as_bytes().to_vec()))
        .collect();
    expected.push(Again(keys[0].kind.name().as_bytes().to_vec()));
    assert_eq!(answers, expected);
    assert!(tickets.apply(Vec::new(), at(3)).await.unwrap().is_empty());
    // A call with an operation that is refused applies none.
    let fresh = TicketKey::of(TicketKind::Code, "fresh");
    let refused = vec![put(fresh, b"x", 100), TicketOp::Peek { key: fresh }];
    assert!(tickets.apply(refused, at(4)).await.is_err());
    assert_eq!(
        one(tickets, TicketOp::Take { key: fresh }, 5).await,
        Unknown
    );
}

async fn sweeping_removes_what_is_over(tickets: &impl Tickets) {
    for number in 0..30 {
        for kind in [TicketKind::Code, TicketKind::TokenRevoked] {
            let key = TicketKey::of(kind, &number.to_string());
            one(tickets, put(key, b"x", 100 + number % 2), 1).await;
            let until = at(100);
            one(tickets, TicketOp::Count { key, by: 1, until }, 1).await;
        }
    }
    assert_eq!(tickets.sweep(at(99)).await.unwrap(), 0);
    assert_eq!(tickets.sweep(at(100)).await.unwrap(), 30 + 60);
    assert_eq!(tickets.sweep(at(100)).await.unwrap(), 0);
    assert_eq!(tickets.sweep(at(101)).await.unwrap(), 30);
}
