//! Accounts by command line: addresses, activation, imports that were broken off.

use std::fmt::Write;
use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

use idp_tests::{Agent, Installation, RelyingParty};
use serde_json::{Value, json};

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn last_events(installation: &Installation, event: &str) -> String {
    text(&installation.administer(&["audit", "tail", "--event", event]))
}

#[tokio::test]
async fn an_address_is_kept_by_parts_and_told_to_whom_it_was_granted() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let street = "12 đường Hoa Ban";
    let edit = |arguments: &[&str]| {
        let all = [&["user", "edit", "quantri"], arguments].concat();
        installation.administer(&all)
    };
    answer(&edit(&[
        "--street-address",
        street,
        "--locality",
        "Xã Suối Trong",
        "--country",
        "VN",
    ]));
    answer(&edit(&["--country", ""]));
    let refused = edit(&["--locality", "hai\ndòng"]);
    assert!(text(&refused).contains("address_malformed"));
    let user = answer(&installation.administer(&["user", "show", "quantri"]));
    let kept = json!({ "street_address": street, "locality": "Xã Suối Trong" });
    assert_eq!(user["address"], kept);
    let events = last_events(&installation, "user_edited");
    assert!(events.contains("address"), "{events}");

    let scopes = ["--scope", "openid", "--scope", "address"];
    let application = installation.application("Ứng dụng", &scopes);
    let party = RelyingParty::at(&installation.issuer, application).await;
    let supported = party.metadata["scopes_supported"].to_string();
    assert!(supported.contains("\"address\""), "{supported}");
    for (scope, told) in [("openid address", kept), ("openid", Value::Null)] {
        let request = party.request().with("scope", scope);
        let mut agent = Agent::new();
        let tokens = party
            .sign_in_with(&mut agent, &request, &administrator)
            .await;
        let claims = party.userinfo(&tokens.text("access_token")).await.json();
        assert_eq!(claims["address"], told, "{scope}");
        let id_token = party.id_token(&tokens).await;
        assert_eq!(id_token["address"], Value::Null, "userinfo alone tells it");
    }
    let (_, log) = serving.terminate();
    let everything = log + &last_events(&installation, "user_edited");
    assert!(!everything.contains("Hoa Ban"), "{everything}");
}

#[tokio::test]
async fn an_account_is_invited_until_it_has_a_password_of_its_own() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let states = |state: &str| -> Vec<String> {
        let list = ["user", "list", "--all", "--state", state];
        let page = answer(&installation.administer(&list));
        let entries = page["entries"].as_array().or(page.as_array());
        let name = |user: &Value| {
            assert_eq!(user["state"], state);
            user["user_name"].as_str().expect("a name").to_owned()
        };
        entries.expect("a list").iter().map(name).collect()
    };
    let add = ["user", "add", "moi.lt", "--name", "Lê Thị Mới"];
    let added = answer(&installation.administer(&add));
    assert_eq!(added["user"]["state"], "invited");
    assert_eq!(states("invited"), ["moi.lt", "quantri"]);
    assert!(states("active").is_empty());
    installation.activate().await;
    assert_eq!(states("active"), ["quantri"]);
    let shown = answer(&installation.administer(&["user", "show", "quantri"]));
    assert_eq!(shown["state"], "active");
    answer(&installation.administer(&["user", "disable", "moi.lt"]));
    assert_eq!(states("disabled"), ["moi.lt"]);
    assert!(states("invited").is_empty());
    serving.terminate();
}

#[tokio::test]
async fn an_import_killed_half_way_is_resumed_and_adds_each_row_once() {
    const ROWS: usize = 4_000;
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let mut file = String::from("name,user_name\n");
    for row in 0..ROWS {
        writeln!(file, "Lê Văn {row},can-bo-{row}").expect("a text");
    }
    let path = installation.folder.path().join("can-bo.csv");
    fs::write(&path, file).expect("written");
    let path = path.to_str().expect("a path");
    let sets = || {
        let page = answer(&installation.administer(&["change-set", "list"]));
        page["entries"][0].clone()
    };
    let broken_off = std::thread::scope(|scope| {
        let import = scope.spawn(|| installation.administer(&["user", "import", path]));
        let begun = Instant::now();
        while sets()["applied"].as_u64().unwrap_or(0) == 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing is written"
            );
        }
        serving.kill();
        !import.join().expect("it ends").status.success()
    });
    assert!(broken_off, "the import was over before the kill");

    let serving = installation.serve().await.expect("it serves again");
    let set = sets();
    assert_eq!(set["state"], "applying", "{set}");
    let written = set["applied"].as_u64().expect("a number");
    assert!(written > 0 && written < ROWS as u64, "{set}");
    let id = set["id"].as_str().expect("an id");
    let links = installation.folder.path().join("lien-ket.csv");
    let links_text = links.to_str().expect("a path");
    let resume = [
        "user",
        "import",
        path,
        "--resume",
        id,
        "--links-out",
        links_text,
    ];
    let report = answer(&installation.administer(&resume));
    assert_eq!(
        (&report["added"], &report["change_set"]),
        (&json!(ROWS), &json!(id))
    );
    let set = sets();
    assert_eq!(
        (&set["state"], &set["applied"]),
        (&json!("applied"), &json!(ROWS))
    );
    let page = answer(&installation.administer(&["user", "list", "--all"]));
    let users = page["entries"]
        .as_array()
        .or(page.as_array())
        .expect("a list");
    assert_eq!(
        users.len(),
        ROWS + 1,
        "each row once, and the administrator"
    );
    let links = fs::read_to_string(&links).expect("the links");
    assert_eq!(
        links.lines().count(),
        ROWS + 1,
        "a link for every row, below the header"
    );
    let again = installation.administer(&resume[..5]);
    assert!(
        text(&again).contains("change_set_not_resumable"),
        "{}",
        text(&again)
    );
    serving.terminate();
}

#[test]
fn a_dry_run_says_what_the_real_run_would() {
    let installation = Installation::init();
    for (arguments, reason) in [
        (
            ["unit", "add", "H42", "--name", "Tỉnh Mẫu"],
            "unit_code_taken",
        ),
        (
            ["role", "add", "van-thu", "--title", "Văn thư"],
            "role_name_taken",
        ),
    ] {
        answer(&installation.administer(&[&["--dry-run"][..], &arguments].concat()));
        answer(&installation.administer(&arguments));
        for dry_run in [&["--dry-run"][..], &[]] {
            let taken = installation.administer(&[dry_run, &arguments].concat());
            assert!(text(&taken).contains(reason), "{}", text(&taken));
        }
    }
    let add = ["user", "add", "quantri", "--name", "Người Khác"];
    for dry_run in [&["--dry-run"][..], &[]] {
        let taken = installation.administer(&[dry_run, &add].concat());
        assert!(
            text(&taken).contains("identifier_taken"),
            "{}",
            text(&taken)
        );
    }
}
