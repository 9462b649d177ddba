//! Fail-overs under load: calls fail for a while and then succeed without hands; what was lost is
//! what docs/operators/redis.md says may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use idp_core::store::tickets::{TicketAnswer, TicketKind, TicketOp, Tickets};
use idp_store::redis::{Arrangement, RedisTickets, open};

use crate::servers::{Cluster, Server, Watched, fresh};
use crate::{NOW, key, put};

/// How long before the loss what was answered may be lost: what replication had not copied.
const WINDOW: Duration = Duration::from_secs(1);

/// A code that was put, and perhaps taken.
struct Taken {
    number: usize,
    put_at: Instant,
    taken_at: Option<Instant>,
}

/// Eight callers put codes and take them.
struct Load {
    tickets: Vec<RedisTickets>,
    number: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    async fn begin(arrangement: Arrangement) -> Arc<Self> {
        let mut settings = fresh(arrangement);
        settings.call_limit = Duration::from_secs(1);
        let nodes = [
            open(&settings).await.unwrap(),
            open(&settings).await.unwrap(),
        ];
        Arc::new(Self {
            tickets: nodes.into(),
            number: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        })
    }

    /// Runs one caller; answers what it was told, and when calls failed.
    async fn call(self: Arc<Self>, caller: usize) -> (Vec<Taken>, Vec<Instant>) {
        let (mut told, mut failed) = (Vec::new(), Vec::new());
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            let here = &self.tickets[caller % 2];
            let code = key(TicketKind::Code, number);
            match here.apply(vec![put(code)], NOW).await {
                Ok(answers) => assert_eq!(answers, [TicketAnswer::Done]),
                Err(fault) => {
                    assert!(fault.transient, "{fault}");
                    failed.push(Instant::now());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            }
            let put_at = Instant::now();
            let answer = here.apply(vec![TicketOp::Take { key: code }], NOW).await;
            let taken_at = match answer.as_deref() {
                Ok([TicketAnswer::Value(_)]) => Some(Instant::now()),
                // The master changed between the two.
                Ok([TicketAnswer::Unknown]) => None,
                Ok(other) => panic!("{other:?}"),
                Err(fault) => {
                    assert!(fault.transient, "{fault}");
                    failed.push(Instant::now());
                    None
                }
            };
            told.push(Taken {
                number,
                put_at,
                taken_at,
            });
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (told, failed)
    }
}

/// Runs the load, loses a master, waits until all callers succeed for three seconds, and takes
/// everything once more.
async fn survives(arrangement: Arrangement, lose: impl FnOnce() -> Option<Server>) {
    let load = Load::begin(arrangement).await;
    let callers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(Arc::clone(&load).call(n)))
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let lost_at = Instant::now();
    let mut frozen = lose();
    // A fail-over takes two to six seconds with these time limits.
    tokio::time::sleep(Duration::from_secs(14)).await;
    if let Some(server) = &mut frozen {
        server.signal("CONT");
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    load.stop.store(true, Ordering::Relaxed);
    let stopped_at = Instant::now();
    let (mut told, mut failed) = (Vec::new(), Vec::new());
    for caller in callers {
        let (more, when) = caller.await.unwrap();
        told.extend(more);
        failed.extend(when);
    }
    let recovered_at = failed.iter().max().unwrap();
    let down = recovered_at.duration_since(lost_at);
    assert!(
        stopped_at.duration_since(*recovered_at) > Duration::from_secs(2),
        "{down:?}"
    );
    let (mut revived, mut unknown) = (0, 0);
    for code in &told {
        let take = vec![TicketOp::Take {
            key: key(TicketKind::Code, code.number),
        }];
        let answer = load.tickets[0].apply(take, NOW).await.unwrap().remove(0);
        let near = |moment: Instant| moment + WINDOW > lost_at && moment < lost_at + down + WINDOW;
        match (answer, code.taken_at) {
            (TicketAnswer::Value(_), Some(taken_at)) => {
                assert!(near(taken_at), "taken twice far from the fail-over");
                revived += 1;
            }
            (TicketAnswer::Unknown, _) => {
                assert!(near(code.put_at), "lost far from the fail-over");
                unknown += 1;
            }
            _ => {}
        }
    }
    println!(
        "{} codes; failed calls: {}, the last {:.1} s after the loss; revived {revived}, lost {unknown}",
        told.len(),
        failed.len(),
        down.as_secs_f32(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sentinels_replace_a_killed_master() {
    let mut watched = Watched::start();
    let arrangement = watched.arrangement();
    let mut master = watched.servers.remove(0);
    survives(arrangement, || {
        master.signal("KILL");
        None
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sentinels_replace_a_frozen_master_that_comes_back() {
    let mut watched = Watched::start();
    let arrangement = watched.arrangement();
    let mut master = watched.servers.remove(0);
    survives(arrangement, || {
        master.signal("STOP");
        Some(master)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_replaces_a_killed_master() {
    let mut cluster = Cluster::start();
    let arrangement = cluster.arrangement();
    let mut master = cluster.servers.remove(0);
    survives(arrangement, || {
        master.signal("KILL");
        None
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_replaces_a_frozen_master_that_comes_back() {
    let mut cluster = Cluster::start();
    let arrangement = cluster.arrangement();
    let mut master = cluster.servers.remove(1);
    survives(arrangement, || {
        master.signal("STOP");
        Some(master)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn slots_move_under_load() {
    let cluster = Cluster::start();
    let load = Load::begin(cluster.arrangement()).await;
    let callers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(Arc::clone(&load).call(n)))
        .collect();
    let id = |server: &Server| server.cli(&["CLUSTER", "MYID"]);
    let (from, to) = (id(&cluster.servers[0]), id(&cluster.servers[1]));
    let at = format!("127.0.0.1:{}", cluster.servers[0].port);
    let port = cluster.servers[0].port;
    let moved = tokio::task::spawn_blocking(move || {
        let words = [
            "--cluster",
            "reshard",
            &at,
            "--cluster-from",
            &from,
            "--cluster-to",
            &to,
            "--cluster-slots",
            "1500",
            "--cluster-yes",
        ];
        crate::servers::cli(port, &words)
    });
    moved.await.unwrap();
    load.stop.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for caller in callers {
        let (told, failed) = caller.await.unwrap();
        assert!(failed.is_empty(), "{} calls failed", failed.len());
        assert!(told.iter().all(|code| code.taken_at.is_some()));
        calls += 2 * told.len();
    }
    assert!(calls > 500, "{calls}");
    let holds = cluster.servers[1].cli(&["CLUSTER", "NODES"]);
    let mine = holds.lines().find(|line| line.contains("myself")).unwrap();
    assert!(
        mine.split_whitespace().count() > 9,
        "slots have moved: {mine}"
    );
}
