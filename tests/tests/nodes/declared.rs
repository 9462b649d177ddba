//! Declared clients, and pictures of applications, on PostgreSQL: what one node wrote, all tell.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, migrate, said};
use idp_tests::{Agent, Installation};
use serde_json::Value;
use url::Url;

use crate::openid::logo::{PNG, picture_server};

const NOTEBOOK: &str = "
    [[client]]
    client_id = 'so-tay'
    name = { vi = 'Sổ tay' }
    kind = 'web'
    redirect_uris = ['https://sotay.tinh.example/cb']
";
/// A client that waits for its unit.
const RECORDS: &str = "
    [[client]]
    client_id = 'ho-so'
    name = { vi = 'Hồ sơ' }
    kind = 'web'
    redirect_uris = ['https://hoso.tinh.example/cb']
    unit = 'H99.98'
";

/// A province on PostgreSQL.
fn province() -> (Installation, Postgres) {
    let (first, postgres) = (Installation::init(), Postgres::start());
    migrate(&first, &postgres);
    (first, postgres)
}

fn answer(node: &Node, arguments: &[&str]) -> Value {
    let done = node.installation.administer(arguments);
    assert!(done.status.success(), "{arguments:?}: {}", said(&done));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

fn origin(node: &Node, client: &str) -> Value {
    answer(node, &["client", "show", client])["origin"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_bring_the_same_clients_and_doctor_tells_what_is_refused() {
    let (first, postgres) = province();
    // Not `.toml`: the harness knows the configuration by that.
    let file = first.folder.path().join("clients.declared");
    std::fs::write(&file, format!("{NOTEBOOK}{RECORDS}")).expect("written");
    let place = file.display().to_string();
    let settings = [("CLIENTS__FILE", place.as_str())];
    let node = || Node::new(&first, &postgres.address(), &settings);
    let mut nodes = [node(), node()];
    for node in &mut nodes {
        node.start().await;
    }
    let notebook = answer(&nodes[1], &["client", "show", "so-tay"]);
    let written = (&notebook["origin"], &notebook["version"]);
    assert_eq!(
        written,
        (&"declared".into(), &1.into()),
        "by one node, once"
    );
    let log = nodes[1].serving.as_ref().expect("it serves").log();
    assert!(log.contains("unit_unknown"), "{log}");
    let doctor = nodes[0].installation.idp(&["doctor", "--output", "json"]);
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    let refused: Vec<_> = findings
        .iter()
        .filter(|finding| finding["check"] == "declared_clients")
        .collect();
    assert_eq!(refused.len(), 1, "{report}");
    let detail = refused[0]["detail"].to_string();
    assert!(detail.contains("ho-so: unit: ") && detail.contains("(unit_unknown)"));

    answer(&nodes[0], &["unit", "add", "H99.98", "--name", "Sở Mẫu"]);
    std::fs::write(&file, RECORDS).expect("written");
    nodes[1].terminate();
    nodes[1].start().await;
    assert_eq!(origin(&nodes[0], "ho-so"), "declared");
    assert_eq!(origin(&nodes[0], "so-tay"), "administrator", "it stays");
    let doctor = nodes[0].installation.idp(&["doctor", "--lang", "en"]);
    assert!(
        said(&doctor).contains("no rule refuses any"),
        "{}",
        said(&doctor)
    );
}

// The command line blocks its thread while the picture is asked for on another.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_one_node_fetched_is_shown_by_all() {
    let (first, postgres) = province();
    let node = || Node::new(&first, &postgres.address(), &[]);
    let mut nodes = [node(), node()];
    for node in &mut nodes {
        node.start().await;
    }
    let (address, served) = picture_server().await;
    let set = format!("logo_uri={address}");
    let redirect = ["--redirect-uri", "https://sotay.tinh.example/cb"];
    let add = ["client", "add", "so-tay", "--name", "Sổ tay", "--set", &set];
    answer(&nodes[0], &[&add[..], &redirect].concat());
    let digest = ring::digest::digest(&ring::digest::SHA256, PNG);
    let digest = URL_SAFE_NO_PAD.encode(digest);
    for node in &nodes {
        let port = node.installation.port;
        let own = format!("http://127.0.0.1:{port}/client-logo/{digest}");
        let shown = Agent::new()
            .fetch(&Url::parse(&own).expect("an address"))
            .await;
        let told = (shown.status, shown.header("content-type"));
        assert_eq!(told, (200, "image/png"));
    }
    assert_eq!(served.lock().expect("unpoisoned").1, 1, "asked once");
}
