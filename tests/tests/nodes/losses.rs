//! Nodes, Redis and PostgreSQL killed, frozen and restarted under load; orderly restarts of nodes are
//! in [`super::rolling`].

use std::time::{Duration, Instant};

use super::count;
use super::province::Province;
use super::traffic::Traffic;
use super::trouble::{Troubles, conclude};

/// How often each is lost in each way.
fn times() -> usize {
    count("IDP_TEST_LOSSES", 3)
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_node_costs_the_requests_on_their_way_to_it() {
    let mut province = Province::on_postgres(3).await;
    let traffic = Traffic::start(&province).await;
    let mut troubles = Troubles::new();
    traffic.flows_again(Instant::now()).await;
    for round in 0..times() {
        for node in 0..3 {
            let from = Instant::now();
            province.nodes[node].kill();
            troubles.node_lost("node killed", from);
            traffic.flows_again(Instant::now()).await;
            province.nodes[node].start().await;
            traffic.flows_again(Instant::now()).await;

            let from = Instant::now();
            province.nodes[node].freeze(true);
            // Once for longer than the balancer waits.
            pause(if (round, node) == (0, 0) { 12 } else { 3 }).await;
            province.nodes[node].freeze(false);
            province.nodes[node].until(200).await;
            troubles.node_silent("node frozen", from);
            traffic.flows_again(Instant::now()).await;
        }
    }
    conclude(&province, traffic, &troubles).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_redis_is_replaced_and_followed_without_hands() {
    let mut province = Province::on_redis(3).await;
    let traffic = Traffic::start(&province).await;
    let mut troubles = Troubles::new();
    traffic.flows_again(Instant::now()).await;
    for _ in 0..times() {
        let old = province.watched().master();
        let from = Instant::now();
        province.watched().server(old).kill();
        province.watched().until_master(1 - old);
        troubles
            .recovered("Redis killed", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;
        let port = province.watched().server(1 - old).port().to_string();
        let follow = ["--replicaof", "127.0.0.1", &port];
        province.watched().server(old).restart_with(&follow);
        province.watched().settle();

        let old = province.watched().master();
        let from = Instant::now();
        province.watched().server(old).freeze(true);
        province.watched().until_master(1 - old);
        troubles
            .recovered("Redis frozen", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;
        // The former master comes back as one, and nobody listens to it.
        province.watched().server(old).freeze(false);
        province.watched().settle();
        traffic.flows_again(Instant::now()).await;

        let from = Instant::now();
        let master = province.watched().master();
        province.watched().server(master).stop();
        province.watched().server(master).restart();
        province.watched().settle();
        troubles
            .recovered("Redis restarted", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;
    }
    troubles.turned(&province.watched().turns());
    conclude(&province, traffic, &troubles).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_postgres_is_waited_for_and_found_again() {
    let mut province = Province::on_redis(3).await;
    let traffic = Traffic::start(&province).await;
    let mut troubles = Troubles::new();
    traffic.flows_again(Instant::now()).await;
    for _ in 0..times() {
        let from = Instant::now();
        province.founded.postgres.kill();
        pause(1).await;
        province.founded.postgres.restart();
        troubles
            .recovered("PostgreSQL killed", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;

        let from = Instant::now();
        province.founded.postgres.freeze(true);
        pause(5).await;
        province.founded.postgres.freeze(false);
        troubles
            .recovered("PostgreSQL frozen", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;

        let from = Instant::now();
        province.founded.postgres.stop();
        province.founded.postgres.restart();
        troubles
            .recovered("PostgreSQL restarted", from, &province.nodes)
            .await;
        traffic.flows_again(Instant::now()).await;
    }
    conclude(&province, traffic, &troubles).await;
}
