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
    let file = installation.folder.path().join("clients.toml");
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
        ("nickname = 'x'", "unknown field `nickname`"),
        (secret.as_str(), "under the certification preset alone"),
    ] {
        let installation = installation(&declaration(further), &[]);
        let refused = installation.serve().await.map(drop).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
        let check = installation.idp(&["config", "check"]);
        assert!(!check.status.success());
        let told = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(told.contains("clients.file"), "{told}");
    }
}

#[tokio::test]
async fn a_client_that_a_rule_refuses_does_not_keep_people_from_signing_in() {
    let text = declaration("id_token_signed_response_alg = 'PS256'");
    let installation = installation(&text, &[]);
    let _serving = installation.serve().await.expect("it serves");
    let log = installation.folder.path().join("stderr-of-the-test.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("client_algorithm_without_key"), "{log}");
    let show = installation.idp(&["--as", "quantri", "client", "show", "suite"]);
    assert!(!show.status.success(), "it was not added");
}
