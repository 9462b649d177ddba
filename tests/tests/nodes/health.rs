//! What a node says of itself, and answers, while something it needs is lost in some way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use idp_tests::line::{Line, Way};
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, verify_audit};
use idp_tests::redis::Redis;
use idp_tests::{Agent, Answer, RelyingParty};

use serde_json::Value;

use super::province::Founded;

/// No answer takes longer, with the time limits that these nodes are given.
const LIMIT: Duration = Duration::from_secs(12);
/// After what was lost is back the node is ready within this long.
const RECOVERY: Duration = Duration::from_secs(15);

/// One node whose way to PostgreSQL and to Redis can be cut.
struct Alone {
    node: Node,
    to_postgres: Line,
    to_redis: Line,
    redis: Redis,
    founded: Founded,
    party: RelyingParty,
    service: RelyingParty,
}

impl Alone {
    async fn on(postgres: Postgres) -> Self {
        let founded = Founded::on(postgres).await;
        let redis = Redis::start("");
        let to_postgres = Line::to(founded.postgres.port()).await;
        let to_redis = Line::to(redis.port()).await;
        let urls = format!("redis://127.0.0.1:{}", to_redis.port);
        let settings = [
            ("TICKETS__MODE", "single"),
            ("TICKETS__URLS", urls.as_str()),
            ("STORE__POSTGRES_TIMEOUT", "2s"),
        ];
        let database = Postgres::address_at(to_postgres.port);
        let mut node = Node::new(&founded.first, &database, &settings);
        // It stands for the province: no balancer is in between.
        node.installation.port = founded.first.port;
        node.start().await;
        Self {
            party: founded.party(0).await,
            service: founded.service(0).await,
            node,
            to_postgres,
            to_redis,
            redis,
            founded,
        }
    }

    /// The node is not ready and names this part alone; requests that need it are told to come
    /// again, in time.
    async fn lost(&self, what: &str, part: &str) {
        let begun = Instant::now();
        let said = self.node.until(503).await;
        assert!(begun.elapsed() < RECOVERY, "{what}: {:?}", begun.elapsed());
        assert_eq!(said["status"], "not_ready", "{what}");
        for name in ["store", "tickets", "keys", "clock"] {
            let word = if name == part { "failing" } else { "ok" };
            // Keys rest in the store, and its clock is asked for there.
            let follows = part == "store" && name != "tickets";
            assert!(follows || said[name] == word, "{what}: {said}");
        }
        assert_eq!(said[part], "failing", "{what}: {said}");
        assert_reason(&said, &format!("{part}_unreachable"));
        let begun = Instant::now();
        let answer = self.needs(part).await;
        assert!(begun.elapsed() < LIMIT, "{what}: {:?}", begun.elapsed());
        assert_eq!(answer.status, 503, "{what}: {}", answer.body);
        assert_eq!(answer.oauth_error(), "temporarily_unavailable", "{what}");
        assert!(!answer.header("retry-after").is_empty(), "{what}");
    }

    /// It is back: the node is ready and answers, without hands.
    async fn back(&self, what: &str) {
        let begun = Instant::now();
        let said = self.node.until(200).await;
        let took = begun.elapsed();
        println!(
            "{what}: ready {:.1} s after it was back",
            took.as_secs_f32()
        );
        assert!(took < RECOVERY, "{what}: {took:?}");
        assert_eq!(said["status"], "ready");
        let redeemed = self.needs("tickets").await;
        assert_eq!(redeemed.oauth_error(), "invalid_grant", "{what}");
        let token = self.needs("store").await;
        assert_eq!(token.status, 200, "{what}: {}", token.body);
    }

    /// A request that cannot be answered without this part.
    async fn needs(&self, part: &str) -> Answer {
        if part == "tickets" {
            return self.party.redeem("no-code", &"v".repeat(43)).await;
        }
        let form = [("grant_type", "client_credentials")];
        self.service.ask("token_endpoint", &form).await
    }
}

/// Why, in a word of the closed list.
fn assert_reason(said: &Value, reason: &str) {
    let reasons = said["reasons"].as_array().expect("reasons");
    assert!(reasons.iter().any(|told| told == reason), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_loss_is_named_answered_and_recovered_from() {
    let mut alone = Alone::on(Postgres::start()).await;
    for way in [Way::Cut, Way::Silent] {
        let what = format!("line to PostgreSQL {way:?}");
        alone.to_postgres.set(way);
        alone.lost(&what, "store").await;
        alone.to_postgres.set(Way::Open);
        alone.back(&what).await;

        let what = format!("line to Redis {way:?}");
        alone.to_redis.set(way);
        alone.lost(&what, "tickets").await;
        alone.to_redis.set(Way::Open);
        alone.back(&what).await;
    }

    alone.founded.postgres.kill();
    alone.lost("PostgreSQL killed", "store").await;
    alone.founded.postgres.restart();
    alone.back("PostgreSQL killed").await;
    alone.founded.postgres.freeze(true);
    alone.lost("PostgreSQL frozen", "store").await;
    alone.founded.postgres.freeze(false);
    alone.back("PostgreSQL frozen").await;

    alone.redis.kill();
    alone.lost("Redis killed", "tickets").await;
    alone.redis.restart();
    alone.back("Redis killed").await;
    alone.redis.freeze(true);
    alone.lost("Redis frozen", "tickets").await;
    alone.redis.freeze(false);
    alone.back("Redis frozen").await;
    verify_audit(&alone.node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_at_its_memory_limit_is_named_and_drops_nothing() {
    let alone = Alone::on(Postgres::start()).await;
    let party = &alone.party;
    let mut agent = Agent::new();
    let tokens = party
        .sign_in(&mut agent, &alone.founded.administrator)
        .await;
    // Without what readiness itself writes and forgets, `idp:audit_reader:…`.
    let kept = || alone.redis.ask(&["KEYS", "idp:[^a]*"]);
    let before: BTreeSet<String> = kept().lines().map(str::to_owned).collect();
    assert!(!before.is_empty());
    alone.redis.ask(&["CONFIG", "SET", "maxmemory", "100kb"]);
    let said = alone.node.until(503).await;
    assert_reason(&said, "tickets_full");
    let page = party.open(&mut agent, &party.request()).await;
    assert_eq!(page.status, 503, "a code cannot be kept: {}", page.body);
    // What needs no new ticket goes on.
    let refreshed = party.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let after: BTreeSet<String> = kept().lines().map(str::to_owned).collect();
    assert!(before.is_subset(&after), "nothing is dropped");
    alone.redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    alone.back("Redis full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_postgres_is_named_and_loses_nothing() {
    let Some(postgres) = Postgres::start_on_small_disk() else {
        println!("not tried: only root may mount a small disk");
        return;
    };
    let alone = Alone::on(postgres).await;
    let party = &alone.party;
    let mut agent = Agent::new();
    let tokens = party
        .sign_in(&mut agent, &alone.founded.administrator)
        .await;
    let mut token = tokens.text("refresh_token");
    for round in 0..2 {
        alone.founded.postgres.fill(true);
        let begun = Instant::now();
        let refused = loop {
            let answer = party.refresh(&token).await;
            if answer.status != 200 {
                break answer;
            }
            let next = answer.json()["refresh_token"].as_str().map(str::to_owned);
            token = next.expect("a successor");
            assert!(begun.elapsed() < Duration::from_secs(30), "never noticed");
        };
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert_eq!(refused.oauth_error(), "temporarily_unavailable");
        let said = alone.node.until(503).await;
        assert_reason(&said, "store_full");
        alone.founded.postgres.fill(false);
        alone.back(&format!("PostgreSQL full, round {round}")).await;
        // The token whose use was refused is as good as before.
        let answer = party.refresh(&token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let next = answer.json()["refresh_token"].as_str().map(str::to_owned);
        token = next.expect("a successor");
    }
    verify_audit(&alone.node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_postgres_is_named() {
    let alone = Alone::on(Postgres::start()).await;
    let set = |to: &str| {
        let postgres = &alone.founded.postgres;
        postgres.ask(&format!(
            "ALTER SYSTEM SET default_transaction_read_only = {to}"
        ));
        postgres.ask("SELECT pg_reload_conf()");
    };
    set("on");
    assert_reason(&alone.node.until(503).await, "store_read_only");
    let answer = alone.needs("store").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.oauth_error(), "temporarily_unavailable");
    set("off");
    alone.back("PostgreSQL read-only").await;
}
