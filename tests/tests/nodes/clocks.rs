//! A node whose clock differs from that of the database it shares.

use std::time::{Duration, Instant};

use idp_tests::postgres::Postgres;
use idp_tests::province::verify_audit;

use super::province::Founded;

/// Lets the database's clock differ by so many seconds, for connections that begin now: the
/// server's own cannot be moved, so another function of the same name is found first.
fn differ(postgres: &Postgres, seconds: i32) {
    let clock = format!(
        "CREATE OR REPLACE FUNCTION public.statement_timestamp() RETURNS timestamptz STABLE \
         LANGUAGE sql AS 'SELECT pg_catalog.statement_timestamp() + interval ''{seconds} s'''"
    );
    for statement in [
        clock.as_str(),
        "ALTER DATABASE idp SET search_path = public, pg_catalog",
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ] {
        postgres.ask(statement);
    }
}

/// Waits until every event is in a block.
async fn sealed(postgres: &Postgres) {
    let begun = Instant::now();
    let all = "SELECT (SELECT max(place) FROM events) <= (SELECT max(last) FROM audit_blocks)";
    while postgres.ask(all) != "t" {
        assert!(begun.elapsed() < Duration::from_secs(20), "not sealed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_off_says_so_and_leaves_its_work_alone() {
    let founded = Founded::on(Postgres::start()).await;
    let mut node = founded.node(&[]);
    node.installation.port = founded.first.port;
    node.start().await;
    let service = founded.service(0).await;
    let token = async || {
        let form = [("grant_type", "client_credentials")];
        let answer = service.ask("token_endpoint", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    token().await;
    sealed(&founded.postgres).await;

    differ(&founded.postgres, 10);
    let said = node.until(503).await;
    assert_eq!(said["clock"], "failing", "{said}");
    assert_eq!(said["reasons"][0], "clock_failing", "{said}");
    assert_eq!(said["store"], "ok", "{said}");
    let blocks = || founded.postgres.ask("SELECT count(*) FROM audit_blocks");
    let before = blocks();
    token().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(blocks(), before, "nothing is sealed by a wrong clock");

    differ(&founded.postgres, 0);
    node.until(200).await;
    sealed(&founded.postgres).await;
    verify_audit(&node);
}
