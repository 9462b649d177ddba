//! Tokens for one API (RFC 8707): whoever holds one can use it there and nowhere else.

use idp_tests::{Agent, RelyingParty, World, jwt};
use serde_json::{Value, json};

const FILES: &str = "https://api.tinh.example/ho-so";
const LAND: &str = "https://dat-dai.tinh.example/";

/// Runs a command as the demonstration's administrator and answers what it printed.
pub(crate) fn administer(world: &World, arguments: &[&str]) -> Value {
    let output = world.administer("quantri", arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// A client that was just registered, at the first application's address.
pub(crate) async fn registered(world: &World, arguments: &[&str]) -> RelyingParty {
    let added = administer(world, &[&["client", "add"], arguments].concat());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut application = world.applications[0].clone();
    application.client_id = text(&added["client"]["client_id"]);
    application.client_secret = text(&added["client_secret"]);
    RelyingParty::at(&world.issuer_url(), application).await
}

/// The first application may ask for two APIs, with one right at each.
async fn application(world: &World) -> RelyingParty {
    let rights = json!({FILES: ["ho-so.doc"], LAND: ["dat.doc"]});
    let (files, land) = (format!("resources={FILES}"), format!("resources={LAND}"));
    let rights = format!("resource_scopes={rights}");
    let mut arguments = vec!["client", "edit", &world.applications[0].client_id];
    for scope in ["openid", "profile", "ho-so.doc", "dat.doc"] {
        arguments.extend(["--scope", scope]);
    }
    arguments.extend(["--set", &files, "--set", &land, "--set", &rights]);
    administer(world, &arguments);
    RelyingParty::of(world, 0).await
}

#[tokio::test]
async fn a_token_for_an_api_counts_there_and_nowhere_else() {
    let world = World::demo();
    let relying_party = application(&world).await;
    let audiences = format!("audiences={FILES}");
    let api = ["--name", "Kho hồ sơ", "--kind", "service", "--introspects"];
    let files = registered(&world, &[&api[..], &["--set", &audiences]].concat()).await;
    let other = registered(&world, &api).await;

    let request = relying_party
        .request()
        .with("scope", "openid profile ho-so.doc")
        .with("resource", FILES);
    let user = world.user();
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &request, user)
        .await;
    let token = tokens.text("access_token");
    let claims = jwt::unverified(&token);
    assert_eq!(claims["aud"], FILES);
    assert_eq!(claims["scope"], "ho-so.doc openid profile");
    assert_eq!(files.introspect(&token).await["aud"], FILES);
    assert_eq!(
        other.introspect(&token).await,
        json!({"active": false}),
        "another API is told nothing"
    );
    let userinfo = relying_party.userinfo(&token).await;
    assert_eq!(userinfo.status, 401, "{}", userinfo.body);
    let challenge = userinfo.header("www-authenticate").to_owned();
    assert!(challenge.contains("token_audience_wrong"), "{challenge}");
    world.stop();
}

#[tokio::test]
async fn wrong_resources_are_refused_by_their_codes() {
    let world = World::demo();
    let relying_party = application(&world).await;
    let admin = format!("{}/admin", world.issuer.trim_end_matches('/'));
    for (resource, scope, error) in [
        ("ho-so", "openid", "invalid_target"),
        ("https://khac.example/", "openid", "invalid_target"),
        (&admin, "openid", "invalid_target"),
        (FILES, "openid dat.doc", "invalid_scope"),
    ] {
        let request = relying_party
            .request()
            .with("scope", scope)
            .with("resource", resource);
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        let told = answer.location().expect("back to the application");
        let told = idp_tests::Callback { url: told }.parameter("error");
        assert_eq!(told, error, "{resource}");
    }
    // Nor can the administration's audience be written into a registration.
    let wanted = format!("resources={admin}");
    let client = world.applications[0].client_id.as_str();
    let edit = ["client", "edit", client, "--set", &wanted];
    let refused = world.administer("quantri", &edit);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{told}");
    assert!(told.contains("client_resource_invalid"), "{told}");
    world.stop();
}
