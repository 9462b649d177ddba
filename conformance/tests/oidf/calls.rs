//! Every call of the interface, once as it should go and once otherwise.

use std::time::Duration;

use idp_conformance::oidf::Trouble;
use idp_conformance::oidf::answers::{
    CreatedPlan, Made, ModuleResult, ModuleStatus, PlannedModule, Polled,
};
use idp_conformance::oidf::plan::Variant;
use idp_conformance::oidf::suite::Suite;
use serde_json::json;
use url::Url;

use super::stand_in::{Script, StandIn, TOKEN};

pub(super) fn suite(stand_in: &StandIn) -> Suite {
    Suite::new(&stand_in.url, Some(TOKEN.to_owned()), None).unwrap()
}

pub(super) async fn created(suite: &Suite) -> CreatedPlan {
    suite
        .create("the-plan", &Variant::new(), &json!({}))
        .await
        .unwrap()
}

fn status<T: std::fmt::Debug>(refused: Result<T, Trouble>) -> (u16, String) {
    match refused.unwrap_err() {
        Trouble::Suite { status, text, .. } => (status, text),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_plan_is_made_with_its_variant_and_configuration() {
    let script = Script::of(&[Some("FINISHED")], "PASSED");
    let stand_in = StandIn::start(&[("first", script)]).await;
    let suite = suite(&stand_in);
    suite.ready().await.unwrap();
    suite.knows("the-plan").await.unwrap();
    let (missing, told) = status(suite.knows("no-plan").await);
    assert_eq!(missing, 404);
    assert!(told.contains("the-plan, oidcc-config"), "{told}");

    let variant = Variant::from([("response_type".to_owned(), "code".to_owned())]);
    let configuration = json!({"alias": "một", "client": {"client_id": "a b"}});
    let plan = suite
        .create("the-plan", &variant, &configuration)
        .await
        .unwrap();
    assert_eq!((plan.id.as_str(), plan.modules.len()), ("plan-1", 1));
    assert_eq!(plan.modules[0].test_module, "first");
    let call = &stand_in.of("POST /api/plan")[0];
    assert_eq!(call.query["planName"], "the-plan");
    assert_eq!(call.query["variant"], r#"{"response_type":"code"}"#);
    let sent: serde_json::Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(sent, configuration);
    assert_eq!(stand_in.of("GET /api/plan")[0].query["length"], "1");

    let unknown = Variant::from([("x".to_owned(), "unheard-of".to_owned())]);
    let refused = suite.create("the-plan", &unknown, &json!({})).await;
    assert_eq!(
        status(refused),
        (400, "Illegal value for variant".to_owned())
    );
    assert_eq!(suite.export(&plan).await.unwrap(), b"export of plan-1");
    suite.remove(&plan).await.unwrap();
    assert_eq!(stand_in.of("DELETE /api/plan/plan-1").len(), 1);
}

#[tokio::test]
async fn a_module_is_made_started_waited_for_and_read() {
    let script = Script {
        in_use: 1,
        urls: vec!["https://op.example/authorize".into()],
        log: vec![
            json!({"src": "Check", "msg": "nonce differs", "result": "FAILURE",
            "requirements": ["OIDCC-3"], "time": 1}),
        ],
        error: Some(json!({"error": "gone"})),
        ..Script::of(&[None, Some("WAITING"), Some("FINISHED")], "FAILED")
    };
    let stand_in = StandIn::start(&[("first", script)]).await;
    let suite = suite(&stand_in);
    let plan = created(&suite).await;
    let module = &plan.modules[0];
    assert_eq!(suite.make(&plan, module).await.unwrap(), Made::AliasInUse);
    let made = suite.make(&plan, module).await.unwrap();
    assert_eq!(made, Made::Module("first".to_owned()));
    let query = &stand_in.of("POST /api/runner")[1].query;
    assert_eq!(
        (query["test"].as_str(), query["plan"].as_str()),
        ("first", "plan-1")
    );
    assert_eq!(query["variant"], r#"{"script":"first"}"#);
    suite.start("first").await.unwrap();
    assert_eq!(stand_in.of("POST /api/runner/first").len(), 1);

    let states = [ModuleStatus::Waiting, ModuleStatus::Finished];
    let long = Duration::from_secs(3600);
    assert_eq!(
        suite.wait("first", &states, long).await.unwrap(),
        Polled::Timeout
    );
    let polled = suite.wait("first", &states, long).await.unwrap();
    assert_eq!(polled, Polled::State(ModuleStatus::Waiting));
    let query = &stand_in.of("GET /api/runner/first/wait-state")[0].query;
    assert_eq!(query["states"], "WAITING,FINISHED");
    assert_eq!(query["timeoutMs"], "30000");

    let runner = suite.runner("first").await.unwrap();
    assert_eq!(runner.browser.urls, ["https://op.example/authorize"]);
    assert_eq!(runner.error.unwrap()["error"], "gone");
    let info = suite.info("first").await.unwrap();
    assert_eq!(info.result, Some(ModuleResult::Failed));
    let log = suite.log("first").await.unwrap();
    assert_eq!(
        (log[0].src.as_str(), log[0].msg.as_str()),
        ("Check", "nonce differs")
    );
    suite
        .visited("first", "https://op.example/x?a=b&c")
        .await
        .unwrap();
    let visit = &stand_in.of("POST /api/runner/browser/first/visit")[0];
    assert_eq!(visit.query["url"], "https://op.example/x?a=b&c");
    suite
        .fill("first", "shot", "data:image/png;base64,AA==".into())
        .await
        .unwrap();
    let filled = &stand_in.of("POST /api/log/first/images/shot")[0];
    assert_eq!(filled.body, "data:image/png;base64,AA==");
}

#[tokio::test]
async fn a_suite_that_is_not_there_or_wants_a_token_is_trouble() {
    let stand_in = StandIn::start(&[]).await;
    for token in [None, Some("another".to_owned())] {
        let suite = Suite::new(&stand_in.url, token, None).unwrap();
        assert_eq!(status(suite.ready().await), (401, "no token".to_owned()));
    }
    let nowhere = Url::parse("http://127.0.0.1:9/").unwrap();
    let suite = Suite::new(&nowhere, None, None).unwrap();
    let trouble = suite.ready().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Transport { .. }), "{trouble}");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("ca.pem");
    assert!(Suite::new(&nowhere, None, Some(&missing)).is_err());
    std::fs::write(&missing, "-----BEGIN CERTIFICATE-----\nx\n").unwrap();
    assert!(Suite::new(&nowhere, None, Some(&missing)).is_err());
    let module = PlannedModule {
        test_module: "m".into(),
        variant: None,
    };
    let plan = CreatedPlan {
        id: "p".into(),
        modules: vec![module.clone()],
    };
    assert!(suite.make(&plan, &module).await.is_err());
}
