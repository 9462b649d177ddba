//! Token exchange (RFC 8693), opaque tokens, signed introspection (RFC 9701) and authorization
//! details (RFC 9396) on the wire.

use idp_tests::{Agent, RelyingParty, World, jwt};
use serde_json::{Value, json};

use super::resources::{administer, registered};

const DESK: &str = "https://mot-cua.tinh.example/";
const FILES: &str = "https://api.tinh.example/ho-so";
pub(crate) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A service that answers for [`DESK`] and may call [`FILES`] for people of the application.
pub(crate) async fn desk(world: &World) -> RelyingParty {
    let client = &world.applications[0].client_id;
    let resources = format!("resources={DESK}");
    administer(world, &["client", "edit", client, "--set", &resources]);
    let policy = json!({"subject_clients": [client], "audiences": [FILES]});
    let (policy, audiences) = (
        format!("token_exchange={policy}"),
        format!("audiences={DESK}"),
    );
    let mut arguments = vec![
        "--name",
        "Một cửa",
        "--introspects",
        "--grant-type",
        EXCHANGE,
    ];
    arguments.extend(["--grant-type", "authorization_code"]);
    arguments.extend(["--redirect-uri", "https://mot-cua.tinh.example/cb"]);
    arguments.extend(["--scope", "openid", "--scope", "profile"]);
    arguments.extend(["--set", &policy, "--set", &audiences]);
    registered(world, &arguments).await
}

async fn tokens_for(world: &World, resource: &str) -> idp_tests::Tokens {
    let relying_party = RelyingParty::of(world, 0).await;
    let request = relying_party
        .request()
        .with("scope", "openid profile")
        .with("resource", resource);
    let user = world.user();
    relying_party
        .sign_in_with(&mut Agent::new(), &request, user)
        .await
}

#[tokio::test]
async fn a_service_calls_the_next_one_in_a_persons_name() {
    let world = World::demo();
    let desk = desk(&world).await;
    let token = tokens_for(&world, DESK).await.text("access_token");
    let ask = |resource: &'static str| {
        let (desk, token) = (&desk, token.clone());
        async move {
            let parameters = [
                ("grant_type", EXCHANGE),
                ("subject_token", token.as_str()),
                ("subject_token_type", ACCESS),
                ("resource", resource),
            ];
            desk.ask("token_endpoint", &parameters).await
        }
    };
    let answer = ask(FILES).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["issued_token_type"], ACCESS);
    assert!(answer.get("refresh_token").is_none());
    let (old, new) = (
        jwt::unverified(&token),
        jwt::unverified(answer["access_token"].as_str().expect("text")),
    );
    assert_eq!((&new["sub"], &new["aud"]), (&old["sub"], &json!(FILES)));
    assert_eq!(new["act"]["sub"], desk.application.client_id.as_str());
    assert!(new["exp"].as_i64() <= old["exp"].as_i64());
    let elsewhere = ask("https://khac.example/").await;
    assert_eq!(elsewhere.oauth_error(), "invalid_target");
    world.stop();
}

#[tokio::test]
async fn an_opaque_token_is_explained_by_introspection_signed_when_wanted() {
    let world = World::demo();
    let client = &world.applications[0].client_id;
    let format = "access_token_format=opaque";
    administer(&world, &["client", "edit", client, "--set", format]);
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    let tokens = relying_party.sign_in(&mut Agent::new(), user).await;
    let token = tokens.text("access_token");
    assert!(token.starts_with("idp_at_"), "{token}");
    assert_eq!(relying_party.userinfo(&token).await.status, 200);
    let told = relying_party.introspect(&token).await;
    assert_eq!(told["active"], true);

    let authorization = relying_party.basic();
    let accept = "application/token-introspection+jwt";
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", accept),
    ];
    let signed = relying_party
        .ask_raw("introspection_endpoint", &headers, format!("token={token}"))
        .await;
    assert_eq!(signed.header("content-type"), accept, "{}", signed.body);
    assert_eq!(jwt::header(&signed.body)["typ"], "token-introspection+jwt");
    let claims: Value = jwt::unverified(&signed.body);
    assert_eq!(claims["aud"], client.as_str());
    assert_eq!(claims["token_introspection"], told);
    world.stop();
}

#[tokio::test]
async fn details_are_read_on_the_consent_page_and_carried_to_the_api() {
    let world = World::demo();
    let client = &world.applications[0].client_id;
    let types = "authorization_details_types=ky-van-ban";
    let asks = ["client", "edit", client, "--consent", "ask", "--set", types];
    administer(&world, &asks);
    let relying_party = RelyingParty::of(&world, 0).await;
    let details = json!([{
        "type": "ky-van-ban",
        "locations": ["https://ky.tinh.example"],
        "actions": ["ký", "đóng dấu"],
        "identifier": "H99-0001/2026",
        "datatypes": ["công văn đi"],
    }]);
    let text = details.to_string();
    let request = relying_party.request().with("authorization_details", &text);
    let (mut agent, user) = (Agent::new(), world.user());
    let page = relying_party.open(&mut agent, &request).await;
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let mut page = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    if page.page().has("choose-position") {
        page = relying_party
            .press(&mut agent, &page, "choose-position", &[])
            .await;
    }
    for told in [
        "ky-van-ban",
        "ký, đóng dấu",
        "https://ky.tinh.example",
        "H99-0001/2026",
        "công văn đi",
    ] {
        assert!(page.body.contains(told), "{told}:\n{}", page.body);
    }
    let answer = relying_party.press(&mut agent, &page, "approve", &[]).await;
    let url = answer.location().expect("back to the application");
    let code = idp_tests::Callback { url }.code();
    let tokens = relying_party
        .redeem(&code, &request.pkce.verifier)
        .await
        .json();
    assert_eq!(tokens["authorization_details"], details);
    let token = tokens["access_token"].as_str().expect("text");
    assert_eq!(jwt::unverified(token)["authorization_details"], details);
    let wrong = relying_party
        .request()
        .with("authorization_details", r#"[{"type":"luong"}]"#);
    let answer = relying_party.open(&mut agent, &wrong).await;
    let url = answer.location().expect("back to the application");
    let told = idp_tests::Callback { url }.parameter("error");
    assert_eq!(told, "invalid_authorization_details");
    world.stop();
}

/// A token that was stolen from another API, or is of a client that the policy does not name, is
/// worth nothing to a service that may exchange (RFC 8693 §5).
#[tokio::test]
async fn an_exchange_widens_nothing() {
    let world = World::demo();
    let desk = desk(&world).await;
    let client = &world.applications[0].client_id;
    let (one, two) = (format!("resources={DESK}"), format!("resources={FILES}"));
    administer(
        &world,
        &["client", "edit", client, "--set", &one, "--set", &two],
    );
    let stolen = tokens_for(&world, FILES).await.text("access_token");
    let own = tokens_for(&world, DESK).await.text("access_token");
    let admin = format!("{}/admin", world.issuer.trim_end_matches('/'));
    for (token, further, error) in [
        (&stolen, ("resource", FILES), "invalid_request"),
        (&own, ("audience", admin.as_str()), "invalid_target"),
        (&own, ("scope", "openid profile email"), "invalid_scope"),
    ] {
        let parameters = [
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS),
            further,
        ];
        let answer = desk.ask("token_endpoint", &parameters).await;
        assert_eq!(answer.oauth_error(), error, "{further:?}: {}", answer.body);
    }
    // Another client, with no policy, exchanges nothing at all.
    let other = RelyingParty::of(&world, 1).await;
    let parameters = [
        ("grant_type", EXCHANGE),
        ("subject_token", own.as_str()),
        ("subject_token_type", ACCESS),
    ];
    let answer = other.ask("token_endpoint", &parameters).await;
    assert_eq!(answer.oauth_error(), "unauthorized_client");
    world.stop();
}
