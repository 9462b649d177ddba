//! The runner of x509-limbo, on a file of its schema that the test authority of `pki` makes.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idp_conformance::limbo::run::{Arguments, run};
use pki::Time;
use pki::test_ca::encode::{element, extension, oid, sequence};
use pki::test_ca::{Authority, Key, ListTemplate, Subject, Template};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z.
const NOW: Time = Time::from_seconds(1_767_225_600);
const SERIAL: &[u8] = &[0x54, 1];

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Root, intermediate and a server's certificate.
struct Chain {
    root: Authority,
    between: Authority,
    end: Vec<u8>,
}

impl Chain {
    fn new() -> Self {
        let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let between = root.below("CA máy chủ thử nghiệm", Key::p256());
        let names = sequence(&[
            element(0x82, b"*.so.example"),
            element(0x87, &[10, 0, 0, 1]),
        ]);
        let purposes = sequence(&[oid("1.3.6.1.5.5.7.3.1")]);
        let template = Template::person(Subject::named("Máy chủ"), NOW)
            .serial(SERIAL)
            .extension(extension("2.5.29.17", false, &names))
            .extension(extension("2.5.29.37", false, &purposes));
        let end = between.issue(&template, &Key::p256());
        Self { root, between, end }
    }

    /// A question about the chain, as it should be accepted.
    fn question(&self, id: &str) -> Value {
        json!({
            "id": id,
            "features": [],
            "validation_kind": "SERVER",
            "trusted_certs": [pem("CERTIFICATE", &self.root.certificate)],
            "untrusted_intermediates": [pem("CERTIFICATE", &self.between.certificate)],
            "peer_certificate": pem("CERTIFICATE", &self.end),
            "peer_certificate_key": null,
            "validation_time": "2026-01-01T00:00:00Z",
            "signature_algorithms": [],
            "key_usage": ["digitalSignature"],
            "extended_key_usage": ["serverAuth"],
            "expected_result": "SUCCESS",
            "expected_peer_name": {"kind": "DNS", "value": "may.so.example"},
            "expected_peer_names": [],
            "max_chain_depth": null,
            "crls": [],
        })
    }

    fn changed(&self, id: &str, result: &str, member: &str, value: Value) -> Value {
        let mut question = self.question(id);
        question["expected_result"] = json!(result);
        question[member] = value;
        question
    }

    /// Lists of both authorities; the intermediate's names these serial numbers.
    fn lists(&self, revoked: &[&[u8]]) -> Value {
        let clean = self.root.list(&ListTemplate::at(NOW));
        let naming = self.between.list(&ListTemplate::at(NOW).revoking(revoked));
        json!([pem("X509 CRL", &clean), pem("X509 CRL", &naming)])
    }

    /// Questions with the answers that RFC 5280 gives.
    fn questions(&self) -> Vec<Value> {
        let ip = |value: &str| json!({"kind": "IP", "value": value});
        let dns = |value: &str| json!({"kind": "DNS", "value": value});
        let other = Authority::root("Gốc khác", Key::p256(), NOW);
        let other = json!([pem("CERTIFICATE", &other.certificate)]);
        let (yes, no) = ("SUCCESS", "FAILURE");
        vec![
            self.question("plain"),
            self.changed("present", yes, "validation_time", Value::Null),
            self.changed(
                "late",
                no,
                "validation_time",
                json!("2036-01-01T00:00:00+00:00"),
            ),
            self.changed(
                "early",
                no,
                "validation_time",
                json!("2016-01-01T00:00:00Z"),
            ),
            self.changed("no way", no, "untrusted_intermediates", json!([])),
            self.changed("other root", no, "trusted_certs", other),
            self.changed("no certificate", no, "peer_certificate", json!("nothing")),
            self.changed("deep enough", yes, "max_chain_depth", json!(1)),
            self.changed("too deep", no, "max_chain_depth", json!(0)),
            self.changed(
                "other purpose",
                no,
                "extended_key_usage",
                json!(["clientAuth"]),
            ),
            self.changed("other usage", no, "key_usage", json!(["cRLSign"])),
            self.changed("address", yes, "expected_peer_name", ip("10.0.0.1")),
            self.changed("other address", no, "expected_peer_name", ip("10.0.0.2")),
            self.changed("other host", no, "expected_peer_name", dns("so.example")),
            self.changed(
                "two labels",
                no,
                "expected_peer_name",
                dns("a.may.so.example"),
            ),
            self.changed("listed", no, "crls", self.lists(&[SERIAL])),
            self.changed("not listed", yes, "crls", self.lists(&[&[9]])),
        ]
    }
}

/// Runs a file of these questions: whether all is as expected, what was printed, the results.
fn outcome(questions: &[Value], divergences: &str) -> (bool, String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = Path::new(folder.path()).join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let suite = json!({"version": 1, "testcases": questions}).to_string();
    let results = folder.path().join("results.json");
    let arguments = Arguments {
        suite: write("limbo.json", &suite),
        now: "2026-01-02T00:00:00Z".parse().unwrap(),
        results: Some(results.clone()),
        divergences: Some(write("divergences.toml", divergences)),
    };
    let mut printed = Vec::new();
    let as_expected = run(&arguments, &mut printed).unwrap();
    let results = std::fs::read_to_string(results).unwrap();
    let results = serde_json::from_str(&results).unwrap();
    (as_expected, String::from_utf8(printed).unwrap(), results)
}

#[test]
fn every_question_is_answered_as_rfc_5280_does() {
    let questions = Chain::new().questions();
    let (as_expected, printed, results) = outcome(&questions, "");
    assert!(as_expected, "{printed}");
    assert!(
        printed.contains("17 questions: 17 as expected"),
        "{printed}"
    );
    let answers = results["results"].as_array().unwrap();
    assert_eq!((results["version"].as_u64(), answers.len()), (Some(1), 17));
    let context = |id: &str| {
        let answer = answers.iter().find(|answer| answer["id"] == id).unwrap();
        (answer["actual_result"].clone(), answer["context"].clone())
    };
    assert_eq!(context("plain"), (json!("SUCCESS"), Value::Null));
    assert_eq!(context("late"), (json!("FAILURE"), json!("expired")));
    assert_eq!(context("listed"), (json!("FAILURE"), json!("revoked")));
}

#[test]
fn what_differs_is_told_unless_it_is_listed() {
    let chain = Chain::new();
    let wrong = [chain.changed("wrong", "FAILURE", "features", json!([]))];
    let (as_expected, printed, _) = outcome(&wrong, "");
    assert!(
        !as_expected && printed.contains("DIFFERENT wrong"),
        "{printed}"
    );
    let listed = "[[divergence]]\nid = \"wrong\"\nwhy = \"A test says so.\"\n";
    let (as_expected, printed, _) = outcome(&wrong, listed);
    assert!(
        as_expected && printed.contains("known     wrong"),
        "{printed}"
    );
    // Listed, and as expected: the list is wrong.
    let (as_expected, printed, _) = outcome(&[chain.question("wrong")], listed);
    assert!(
        !as_expected && printed.contains("LISTED, BUT NOT DIFFERENT wrong"),
        "{printed}"
    );
    let limited = [chain.changed(
        "limited",
        "SUCCESS",
        "signature_algorithms",
        json!(["RSA_WITH_SHA256"]),
    )];
    let (as_expected, printed, results) = outcome(&limited, "");
    assert!(as_expected && printed.contains("1 skipped"), "{printed}");
    assert_eq!(results["results"][0]["actual_result"], "SKIPPED");
}
