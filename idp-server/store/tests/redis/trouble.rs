//! A server that is frozen, restarted, or short of replicas.

use std::time::{Duration, Instant};

use futures::future::join_all;
use idp_core::store::tickets::{TicketAnswer, TicketKind, TicketOp, Tickets};
use idp_store::redis::{RedisSettings, open};

use crate::servers::{Server, until};
use crate::{NOW, key, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_frozen_server_holds_nobody_beyond_the_limit() {
    let mut server = Server::start("");
    let limit = Duration::from_millis(400);
    let settings = RedisSettings {
        call_limit: limit,
        ..server.settings()
    };
    let tickets = open(&settings).await.unwrap();
    server.signal("STOP");
    for round in 0..3 {
        let calls = (0..50).map(async |number| {
            let begun = Instant::now();
            let ops = vec![put(key(TicketKind::Code, round * 50 + number))];
            (tickets.apply(ops, NOW).await, begun.elapsed())
        });
        for (answer, took) in join_all(calls).await {
            assert!(answer.unwrap_err().transient);
            assert!(took < limit + Duration::from_millis(250), "{took:?}");
        }
    }
    let begun = Instant::now();
    assert!(tickets.ready().await.is_err());
    assert!(begun.elapsed() < limit + Duration::from_millis(250));
    server.signal("CONT");
    let begun = Instant::now();
    while tickets
        .apply(vec![put(key(TicketKind::Code, 1000))], NOW)
        .await
        .is_err()
    {
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

/// The connection is everybody's: a caller that goes away while the server thinks leaves it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_cost_nobody_the_connection() {
    let mut server = Server::start("");
    let tickets = server.open().await;
    // `id` of every connection but that of `redis-cli` itself.
    let connections = |server: &Server| {
        let list = server.cli(&["CLIENT", "LIST"]);
        let ours = list.lines().filter(|line| !line.contains("cmd=client"));
        let mut ids: Vec<_> = ours
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect();
        ids.sort();
        ids
    };
    let before = connections(&server);
    assert!(!before.is_empty());
    for round in 0..3 {
        server.signal("STOP");
        let calls: Vec<_> = (0..20)
            .map(|number| {
                let tickets = tickets.clone();
                let ops = vec![put(key(TicketKind::Code, round * 20 + number))];
                tokio::spawn(async move { tickets.apply(ops, NOW).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        for call in calls {
            call.abort();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.signal("CONT");
        let ops = vec![put(key(TicketKind::Code, 1_000 + round))];
        tickets.apply(ops, NOW).await.unwrap();
    }
    assert_eq!(connections(&server), before);
}

#[tokio::test]
async fn a_restart_between_calls_is_not_noticed() {
    let mut server = Server::start("");
    let tickets = server.open().await;
    for number in 0..3 {
        tickets
            .apply(vec![put(key(TicketKind::Code, number))], NOW)
            .await
            .unwrap();
        server.signal("KILL");
        server.restart();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let take = vec![TicketOp::Take {
            key: key(TicketKind::Code, number),
        }];
        // It kept nothing; nobody is told that it did.
        let answers = tickets.apply(take, NOW).await.unwrap();
        assert_eq!(answers, [TicketAnswer::Unknown]);
    }
}

#[tokio::test]
async fn a_mark_waits_for_a_replica_when_asked_to() {
    let server = Server::start("");
    let follow = format!(
        "replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0\n",
        server.port
    );
    let mut replica = Server::start(&follow);
    until("the replica follows", || {
        server
            .cli(&["INFO", "replication"])
            .contains("state=online")
    });
    let settings = RedisSettings {
        replicas: 1,
        call_limit: Duration::from_secs(2),
        ..server.settings()
    };
    let tickets = open(&settings).await.unwrap();
    let mark = |number| vec![put(key(TicketKind::AssertionSeen, number))];
    for number in 0..20 {
        tickets.apply(mark(number), NOW).await.unwrap();
        let there = replica.cli(&["DBSIZE"]);
        assert!(there.ends_with(&(number + 1).to_string()), "{there}");
    }
    replica.signal("STOP");
    let refused = tickets.apply(mark(100), NOW).await.unwrap_err();
    assert!(
        refused.transient && refused.detail.contains("replicas"),
        "{refused}"
    );
    // What may be lost waits for nobody.
    tickets
        .apply(vec![put(key(TicketKind::Code, 1))], NOW)
        .await
        .unwrap();
    replica.signal("CONT");
    let begun = Instant::now();
    while tickets
        .apply(mark(begun.elapsed().subsec_nanos() as usize), NOW)
        .await
        .is_err()
    {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
