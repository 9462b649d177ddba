//! Everybody signs in in the morning: from five addresses, through nginx, at two nodes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use idp_tests::nginx::Balancer;
use idp_tests::province::Node;
use tokio::task::JoinSet;

use super::{Province, seconds};
use crate::connection::Connection;
use crate::drive::{Plan, Repeat, as_f64, drive, new_histogram};
use crate::machine::{self, CpuTime};
use crate::report::{self, Table};
use crate::sign_in::Person;

/// Offices whose people share one address each.
const OFFICES: u8 = 5;
/// How long people keep coming.
const STEADY: Duration = Duration::from_secs(30);
/// A quarter of an hour.
const MORNING: u32 = 900;

/// Measures how many sign-ins a second two nodes reach, and lets people come at a steady rate
/// below that, whether the ones before them are done or not.
pub(super) async fn measure(province: &Province, rate: Option<u32>, plan: Plan, table: &mut Table) {
    let mut nodes = [province.node(), province.node()];
    for node in &mut nodes {
        node.start().await;
    }
    let ports = nodes.each_ref().map(|node| node.installation.port);
    let _balancer = Balancer::start(province.first.port, &ports);
    let address = SocketAddr::from(([127, 0, 0, 1], province.first.port));

    let before = used(&nodes);
    let mut workers = Vec::new();
    for number in 0..plan.connections {
        workers.push(person(province, number, address).await.expect("a browser"));
    }
    let reached = drive(workers, nodes[0].pid(), plan.duration * 2).await;
    report::print_measured("rush", &reached);
    let cost = seconds(used(&nodes) - before) / as_f64(reached.latencies.len().max(1));
    println!(
        "cost        {:.1} ms of a core at the nodes for one sign-in",
        cost * 1_000.0
    );

    let rate = rate.unwrap_or_else(|| whole(reached.rate() * 0.7).max(1));
    let (latencies, failed) = steady(province, address, rate).await;
    let at = |quantile| as_f64(latencies.value_at_quantile(quantile)) / 1_000_000.0;
    let measured = format!(
        "{} sign-ins in {} s, {failed} failed, p50 {:.2} s, p99 {:.2} s",
        latencies.len(),
        STEADY.as_secs(),
        at(0.5),
        at(0.99)
    );
    let what = format!(
        "{rate} sign-ins/s ({} people in 15 minutes) at two nodes from {OFFICES} addresses",
        rate * MORNING
    );
    table.row(&what, "none fails", &measured, failed == 0);
    let memory = nodes
        .each_ref()
        .map(|node| machine::resident_kib(node.pid()) / 1024);
    let cores = format!(
        "{:.1}/s at most, {:.1} ms of a core each at the nodes, {} and {} MiB resident",
        reached.rate(),
        cost * 1_000.0,
        memory[0],
        memory[1]
    );
    table.note("sign-ins of two nodes on this machine", &cores);
}

fn used(nodes: &[Node; 2]) -> Duration {
    let times = nodes.each_ref().map(|node| CpuTime::of(node.pid()));
    times
        .into_iter()
        .map(|time| machine::between(CpuTime::default(), time))
        .sum()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of sign-ins, between 0 and some thousands"
)]
fn whole(rate: f64) -> u32 {
    rate as u32
}

/// A new browser in one of the offices.
async fn person(
    province: &Province,
    number: usize,
    address: SocketAddr,
) -> std::io::Result<Person> {
    let office = u8::try_from(number % usize::from(OFFICES)).unwrap_or_default() + 2;
    let source = Ipv4Addr::new(127, 0, 0, office);
    let connection = Connection::open_from(source, address).await?;
    Ok(Person::new(
        connection,
        &province.application,
        &province.whose,
    ))
}

/// So many people each second; answers how long each took in microseconds, and how many failed.
async fn steady(province: &Province, address: SocketAddr, rate: u32) -> (Histogram<u64>, u64) {
    let begun = Instant::now();
    let mut browsers: JoinSet<Option<Duration>> = JoinSet::new();
    let (mut number, mut failed) = (0_u32, 0);
    while begun.elapsed() < STEADY {
        let due = begun + Duration::from_secs(1) * number / rate;
        tokio::time::sleep_until(due.into()).await;
        match person(province, number as usize, address).await {
            Ok(mut browser) => {
                browsers.spawn(async move {
                    let began = Instant::now();
                    browser.once().await.then(|| began.elapsed())
                });
            }
            Err(_) => failed += 1,
        }
        number += 1;
    }
    let mut latencies = new_histogram();
    while let Some(ended) = browsers.join_next().await {
        match ended.expect("a browser") {
            Some(took) => {
                latencies.saturating_record(u64::try_from(took.as_micros()).expect("short"));
            }
            None => failed += 1,
        }
    }
    (latencies, failed)
}
