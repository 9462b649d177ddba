//! Modules from their creation to their result.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use idp_conformance::oidf::Outcome;
use idp_conformance::oidf::answers::ModuleResult;
use idp_conformance::oidf::expected::Ended;
use idp_conformance::oidf::module::{Hands, Walk};
use idp_conformance::oidf::plan::{ClientKind, Plan, Variant};
use serde_json::json;

use super::calls::{created, suite};
use super::stand_in::{Script, StandIn};

const OP: &str = "https://op.example";

/// Hands that write down what they did.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

#[async_trait]
impl Hands for Noted {
    async fn rotate_keys(&self) -> Outcome<()> {
        self.0.lock().unwrap().push("rotate".into());
        Ok(())
    }

    async fn open(&self, url: &str) -> Outcome<()> {
        self.0.lock().unwrap().push(format!("open {url}"));
        Ok(())
    }

    async fn picture(&self, url: &str) -> Outcome<Option<String>> {
        self.0.lock().unwrap().push(format!("picture {url}"));
        Ok(Some("data:image/png;base64,AA==".into()))
    }
}

/// Runs the one module of a stand-in, and says what was done by hand.
async fn walked(stand_in: &StandIn, patience: u64) -> (Outcome<Ended>, Vec<String>) {
    let suite = suite(stand_in);
    let plan = Plan {
        name: "the-plan".into(),
        variant: Variant::new(),
        choices: Default::default(),
        client: ClientKind::Dynamic,
        sets: Vec::new(),
        logout: None,
        by_hand: vec!["by-hand".into()],
    };
    let variant = Variant::from([("response_type".to_owned(), "code".to_owned())]);
    let (created, hands) = (created(&suite).await, Noted::default());
    let walk = Walk {
        suite: &suite,
        plan: &plan,
        variant: &variant,
        created: &created,
        rules: &[json!({"match": format!("{OP}/authorize*"), "tasks": []})],
        patience: Duration::from_secs(patience),
        hands: &hands,
    };
    let ended = walk.run(&created.modules[0]).await;
    (ended, hands.0.into_inner().unwrap())
}

async fn result(script: Script) -> (ModuleResult, Vec<String>) {
    let stand_in = StandIn::start(&[("module", script)]).await;
    let ended = walked(&stand_in, 30).await.0.unwrap();
    assert_eq!(
        (ended.plan.as_str(), ended.module.as_str()),
        ("the-plan", "module")
    );
    assert_eq!(ended.variant["response_type"], "code");
    assert_eq!(
        ended.variant["script"], "module",
        "the module's own values count too"
    );
    (ended.result, ended.remarks)
}

#[tokio::test]
async fn the_result_is_the_suites_own() {
    let finished = [Some("RUNNING"), Some("WAITING"), None, Some("FINISHED")];
    for (told, expected) in [
        ("PASSED", ModuleResult::Passed),
        ("WARNING", ModuleResult::Warning),
        ("REVIEW", ModuleResult::Review),
        ("SKIPPED", ModuleResult::Skipped),
        ("FAILED", ModuleResult::Failed),
        ("UNKNOWN", ModuleResult::Unknown),
    ] {
        assert_eq!(result(Script::of(&finished, told)).await.0, expected);
    }
    let silent = Script {
        result: None,
        ..Script::of(&finished, "")
    };
    assert_eq!(result(silent).await.0, ModuleResult::Unknown);
}

#[tokio::test]
async fn what_failed_is_repeated_and_what_broke_off_is_unfinished() {
    let log = vec![
        json!({"src": "CheckNonce", "msg": "nonce differs", "result": "FAILURE"}),
        json!({"src": "CheckState", "msg": "fine", "result": "SUCCESS"}),
        json!({"src": "-START-BLOCK-", "msg": "a heading"}),
        json!({"src": "CheckAge", "msg": "old", "result": "WARNING"}),
    ];
    let failed = Script {
        log,
        ..Script::of(&[Some("FINISHED")], "FAILED")
    };
    let (ended, remarks) = result(failed).await;
    assert_eq!(ended, ModuleResult::Failed);
    assert_eq!(remarks, ["CheckNonce: nonce differs", "CheckAge: old"]);
    let broken = Script {
        error: Some(json!("connection refused")),
        ..Script::of(&[Some("RUNNING"), Some("INTERRUPTED")], "FAILED")
    };
    let (ended, remarks) = result(broken).await;
    assert_eq!(ended, ModuleResult::Unfinished);
    assert_eq!(remarks, ["\"connection refused\""]);
}

#[tokio::test]
async fn a_module_that_never_ends_is_left() {
    for states in [[None, None], [Some("WAITING"), Some("WAITING")]] {
        let script = Script::of(&states, "UNKNOWN");
        let stand_in = StandIn::start(&[("module", script)]).await;
        let ended = walked(&stand_in, 1).await.0.unwrap();
        assert_eq!(ended.result, ModuleResult::Unfinished);
        assert_eq!(ended.remarks, ["not over after 1 s"]);
        let polls = stand_in.of("GET /api/runner/module/wait-state");
        let patience = |call: &super::stand_in::Call| call.query["timeoutMs"].parse().unwrap_or(0);
        assert!(polls.iter().all(|poll| patience(poll) <= 1000), "{polls:?}");
        // A state that lasts is not asked for again at once, which would be hundreds of times.
        assert!(polls.len() < 50, "{} polls", polls.len());
    }
}

#[tokio::test]
async fn an_alias_that_is_in_use_is_asked_for_again() {
    let script = Script {
        in_use: 1,
        ..Script::of(&[Some("FINISHED")], "PASSED")
    };
    let stand_in = StandIn::start(&[("module", script)]).await;
    assert_eq!(
        walked(&stand_in, 30).await.0.unwrap().result,
        ModuleResult::Passed
    );
    assert_eq!(stand_in.of("POST /api/runner").len(), 2);
}

#[tokio::test]
async fn keys_are_rotated_before_a_module_that_waits_for_it_is_started() {
    let states = [Some("CONFIGURED"), Some("RUNNING"), Some("FINISHED")];
    let script = || Script::of(&states, "PASSED");
    let stand_in = StandIn::start(&[("by-hand", script())]).await;
    let (ended, hands) = walked(&stand_in, 30).await;
    assert_eq!(ended.unwrap().result, ModuleResult::Passed);
    assert_eq!(hands, ["rotate"]);
    assert_eq!(stand_in.of("POST /api/runner/by-hand").len(), 1);
    // Any other starts by itself.
    let stand_in = StandIn::start(&[("module", script())]).await;
    let (ended, hands) = walked(&stand_in, 30).await;
    assert_eq!(
        (ended.unwrap().result, hands.len()),
        (ModuleResult::Passed, 0)
    );
    assert_eq!(stand_in.of("POST /api/runner/module").len(), 0);
}

#[tokio::test]
async fn what_no_rule_is_for_is_opened_once_and_placeholders_are_filled() {
    let script = Script {
        urls: vec![format!("{OP}/authorize?x=1"), format!("{OP}/start")],
        log: vec![
            json!({"src": "Browser", "msg": "show the error page", "upload": "shot-1"}),
            json!({"src": "Browser", "msg": "again", "upload": "shot-2"}),
        ],
        ..Script::of(
            &[Some("WAITING"), None, Some("WAITING"), Some("FINISHED")],
            "REVIEW",
        )
    };
    let stand_in = StandIn::start(&[("module", script)]).await;
    let (ended, hands) = walked(&stand_in, 30).await;
    assert_eq!(ended.unwrap().result, ModuleResult::Review);
    let start = format!("{OP}/start");
    assert_eq!(hands, [format!("open {start}"), format!("picture {start}")]);
    let visits = stand_in.of("POST /api/runner/browser/module/visit");
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].query["url"], start);
    for placeholder in ["shot-1", "shot-2"] {
        let call = format!("POST /api/log/module/images/{placeholder}");
        assert_eq!(stand_in.of(&call).len(), 1, "{placeholder}");
    }
}
