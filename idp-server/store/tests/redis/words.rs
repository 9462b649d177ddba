//! Word between nodes.

use std::time::Duration;

use idp_core::store::changes::{Changed, Changes, Listener};
use idp_store::redis::RedisTickets;

use crate::servers::{Cluster, Server};

async fn next(listener: &mut Box<dyn Listener>) -> Changed {
    let heard = tokio::time::timeout(Duration::from_secs(20), listener.heard());
    heard.await.unwrap()
}

/// Two nodes hear each word that one of them says, within a second.
pub(crate) async fn are_heard(tickets: &RedisTickets) {
    let (here, there) = (tickets.changes(), tickets.changes());
    let mut listeners = [here.listen(), there.listen()];
    for listener in &mut listeners {
        assert_eq!(next(listener).await, Changed::Anything, "just connected");
    }
    for word in Changed::ALL {
        here.announce(word).await.unwrap();
        for listener in &mut listeners {
            let heard = tokio::time::timeout(Duration::from_secs(1), listener.heard());
            assert_eq!(heard.await.unwrap(), word);
        }
    }
}

#[tokio::test]
async fn one_server_passes_words_on() {
    let server = Server::start("");
    are_heard(&server.open().await).await;
}

#[tokio::test]
async fn a_cluster_passes_words_on() {
    let cluster = Cluster::start();
    let settings = crate::servers::fresh(cluster.arrangement());
    are_heard(&idp_store::redis::open(&settings).await.unwrap()).await;
}

#[tokio::test]
async fn words_that_were_lost_are_made_up_for() {
    let mut server = Server::start("");
    let changes = server.open().await.changes();
    let mut listener = changes.listen();
    assert_eq!(next(&mut listener).await, Changed::Anything);
    server.signal("KILL");
    assert!(changes.announce(Changed::Keys).await.unwrap_err().transient);
    server.restart();
    assert_eq!(next(&mut listener).await, Changed::Anything);
    // Frozen, the connection stays open and says nothing.
    server.signal("STOP");
    let silent = tokio::time::timeout(Duration::from_secs(3), listener.heard());
    assert!(silent.await.is_err());
    server.signal("CONT");
    assert_eq!(next(&mut listener).await, Changed::Anything);
    changes.announce(Changed::Keys).await.unwrap();
    assert_eq!(next(&mut listener).await, Changed::Keys);
}
