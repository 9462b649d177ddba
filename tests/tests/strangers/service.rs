//! A service that proves itself by signed assertions, on a library that nobody here wrote.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use idp_tests::{Agent, Installation, RelyingParty, World, source};
use serde_json::{Value, json};

use crate::openid::device::{confirmation, screen};

/// One command of the program.
fn command(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(source::root().join("tests/strangers/authlib/service"));
    command.args(arguments).env("FOLDER", folder);
    command.envs(variables.iter().copied());
    command
}

fn authlib(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = command(folder, variables, arguments)
        .output()
        .expect("the packages that ./test strangers installs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

async fn walk(algorithm: &str) {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let folder = tempfile::tempdir().expect("a folder");
    authlib(folder.path(), &[], &["keys", algorithm]);
    let public = folder.path().join("public.json");
    let key = std::fs::read_to_string(&public).expect("a key set");
    assert!(
        !key.contains("\"d\""),
        "the private key stays with the service"
    );
    let public = public.to_str().expect("a plain path");
    let registration = [
        "--kind",
        "service",
        "--auth-method",
        "private_key_jwt",
        "--jwks",
        public,
    ];
    let service = installation.client("Trục liên thông", &registration);
    assert_eq!(
        service.client_secret, "",
        "no secret for a client with a key"
    );

    let service = RelyingParty::at(&installation.issuer, service).await;
    let endpoint = service.endpoint("token_endpoint");
    let variables = [
        ("CLIENT_ID", service.application.client_id.as_str()),
        ("TOKEN_ENDPOINT", endpoint.as_str()),
    ];
    let told = authlib(folder.path(), &variables, &["ask", algorithm]);
    let told: Value = serde_json::from_str(&told).expect("one JSON object");

    let tokens = told["tokens"].as_array().expect("two tokens");
    assert_eq!(tokens.len(), 2, "{told}");
    assert_ne!(tokens[0], tokens[1]);
    let issuer = service.metadata["issuer"].as_str().expect("an issuer");
    for token in tokens {
        let token = token.as_str().expect("text");
        let claims = idp_tests::jwt::verified(token, &service.keys().await, issuer, None);
        assert_eq!(claims["client_id"], service.application.client_id.as_str());
    }
    assert_eq!(told["assertions"], 3, "each assertion is new: {told}");
    assert_eq!(
        told["replayed"],
        json!([401, "client_assertion_replayed"]),
        "RFC 7523 §3: {told}"
    );
    let unproved = json!([401, "client_assertion_signature_wrong"]);
    assert_eq!(told["signed_otherwise"], unproved, "{told}");
    assert_eq!(told["foreign_key"], unproved, "{told}");
    assert_eq!(
        told["no_assertion"],
        json!([401, "client_authentication_missing"]),
        "{told}"
    );
    serving.terminate();
}

#[tokio::test]
async fn authlib_authenticates_by_a_key_and_its_assertions_work_once() {
    for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
        walk(algorithm).await;
    }
}

#[tokio::test]
async fn authlib_authenticates_by_a_shared_secret_and_admits_our_tokens() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let folder = tempfile::tempdir().expect("a folder");
    for algorithm in ["HS256", "HS384", "HS512"] {
        let registered = format!("token_endpoint_auth_signing_alg={algorithm}");
        let registration = [
            "--kind",
            "service",
            "--auth-method",
            "client_secret_jwt",
            "--set",
            &registered,
        ];
        let service = installation.client("Kho dữ liệu", &registration);
        let service = RelyingParty::at(&installation.issuer, service).await;
        let endpoint = |name| service.endpoint(name).to_string();
        let (token, keys) = (endpoint("token_endpoint"), endpoint("jwks_uri"));
        let introspection = endpoint("introspection_endpoint");
        let revocation = endpoint("revocation_endpoint");
        let variables = [
            ("CLIENT_ID", service.application.client_id.as_str()),
            ("CLIENT_SECRET", &service.application.client_secret),
            ("ISSUER", service.metadata["issuer"].as_str().expect("text")),
            ("TOKEN_ENDPOINT", &token),
            ("JWKS_URI", &keys),
            ("INTROSPECTION_ENDPOINT", &introspection),
            ("REVOCATION_ENDPOINT", &revocation),
        ];
        let told = authlib(folder.path(), &variables, &["share", algorithm]);
        let told: Value = serde_json::from_str(&told).expect("one JSON object");
        let expected = json!({
            "admitted": true,
            "admitted_elsewhere": false,
            "active": [true, false],
        });
        assert_eq!(told, expected, "{algorithm}");
    }
    serving.terminate();
}

#[tokio::test]
async fn authlib_is_let_in_as_a_device() {
    let world = World::demo();
    let device = screen(&world, "Màn hình công khai").await;
    let endpoint = |name| device.endpoint(name).to_string();
    let (token, keys) = (endpoint("token_endpoint"), endpoint("jwks_uri"));
    let (codes, userinfo) = (
        endpoint("device_authorization_endpoint"),
        endpoint("userinfo_endpoint"),
    );
    let client = device.application.client_id.as_str();
    let variables = [
        ("CLIENT_ID", client),
        ("TOKEN_ENDPOINT", &token),
        ("DEVICE_ENDPOINT", &codes),
        ("USERINFO_ENDPOINT", &userinfo),
        ("JWKS_URI", &keys),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = command(folder.path(), &variables, &["wait", "ES256"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the packages that ./test strangers installs");
    let mut printed = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    printed.read_line(&mut line).expect("a line");
    let codes: Value = serde_json::from_str(&line).expect("its codes");
    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    device.press(&mut agent, &page, "approve", &[]).await;
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "go on").expect("it waits");
    let mut told = String::new();
    printed.read_to_string(&mut told).expect("text");
    assert!(child.wait().expect("it ends").success());
    let told: Value = serde_json::from_str(&told).expect("one JSON object");
    assert_eq!(told, json!({"name": world.user().name, "aud": client}));
    world.stop();
}
