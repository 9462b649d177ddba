//! Whole runs: the stand-in on one side, the real binary on the other.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use idp_conformance::oidf::arguments::Arguments;
use idp_conformance::oidf::configuration::Setting;
use idp_conformance::oidf::plan::{ClientKind, LogoutChannel, Plan, Variant};
use idp_conformance::oidf::provider::{Provider, Settings};
use idp_conformance::oidf::run::run;
use serde_json::Value;
use url::Url;

use super::calls::suite;
use super::stand_in::{Script, StandIn, TOKEN};

/// The binary under test: `IDP_BIN`, or the one beside this test binary.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("IDP_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let mut beside = own.ancestors().skip(1).map(|folder| folder.join("idp"));
    let found = beside.find(|path| path.is_file());
    found.expect("the binary: set IDP_BIN, or build it with `cargo build --workspace --bin idp`")
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

fn settings() -> Settings {
    let listen = free_address();
    Settings {
        idp: binary(),
        issuer: Url::parse(&format!("https://localhost:{}", listen.port())).unwrap(),
        listen,
        suite_ca: None,
    }
}

/// Runs the config plan, and says whether all was as expected, and what was printed.
async fn ran(stand_in: &StandIn, further: &[&str]) -> (bool, String) {
    let settings = settings();
    let (idp, listen) = (
        settings.idp.display().to_string(),
        settings.listen.to_string(),
    );
    let fixed = [
        "oidf",
        "--suite",
        stand_in.url.as_str(),
        "--token",
        TOKEN,
        "--plan",
        "oidcc-config-certification-test-plan",
        "--idp",
        &idp,
        "--issuer",
        settings.issuer.as_str(),
        "--listen",
        &listen,
    ];
    let arguments = Arguments::parse_from(fixed.iter().chain(further));
    let mut printed = Vec::new();
    let as_expected = run(&arguments, &mut printed).await.unwrap();
    (as_expected, String::from_utf8(printed).unwrap())
}

#[tokio::test]
async fn a_run_prints_results_and_differences_and_keeps_a_plan_that_differs() {
    let over = [Some("WAITING"), Some("FINISHED")];
    let good = Script::of(&over, "PASSED");
    let modules = [
        ("good", good.clone()),
        ("known", Script::of(&over, "REVIEW")),
    ];
    let stand_in = StandIn::start(&modules).await;
    let folder = tempfile::tempdir().unwrap();
    let expected = folder.path().join("expected.toml");
    let plan = "plan = 'oidcc-config-certification-test-plan'";
    let entry =
        format!("[[expected]]\n{plan}\nmodule = 'known'\nresult = 'REVIEW'\nwhy = 'seen'\n");
    std::fs::write(&expected, &entry).unwrap();
    let expected = expected.display().to_string();
    let (as_expected, printed) = ran(&stand_in, &["--expected", &expected]).await;
    assert!(as_expected, "{printed}");
    for line in [
        "PASSED     good",
        "REVIEW     known",
        "2 modules: 1 PASSED, 1 REVIEW",
        "as expected",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert_eq!(stand_in.of("DELETE /api/plan/plan-1").len(), 1);

    let stand_in = StandIn::start(&[("bad", Script::of(&over, "FAILED")), ("good", good)]).await;
    let (as_expected, printed) = ran(&stand_in, &["--expected", &expected]).await;
    assert!(!as_expected, "{printed}");
    for line in [
        "FAILED, expected PASSED",
        "DIFFERENT  known (oidcc-config-certification-test-plan ): did not occur, expected REVIEW",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert_eq!(stand_in.of("DELETE /api/plan/plan-1").len(), 0);

    let folder = folder.path().join("exports").display().to_string();
    let (as_expected, printed) = ran(&stand_in, &["--module", "good", "--export", &folder]).await;
    assert!(as_expected && !printed.contains("bad"), "{printed}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test]
async fn the_configuration_describes_a_provider_that_answers_and_clients_that_exist() {
    let stand_in = StandIn::start(&[]).await;
    let (suite, provider) = (suite(&stand_in), Provider::start(settings()).await.unwrap());
    let plan = Plan {
        name: "the-plan".into(),
        variant: Variant::new(),
        choices: Default::default(),
        client: ClientKind::Openid,
        sets: vec!["frontchannel_logout_session_required=true".into()],
        logout: Some(LogoutChannel::Frontchannel),
        by_hand: Vec::new(),
    };
    let setting = Setting {
        suite: &suite,
        provider: &provider,
        plan: &plan,
        variant: &plan.variant,
        alias: "idp",
    };
    let told = setting.configuration().unwrap();
    let text = |pointer: &str| {
        told.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let document = provider.http().unwrap().get(text("/server/discoveryUrl"));
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], provider.issuer());
    assert_eq!(text("/server/login_hint"), provider.person.username);
    let ids: BTreeSet<&str> = ["client", "client2", "client_secret_post"]
        .iter()
        .map(|client| {
            assert!(
                text(&format!("/{client}/client_secret")).len() > 20,
                "{client}"
            );
            text(&format!("/{client}/client_id"))
        })
        .collect();
    assert_eq!(ids.len(), 3);
    for id in ids {
        let client = provider.administer(&["client", "show", id]).unwrap();
        let logout = client.pointer("/features/frontchannel_logout_uri");
        let expected = format!("{}/test/a/idp/frontchannel_logout", suite.base());
        assert_eq!(
            logout.and_then(Value::as_str),
            Some(expected.as_str()),
            "{client}"
        );
    }
    let own = "/override/oidcc-ensure-registered-redirect-uri/browser";
    let rules = told.pointer(own).and_then(Value::as_array).unwrap();
    assert!(rules[0].to_string().contains("error-message"), "{rules:?}");
    assert_eq!(
        rules.len(),
        setting.rules().len(),
        "its own rule replaces one"
    );
    let user = provider
        .administer(&["user", "show", &provider.person.username])
        .unwrap();
    assert_eq!(user["address"]["postal_code"], "270000", "{user}");
}
