//! Clients that a file declares, and the person of the certification preset.

use std::os::unix::fs::PermissionsExt;

use idp_tests::{Agent, Application, Installation, RelyingParty, User};
use serde_json::Value;
use url::Url;

const CALLBACK: &str = "https://suite.example/callback";
const PASSWORD: &str = "mật khẩu của một lần chạy thử";
/// Every claim of the scopes profile, email, address and phone (OpenID Connect Core §5.1, §5.4).
const CLAIMS: [&str; 20] = [
    "sub",
    "name",
    "given_name",
    "middle_name",
    "family_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
];

fn secret() -> String {
    "conformance-".repeat(4)
}

fn declaration(further: &str) -> String {
    format!(
        "[[client]]
        client_id = 'suite'
        name = {{ vi = 'Bộ kiểm thử' }}
        kind = 'web'
        redirect_uris = ['{CALLBACK}']
        scopes = ['openid', 'profile', 'email', 'address', 'phone']
        {further}"
    )
}

/// An installation whose configuration names a file with this text.
fn installation(text: &str, settings: &[(&str, &str)]) -> Installation {
    let mut installation = Installation::init();
    // Not `.toml`: the harness knows the configuration by that.
    let file = installation.folder.path().join("clients.declared");
    std::fs::write(&file, text).unwrap();
    let mut put = |name: &str, value: String| {
        let variable = format!("IDP__{name}");
        installation.environment.push((variable, value));
    };
    put("CLIENTS__FILE", file.display().to_string());
    for (name, value) in settings {
        put(name, (*value).to_owned());
    }
    installation
}

fn certifying(text: &str) -> Installation {
    let mut installation = installation(
        text,
        &[
            ("PROVIDER__PRESET", "certification"),
            ("PROVIDER__DANGER_CERTIFICATION", "true"),
        ],
    );
    let file = installation.folder.path().join("person.password");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let variable = "IDP__CERTIFICATION__PASSWORD_FILE".to_owned();
    let file = file.display().to_string();
    installation.environment.push((variable, file));
    installation
}

#[tokio::test]
async fn a_declared_client_signs_in_a_person_who_has_every_standard_claim() {
    let text = declaration(&format!("client_secret = '{}'", secret()));
    let installation = certifying(&text);
    drop(installation.serve().await.expect("the first start"));
    let _serving = installation
        .serve()
        .await
        .expect("a start with all of it there");
    let application = Application {
        name: "Bộ kiểm thử".to_owned(),
        url: Url::parse(CALLBACK).unwrap(),
        client_id: "suite".to_owned(),
        client_secret: secret(),
        redirect_uri: Url::parse(CALLBACK).unwrap(),
    };
    let party = RelyingParty::at(&installation.issuer, application).await;
    let request = party
        .request()
        .with("scope", "openid profile email address phone");
    let person = User {
        username: "an.certification".to_owned(),
        password: PASSWORD.to_owned(),
        name: "Nguyễn Văn An".to_owned(),
        unit: String::new(),
        roles: Vec::new(),
    };
    let tokens = party
        .sign_in_with(&mut Agent::new(), &request, &person)
        .await;
    let told = party.userinfo(&tokens.text("access_token")).await.json();
    for claim in CLAIMS {
        assert!(told.get(claim).is_some(), "{claim} is missing: {told}");
    }
    let clients = installation.idp(&["--as", "quantri", "--output", "json", "client", "list"]);
    let clients: Value = serde_json::from_slice(&clients.stdout).unwrap();
    let entries = clients["entries"].as_array().or_else(|| clients.as_array());
    assert_eq!(entries.map(Vec::len), Some(1), "{clients}");
}

#[tokio::test]
async fn a_wrong_file_is_told_before_anybody_is_served() {
    let secret = format!("client_secret = '{}'", secret());
    for (further, expected) in [
        ("nickname = 'x'", "suite: nickname: there is no such name"),
        (
            "kind_of = 1\nconsent = 2",
            "suite: consent: `2` is none of its values",
        ),
        (secret.as_str(), "under the certification preset alone"),
    ] {
        let installation = installation(&declaration(further), &[]);
        let refused = installation.serve().await.map(drop).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
        let check = installation.idp(&["config", "check"]);
        assert!(!check.status.success());
        let told = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(
            told.contains("clients.file") && told.contains("suite: "),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_client_that_a_rule_refuses_does_not_keep_people_from_signing_in() {
    let text = declaration("id_token_signed_response_alg = 'PS256'");
    let installation = installation(&text, &[]);
    let serving = installation.serve().await.expect("it serves");
    let log = installation.folder.path().join("stderr-of-the-test.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("client_algorithm_without_key"), "{log}");
    let show = installation.idp(&["--as", "quantri", "client", "show", "suite"]);
    assert!(!show.status.success(), "it was not added");
    // The file by itself breaks no rule; with the keys in the store it does.
    assert!(doctor(&installation).contains("not compared while a server holds the store"));
    drop(serving);
    let told = doctor(&installation);
    assert!(told.contains("(client_algorithm_without_key)"), "{told}");
}

fn doctor(installation: &Installation) -> String {
    let doctor = installation.idp(&["doctor", "--output", "json"]);
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    let declared = findings
        .iter()
        .filter(|finding| finding["check"] == "declared_clients");
    declared
        .map(|finding| finding["detail"].to_string())
        .collect()
}

#[tokio::test]
async fn each_client_tells_who_said_what_it_is() {
    let installation = installation(&declaration(""), &[]);
    let serving = installation.serve().await.expect("it serves");
    let by_hand = [
        "client",
        "add",
        "tay",
        "--name",
        "Tay",
        "--redirect-uri",
        CALLBACK,
    ];
    assert!(installation.administer(&by_hand).status.success());
    let list = installation.administer(&["client", "list"]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let origins = list["entries"].as_array().expect("a list").iter();
    let origins: Vec<_> = origins.map(|c| (&c["client_id"], &c["origin"])).collect();
    let expected = [
        (&"suite".into(), &"declared".into()),
        (&"tay".into(), &"administrator".into()),
    ];
    assert_eq!(origins, expected);
    let shown = installation.idp(&["--as", "quantri", "--lang", "en", "client", "list"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("declared in a file"), "{shown}");
    drop(serving);
}

#[tokio::test]
async fn a_guessable_password_of_the_person_is_told_and_keeps_it_from_starting() {
    let installation = certifying(&declaration(""));
    let file = installation.folder.path().join("person.password");
    std::fs::write(&file, "abc").unwrap();
    let refused = installation.serve().await.map(drop).unwrap_err();
    assert!(refused.contains("password_too_short"), "{refused}");
    for command in [["config", "check"].as_slice(), &["doctor"]] {
        let told = installation.idp(command);
        assert!(!told.status.success());
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("password_too_short"), "{told}");
    }
}
