//! Several nodes on PostgreSQL and Redis: every figure of docs/performance.md about them.
//!
//! One province goes the whole way: founded with its people on one machine, measured there, moved
//! to PostgreSQL, measured on one node, on two, and in a rush behind nginx. So both sides of each
//! comparison are measured in one run, on one machine, with the same people.

mod rush;
mod scale;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use idp_tests::people::People;
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, migrate};
use idp_tests::redis::Redis;
use idp_tests::{Installation, RelyingParty};

use crate::connection::Connection;
use crate::drive::{Measured, Plan, as_f64, drive};
use crate::report::{self, Table};
use crate::scenario::service_tokens;
use crate::sign_in::{Person, Whose};

/// The move of 100,000 people may take so long.
const MOST_MIGRATION: Duration = Duration::from_secs(120);
/// The shared stores may be so many times as slow as the embedded one.
const MOST_TIMES: f64 = 2.0;

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Half of all sign-ins and tokens are answered within: embedded, and on the shared stores.
    Latency,
    /// Tokens of two nodes against those of one.
    Scale,
    /// People who sign in from five addresses.
    Rush,
    /// The move alone.
    Migration,
}

/// What is wanted.
pub(crate) struct Wanted {
    pub(crate) people: u32,
    pub(crate) part: Option<Part>,
    pub(crate) rate: Option<u32>,
    pub(crate) share: u32,
}

impl Wanted {
    fn wants(&self, part: Part) -> bool {
        self.part.is_none_or(|only| only == part)
    }
}

/// The province on its way.
pub(crate) struct Province {
    first: Installation,
    postgres: Postgres,
    redis: Redis,
    application: Arc<RelyingParty>,
    service: RelyingParty,
    whose: Whose,
}

impl Province {
    /// A node, with its tickets in Redis, not started.
    fn node(&self) -> Node {
        let urls = self.redis.address();
        let settings = [
            ("TICKETS__MODE", "single"),
            ("TICKETS__URLS", urls.as_str()),
        ];
        Node::new(&self.first, &self.postgres.address(), &settings)
    }
}

/// Measures what is wanted, prints as it goes, and a table in the end.
pub(crate) async fn measure(wanted: &Wanted, plan: Plan) {
    let mut table = Table::default();
    let (province, embedded) = found(wanted, plan).await;
    moved(&province, wanted.people, &mut table);
    if let Some(embedded) = embedded {
        let mut node = province.node();
        node.start().await;
        let shared = latency(&province, address(&node), node.pid(), plan).await;
        compare(&embedded, &shared, &mut table);
        node.terminate();
    }
    if wanted.wants(Part::Scale) {
        scale::measure(&province, wanted.share, plan, &mut table).await;
    }
    if wanted.wants(Part::Rush) {
        rush::measure(&province, wanted.rate, plan, &mut table).await;
    }
    table.print();
}

/// Founds the province with its people on one machine, and measures it there where that is wanted.
async fn found(wanted: &Wanted, plan: Plan) -> (Province, Option<Vec<Figure>>) {
    let first = Installation::init();
    let serving = first.serve().await.expect("it serves");
    report::print_machine(first.folder.path(), serving.pid());
    let begun = Instant::now();
    let people = People::import(&first, wanted.people);
    println!(
        "import      {} people with passwords in {:.0} s",
        wanted.people,
        begun.elapsed().as_secs_f64()
    );
    let application = first.application("Load", &[]);
    let application = RelyingParty::at(&first.issuer, application).await;
    let service = RelyingParty::at(&first.issuer, first.service("Load")).await;
    let turn = AtomicUsize::new(0);
    let whose = Arc::new(move || people.person(turn.fetch_add(1, Ordering::Relaxed)));
    let province = Province {
        postgres: Postgres::start(),
        redis: Redis::start(""),
        application: Arc::new(application),
        service,
        whose,
        first,
    };
    println!(
        "stores      PostgreSQL {}, as installed, and Redis with appendonly, on this machine",
        province.postgres.version()
    );
    let address = SocketAddr::from(([127, 0, 0, 1], province.first.port));
    let mut embedded = None;
    if wanted.wants(Part::Latency) {
        embedded = Some(latency(&province, address, serving.pid(), plan).await);
    }
    serving.terminate();
    (province, embedded)
}

fn moved(province: &Province, people: u32, table: &mut Table) {
    let begun = Instant::now();
    let tables = migrate(&province.first, &province.postgres);
    let took = begun.elapsed();
    let rows = tables.as_array().map_or(0, |tables| {
        let rows = tables.iter().filter_map(|table| table["rows"].as_u64());
        rows.sum()
    });
    let measured = format!("{:.1} s for {rows} rows", took.as_secs_f64());
    let bound = format!("≤ {} s", MOST_MIGRATION.as_secs());
    let what = format!("move of {people} people to PostgreSQL");
    table.row(&what, &bound, &measured, took <= MOST_MIGRATION);
}

/// One measured thing.
struct Figure {
    what: String,
    p50: f64,
}

/// Tokens of a service and whole sign-ins, one at a time and as many as planned.
async fn latency(province: &Province, address: SocketAddr, server: u32, plan: Plan) -> Vec<Figure> {
    let mut figures = Vec::new();
    for connections in [1, plan.connections] {
        let plan = Plan {
            connections,
            ..plan
        };
        let tokens = service_tokens(&province.service, &[address], server, plan).await;
        figures.push(figure("token", connections, &tokens));
        let signed_in = sign_ins(province, address, server, plan).await;
        figures.push(figure("sign-in", connections, &signed_in));
    }
    figures
}

fn figure(what: &str, connections: usize, measured: &Measured) -> Figure {
    let what = format!("{what} at {connections} at once");
    report::print_measured(&what, measured);
    Figure {
        what,
        p50: measured.at(0.5),
    }
}

async fn sign_ins(province: &Province, address: SocketAddr, server: u32, plan: Plan) -> Measured {
    let mut workers = Vec::new();
    for _ in 0..plan.connections {
        let connection = Connection::open(address).await.expect("a connection");
        workers.push(Person::new(
            connection,
            &province.application,
            &province.whose,
        ));
    }
    drive(workers, server, plan.duration).await
}

fn compare(embedded: &[Figure], shared: &[Figure], table: &mut Table) {
    for (one, other) in embedded.iter().zip(shared) {
        let times = other.p50 / one.p50;
        let measured = format!(
            "{:.2} ms against {:.2} ms, {times:.2} ×",
            other.p50, one.p50
        );
        let what = format!("{} p50, shared against embedded", one.what);
        table.row(&what, "≤ 2 ×", &measured, times <= MOST_TIMES);
    }
}

fn address(node: &Node) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], node.installation.port))
}

fn seconds(duration: Duration) -> f64 {
    as_f64(u64::try_from(duration.as_millis()).expect("short")) / 1_000.0
}
