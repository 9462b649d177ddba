//! The architecture test: which crate may know which, which room of `idp-core` may know which,
//! where `async` and the clock may occur, and that one TLS provider is in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use idp_tests::source::{self, SourceFile};
use serde_json::Value;

/// Which crate of the workspace may depend on which, for the product itself (not its tests).
const ARROWS: [(&str, &[&str]); 8] = [
    ("pki", &[]),
    ("ldap-bridge", &[]),
    ("idp-admin-api", &[]),
    ("idp-relying-party", &[]),
    ("idp-core", &["pki"]),
    ("idp-store", &["idp-core"]),
    (
        "idp-server",
        &[
            "idp-core",
            "idp-store",
            "idp-admin-api",
            "idp-relying-party",
            "pki",
            "ldap-bridge",
        ],
    ),
    ("idp-conformance", &["pki", "idp-core", "ldap-bridge"]),
];

/// The rooms of `idp-core` from the ground up; a room may use its own level and those below.
const LEVELS: [&[&str]; 7] = [
    &["base"],
    &["jose"],
    &["model"],
    &["event", "policy"],
    &["store", "ports"],
    &[
        "authn",
        "oauth",
        "oidc",
        "federation",
        "directory",
        "organisation",
        "authorization",
        "admin",
        "trust",
    ],
    &["flow"],
];

/// The only rooms of `idp-core` where the words `async` and `await` may stand.
const ASYNC_ROOMS: [&str; 3] = ["store", "ports", "flow"];

fn metadata(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments);
    let output = command
        .current_dir(source::root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn crates_know_only_what_lies_below_them() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = text(&package["name"]);
        let Some(allowed) = allowed.get(name) else {
            if !matches!(name, "idp-tests") {
                wrong.push(format!("{name} is not in the architecture test's table"));
            }
            continue;
        };
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let (on, kind) = (text(&dependency["name"]), text(&dependency["kind"]));
            if ours.contains(on) && on != name && !allowed.contains(&on) && kind != "dev" {
                wrong.push(format!("{name} depends on {on}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that run the wrong way:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_core_knows_no_framework_and_no_socket() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().expect("packages");
    let core = packages
        .iter()
        .find(|package| text(&package["name"]) == "idp-core");
    let dependencies = core.expect("idp-core")["dependencies"]
        .as_array()
        .expect("dependencies");
    let forbidden = [
        "axum", "tokio", "sqlx", "redis", "reqwest", "hyper", "chrono",
    ];
    let found: Vec<&str> = dependencies
        .iter()
        .filter(|dependency| text(&dependency["kind"]) != "dev")
        .map(|dependency| text(&dependency["name"]))
        .filter(|name| forbidden.contains(name))
        .collect();
    assert!(found.is_empty(), "idp-core depends on {found:?}");
}

fn core() -> Vec<SourceFile> {
    let files = source::read_crate(&source::root().join("idp-core"));
    assert!(!files.is_empty(), "idp-core has source files");
    files
}

fn level(room: &str) -> Option<usize> {
    LEVELS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn rooms_of_the_core_use_only_rooms_below_them() {
    let mut wrong = Vec::new();
    for file in core() {
        let Some(own) = file.module.first() else {
            continue;
        };
        let Some(own_level) = level(own) else {
            wrong.push(format!(
                "{}: the room `{own}` has no level",
                file.path.display()
            ));
            continue;
        };
        for used in &file.rooms_used {
            // What has no level is an item of the crate's root, such as a macro.
            let Some(used_level) = level(&used.text) else {
                continue;
            };
            if used_level > own_level {
                let path = file.path.display();
                wrong.push(format!("{path}:{}: {own} uses {}", used.line, used.text));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that run the wrong way:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn async_stays_in_the_stores_ports_and_flows_of_the_core() {
    let mut wrong = Vec::new();
    for file in core() {
        let room = file.module.first().map(String::as_str).unwrap_or_default();
        if !ASYNC_ROOMS.contains(&room) {
            let path = file.path.display();
            let lines = file.asynchronous.iter();
            wrong.extend(lines.map(|found| format!("{path}:{}: {}", found.line, found.text)));
        }
    }
    assert!(
        wrong.is_empty(),
        "async outside its rooms:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_wall_clock_is_read_only_in_its_room() {
    let root = source::root();
    let mut wrong = Vec::new();
    for name in [
        "pki",
        "idp-core",
        "ldap-bridge",
        "idp-server",
        "idp-server/store",
    ] {
        for file in source::read_crate(&root.join(name)) {
            if file.path.starts_with("idp-server/src/outside") {
                continue;
            }
            let path = file.path.display();
            let reads = file.clock_reads.iter();
            wrong.extend(reads.map(|read| format!("{path}:{}: {}", read.line, read.text)));
        }
    }
    assert!(
        wrong.is_empty(),
        "the clock is read outside its room:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn one_tls_provider_and_no_openssl_are_in_the_tree() {
    let metadata = metadata(&["--all-features"]);
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .expect("resolved packages");
    let named = |node: &Value, name: &str| {
        let id = text(&node["id"]);
        id.contains(&format!("#{name}@")) || id.contains(&format!("/{name}#"))
    };
    for banned in ["openssl-sys", "native-tls", "rusqlite"] {
        assert!(
            !nodes.iter().any(|node| named(node, banned)),
            "{banned} is in the tree"
        );
    }
    let rustls: Vec<&Value> = nodes.iter().filter(|node| named(node, "rustls")).collect();
    assert_eq!(rustls.len(), 1, "one rustls");
    let features = rustls[0]["features"].as_array().expect("features");
    let features: Vec<&str> = features.iter().map(text).collect();
    assert!(features.contains(&"aws_lc_rs"), "{features:?}");
    assert!(
        !features.contains(&"ring"),
        "a second TLS provider: {features:?}"
    );
}
