//! A unit administrator who wants more (security sentence 1): whoever can sign in as somebody holds
//! that person's rights, so every way to take over an account that reaches further is tried here.

use std::collections::BTreeSet;

use idp_tests::{Agent, RelyingParty, User, World};
use serde_json::Value;

/// Administers H99.02 and everything below it; nothing else.
const ATTACKER: &str = "binh.tt";
const PROVINCE: &str = "quantri";

/// What is tried, and the reason of its refusal. An account with a position in the unit can be seen
/// but not taken over when it reaches further; one without does not even exist for the attacker.
const ATTEMPTS: [(&str, &str); 34] = [
    // Taking over somebody who also works elsewhere.
    ("user reset an.nv", "outside_scope"),
    (
        "user edit an.nv --mail ke.gian@hoaban.example",
        "outside_scope",
    ),
    (
        "user edit an.nv --personal-id 001085000009",
        "outside_scope",
    ),
    ("user edit an.nv --name Khác", "outside_scope"),
    ("user disable an.nv", "outside_scope"),
    ("user unassign an.nv --unit H99.01", "outside_scope"),
    ("user unassign an.nv --role mot-cua", "outside_scope"),
    // Taking over somebody of another unit, and the province's administrator.
    ("user show nguyen.yn", "not_found_here"),
    ("user reset nguyen.yn", "not_found_here"),
    (
        "user edit nguyen.yn --mail ke.gian@hoaban.example",
        "not_found_here",
    ),
    ("user disable nguyen.yn", "not_found_here"),
    ("user reset quantri", "not_found_here"),
    (
        "user edit quantri --mail ke.gian@hoaban.example",
        "not_found_here",
    ),
    // Moving people into the own unit, to reset them there.
    (
        "user assign nguyen.yn --unit H99.02 --title Khách",
        "not_found_here",
    ),
    (
        "user assign quantri --unit H99.02 --title Khách --main",
        "not_found_here",
    ),
    // Roles for oneself and for one's people.
    (
        "user assign binh.tt --role province-administrator",
        "outside_scope",
    ),
    (
        "user assign binh.tt --role unit-administrator --unit H99",
        "outside_scope",
    ),
    (
        "user assign binh.tt --role unit-administrator --unit H99.02.01",
        "outside_scope",
    ),
    (
        "user assign binh.tt --role van-thu --unit H99.03",
        "outside_scope",
    ),
    ("user assign binh.tt --role van-thu", "outside_scope"),
    (
        "user assign anh.dtn --role unit-administrator --unit H99.02",
        "outside_scope",
    ),
    (
        "user assign binh.tt --unit H99.03 --title Giám_đốc",
        "outside_scope",
    ),
    (
        "user add ke.gian --name Gian --kind administrator --unit H99.02 --title X",
        "outside_scope",
    ),
    (
        "user add ke.gian --name Gian --unit H99.03 --title X",
        "outside_scope",
    ),
    // Sessions of others.
    ("session end --user an.nv", "outside_scope"),
    ("session end --user nguyen.yn", "not_found_here"),
    ("session list", "outside_scope"),
    // What belongs to the whole province.
    ("audit tail", "outside_scope"),
    ("audit export --out FOLDER/audit.jsonl", "outside_scope"),
    ("unit edit H99.03 --name Khác", "outside_scope"),
    ("unit edit H99.02 --parent H99.03", "outside_scope"),
    (
        "client add ke-gian --name Gian --redirect-uri https://ke-gian.example/in",
        "outside_scope",
    ),
    ("key rotate", "outside_scope"),
    ("role add ke-gian --title Gian", "outside_scope"),
];

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

/// Events that this account caused, newest last.
fn caused_by(world: &World, name: &str) -> Vec<Value> {
    let output = world.administer(PROVINCE, &["audit", "tail", "-n", "500", "--user", name]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    events
        .filter(|event| event["actor"]["name"] == name)
        .collect()
}

fn user<'a>(world: &'a World, name: &str) -> &'a User {
    world
        .users
        .iter()
        .find(|user| user.username == name)
        .expect("somebody of the demonstration")
}

#[tokio::test]
async fn a_unit_administrator_stays_within_the_unit_and_leaves_a_trace() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut elsewhere = Agent::new();
    relying_party
        .sign_in(&mut elsewhere, user(&world, "nguyen.yn"))
        .await;

    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("a plain path");
    for (command, reason) in ATTEMPTS {
        let command = command.replace("FOLDER", folder);
        let output = world.administer(ATTACKER, &words(&command));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "`{command}`: {told}");
        assert!(told.contains(reason), "`{command}` is not {reason}: {told}");
    }

    let traces = caused_by(&world, ATTACKER);
    let names: BTreeSet<&str> = traces
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["administration_refused"]),
        "nothing else was done"
    );
    let reasons: Vec<&str> = traces
        .iter()
        .filter_map(|event| event["fields"]["reason"].as_str())
        .collect();
    let expected: Vec<&str> = ATTEMPTS.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, expected, "each attempt, in its order");

    // The session of somebody elsewhere goes on, and the own password still opens a new one.
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut elsewhere, &silent).await;
    assert!(
        answer
            .location()
            .is_some_and(|url| url.as_str().contains("code=")),
        "{}",
        answer.body
    );
    for name in ["an.nv", "nguyen.yn", "quantri"] {
        relying_party
            .sign_in(&mut Agent::new(), user(&world, name))
            .await;
    }
    world.stop();
}

#[tokio::test]
async fn the_same_administrator_does_administer_the_own_unit() {
    let world = World::demo();
    for command in [
        "user show anh.dtn",
        "user edit anh.dtn --mail anh.moi@hoaban.example",
        "user assign anh.dtn --role van-thu --unit H99.02",
        "user assign an.nv --unit H99.02.02 --title Thư_ký",
        "session end --user anh.dtn",
        "user reset anh.dtn",
        "user add moi.nv --name Mới --unit H99.02.01 --title Chuyên_viên",
    ] {
        let output = world.administer(ATTACKER, &words(command));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "`{command}`: {told}");
    }
    let listed = world.administer(ATTACKER, &["user", "list", "--all"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("anh.dtn") && listed.contains("an.nv"),
        "{listed}"
    );
    for stranger in ["nguyen.yn", "broi", "quantri"] {
        assert!(
            !listed.contains(&format!("\"{stranger}\"")),
            "{stranger} is listed"
        );
    }
    world.stop();
}

#[tokio::test]
async fn an_import_of_a_unit_administrator_cannot_reach_further() {
    let world = World::demo();
    let rows = [
        ("Ngoài,ngoai.nv,H99.03,Kỹ sư,,", "outside_scope"),
        (
            "Quyền,quyen.nv,H99.02,Chuyên viên,unit-administrator,",
            "outside_scope",
        ),
        (
            "Quản,quan.nv,H99.02,Chuyên viên,,administrator",
            "outside_scope",
        ),
        ("Không,khong.nv,,,,", "position_needed"),
    ];
    for (row, reason) in rows {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("people.csv");
        std::fs::write(
            &path,
            format!("name,user_name,unit,title,roles,kind\n{row}\n"),
        )
        .expect("written");
        let path = path.to_str().expect("a plain path");
        let output = world.administer(ATTACKER, &["user", "import", path]);
        let told = [&output.stdout[..], &output.stderr[..]].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert_eq!(output.status.code(), Some(1), "{row}: {told}");
        assert!(told.contains(reason), "{row} is not {reason}: {told}");
    }
    let listed = world.administer(PROVINCE, &["user", "list", "--all"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for (row, _) in rows {
        let name = row.split(',').nth(1).expect("a user name");
        assert!(!listed.contains(name), "{name} was added: {listed}");
    }
    world.stop();
}

#[tokio::test]
async fn nobody_administers_under_a_name_without_the_right() {
    let world = World::demo();
    for name in ["an.nv", "anh.dtn", "broi", "khong.ton.tai"] {
        let output = world.administer(name, &["user", "reset", "anh.dtn"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains("administrator_unknown"), "{name}: {told}");
    }
    world.stop();
}
