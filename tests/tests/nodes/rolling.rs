//! Nodes replaced one after another under load, and nodes of two versions on one schema.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use idp_tests::installation::Serving;
use idp_tests::postgres::Postgres;

use super::count;
use super::province::{Founded, Province};
use super::traffic::Traffic;
use super::trouble::{Troubles, conclude};

/// Between two nodes: longer than the balancer leaves one alone that did not take a connection, or
/// it might find none.
const BETWEEN: Duration = Duration::from_millis(2_500);

/// Another version of the program, to which the nodes change, and back from it.
fn before() -> Option<PathBuf> {
    std::env::var_os("IDP_BIN_BEFORE").map(PathBuf::from)
}

/// What a newer program's migration does that only adds: a table, a column with a default, an
/// index. The last column is what decision 0012 calls `compatible_from`.
const EXPAND: &str = "BEGIN; SELECT pg_advisory_lock(4801616); \
     CREATE TABLE of_the_next_version (id TEXT PRIMARY KEY, body TEXT NOT NULL); \
     ALTER TABLE grants ADD COLUMN of_the_next_version BIGINT NOT NULL DEFAULT 0; \
     ALTER TABLE tickets ADD COLUMN of_the_next_version BIGINT NOT NULL DEFAULT 0; \
     CREATE INDEX sessions_of_the_next_version ON sessions (version); \
     INSERT INTO schema_versions (version, compatible_from) \
     SELECT max(version) + 1, max(version) FROM schema_versions; COMMIT;";
/// What one does that takes away: programs before it would break.
const CONTRACT: &str = "INSERT INTO schema_versions (version, compatible_from) \
     SELECT max(version) + 1, max(version) + 1 FROM schema_versions";

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_change_of_version_loses_no_request() {
    let mut province = Province::on_redis(3).await;
    let traffic = Traffic::start(&province).await;
    // Nothing may fail at any time.
    let troubles = Troubles::new();
    traffic.flows_again(Instant::now()).await;
    let present = province.nodes[0].installation.program.clone();
    let programs = [before().unwrap_or(present.clone()), present];
    for round in 0..count("IDP_TEST_ROLLS", 3) {
        for node in &mut province.nodes {
            node.terminate();
            node.installation.program = programs[round % 2].clone();
            traffic.flows_again(Instant::now()).await;
            node.start().await;
            tokio::time::sleep(BETWEEN).await;
        }
        if round == 0 {
            // The first newer node expands the schema amid the older ones, which go on, and
            // which start again on it.
            province.founded.postgres.ask(EXPAND);
            traffic.flows_again(Instant::now()).await;
        }
    }
    traffic.flows_again(Instant::now()).await;
    conclude(&province, traffic, &troubles).await;

    // A schema that older programs would damage: those that run are no longer ready, and none
    // starts.
    province.founded.postgres.ask(CONTRACT);
    for node in &province.nodes {
        assert_eq!(node.until(503).await["store"], "failing");
    }
    let node = &province.nodes[0];
    let command = node.installation.command(&["serve"]);
    let late = node.installation.spawn(command);
    let refused = node.installation.until_ready(late).await;
    let refused = refused.err().expect("it does not start");
    assert!(
        refused.contains("schema version") && refused.contains("newer program"),
        "{refused}"
    );
}

/// Told to stop, a node announces it before it takes no more requests.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_announced_while_requests_are_still_taken() {
    let founded = Founded::on(Postgres::start()).await;
    let mut node = founded.node(&[("LISTEN__NOTICE", "3s")]);
    node.installation.port = founded.first.port;
    node.start().await;
    let service = founded.service(0).await;
    let pid = node.serving.as_ref().map(Serving::pid).expect("it serves");
    idp_tests::world::signal(pid, "TERM");
    let said = node.until(503).await;
    assert_eq!(
        (&said["stopping"], &said["store"]),
        (&true.into(), &"ok".into())
    );
    let form = [("grant_type", "client_credentials")];
    let answer = service.ask("token_endpoint", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    node.terminate();
}
