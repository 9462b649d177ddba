//! Tokens for APIs: asked for at the authorization, kept in the grant, narrowed at the token
//! endpoint (RFC 8707).

use serde_json::{Value, json};

use super::{World, begun, claims, error_of, inactive, refused};
use crate::base::refusal::Reason;
use crate::model::client::{Client, GrantType};
use crate::oauth::sample::{ISSUER, REDIRECT, VERIFIER, named};

const FILES: &str = "https://api.tinh.example/ho-so";
const LAND: &str = "https://dat-dai.tinh.example/";

/// The application may ask for two APIs, and has one right of its own at the first.
async fn registered(world: &World) {
    world
        .edit_client(|client| {
            client.scopes.push("ho-so.doc".into());
            client.scopes.push("dat.doc".into());
            client.features.resources = vec![FILES.into(), LAND.into()];
            let rights = &mut client.features.resource_scopes;
            rights.insert(FILES.into(), vec!["ho-so.doc".into()]);
            rights.insert(LAND.into(), vec!["dat.doc".into()]);
            client.grant_types.push(GrantType::ClientCredentials);
        })
        .await;
}

const BOTH: [(&str, &str); 3] = [
    ("scope", "openid profile ho-so.doc dat.doc"),
    ("resource", FILES),
    ("resource", LAND),
];

fn audience_and_scope(token: &Value) -> (Value, Value) {
    let claims = claims(token);
    (claims["aud"].clone(), claims["scope"].clone())
}

#[tokio::test]
async fn a_token_is_for_all_that_was_asked_for_or_for_the_part_that_is_wanted() {
    let (world, visitor) = begun().await;
    registered(&world).await;
    let tokens = world.tokens(&visitor, &BOTH).await;
    let all = (
        json!([FILES, LAND]),
        json!("dat.doc ho-so.doc openid profile"),
    );
    assert_eq!(audience_and_scope(&tokens["access_token"]), all);

    let refresh = tokens["refresh_token"].as_str().unwrap();
    let part = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("resource", LAND),
    ];
    let part = world.token(&part).await.unwrap();
    let land = (json!(LAND), json!("dat.doc openid profile"));
    assert_eq!(audience_and_scope(&part["access_token"]), land);
    assert_eq!(
        part["scope"], "dat.doc openid profile",
        "the answer says so"
    );

    let code = world.code(&visitor, &BOTH).await;
    let redeemed = world
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("resource", FILES),
        ])
        .await
        .unwrap();
    let files = (json!(FILES), json!("ho-so.doc openid profile"));
    assert_eq!(audience_and_scope(&redeemed["access_token"]), files);
}

#[tokio::test]
async fn without_a_resource_a_token_is_for_the_provider_as_before() {
    let (world, visitor) = begun().await;
    registered(&world).await;
    let tokens = world.tokens(&visitor, &[]).await;
    assert_eq!(claims(&tokens["access_token"])["aud"], ISSUER);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let more = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("resource", FILES),
    ];
    let refused = refused(world.token(&more).await);
    assert_eq!(refused, Reason::ResourceExceedsGrant);
}

#[tokio::test]
async fn a_token_for_an_api_learns_nothing_at_userinfo_and_counts_at_that_api_only() {
    let (world, visitor) = begun().await;
    registered(&world).await;
    for (name, audience) in [("files", FILES), ("land", LAND)] {
        let mut api = Client {
            introspects: true,
            ..named(name)
        };
        api.features.audiences = vec![audience.into()];
        world.add_client(api).await;
    }
    let asked = [("scope", "openid profile ho-so.doc"), ("resource", FILES)];
    let tokens = world.tokens(&visitor, &asked).await;
    let answer = refused(world.userinfo(&tokens).await);
    assert_eq!(answer, Reason::TokenAudienceWrong);
    let token = &tokens["access_token"];
    assert_eq!(world.introspect("files", token).await["aud"], FILES);
    assert_eq!(world.introspect("land", token).await, inactive());
}

#[tokio::test]
async fn wrong_resources_are_told_to_the_client() {
    let (world, visitor) = begun().await;
    registered(&world).await;
    for (resource, scope, expected) in [
        ("ho-so", "openid", ("invalid_target", "resource_malformed")),
        (
            "https://api.tinh.example/",
            "openid",
            ("invalid_target", "resource_not_allowed"),
        ),
        (
            FILES,
            "openid dat.doc",
            ("invalid_scope", "scope_not_of_resource"),
        ),
    ] {
        let asked = [("resource", resource), ("scope", scope)];
        let told = error_of(world.authorize(&visitor, &asked).await);
        assert_eq!((told.0.as_str(), told.1.as_str()), expected, "{resource}");
    }
}
