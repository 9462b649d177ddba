//! Opaque access tokens, signed introspection, and authorization details on their way.

use serde_json::{Value, json};

use super::{World, basic, begun, claims, inactive, refused};
use crate::base::refusal::Reason;
use crate::flow::authorize::Visitor;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JwtRules, KeyManagement, SigningAlgorithm, VerifiedJwt,
};
use crate::model::client::{AccessTokenFormat, ConsentRule};
use crate::oauth::interaction::Interaction;
use crate::oauth::sample::{ISSUER, REDIRECT, SECRET, VERIFIER, parameters};

async fn with_opaque() -> (World, Visitor) {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| client.features.access_token_format = AccessTokenFormat::Opaque)
        .await;
    (world, visitor)
}

#[tokio::test]
async fn an_opaque_token_says_nothing_and_counts_everywhere() {
    let (world, visitor) = with_opaque().await;
    let tokens = world.tokens(&visitor, &[]).await;
    let token = &tokens["access_token"];
    assert!(!token.as_str().unwrap().contains('.'), "{token}");
    assert!(world.userinfo(&tokens).await.is_ok());
    let told = world.introspect("app", token).await;
    assert_eq!(
        (&told["active"], &told["aud"]),
        (&json!(true), &json!(ISSUER))
    );
    assert_eq!(told["scope"], "openid profile roles unit");
    world.wait(600);
    assert_eq!(world.introspect("app", token).await, inactive());
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenUnknown);
}

#[tokio::test]
async fn an_opaque_token_ends_alone_or_with_its_grant() {
    let (world, visitor) = with_opaque().await;
    let one = world.tokens(&visitor, &[]).await;
    let two = world.refresh(&one["refresh_token"]).await.unwrap();
    world.revoke("app", &one["access_token"]).await;
    assert_eq!(refused(world.userinfo(&one).await), Reason::TokenRevoked);
    assert!(world.userinfo(&two).await.is_ok());
    world.revoke("app", &two["refresh_token"]).await;
    assert_eq!(refused(world.userinfo(&two).await), Reason::TokenRevoked);
    let made_up = json!(format!("idp_at_{}", "A".repeat(43)));
    assert_eq!(world.introspect("app", &made_up).await, inactive());
}

#[tokio::test]
async fn a_signed_introspection_is_evidence_for_the_one_who_asked() {
    let (world, visitor) = begun().await;
    world
        .edit_client(|c| {
            c.features.introspection_signed_response_alg = Some(SigningAlgorithm::ES256);
        })
        .await;
    let tokens = world.tokens(&visitor, &[]).await;
    let body = parameters(&[("token", tokens["access_token"].as_str().unwrap())]);
    let header = basic("app", SECRET);
    let signed = world
        .provider
        .introspect_signed(Some(header.as_str()), &body, &mut world.context())
        .await
        .unwrap();
    let keys = world
        .provider
        .signer
        .published(&world.provider.policy.issuer_key);
    let rules = JwtRules {
        algorithms: &[SigningAlgorithm::ES256],
        typ: ExpectedTyp::OneOf(&["token-introspection+jwt"]),
        issuer: Some(ISSUER),
        audience: Some(&["app"]),
        expiry: ExpiryRule::Ignored,
        max_age_seconds: Some(60),
        skew_seconds: 0,
        now_ms: world.now().millis(),
    };
    let jws = CompactJws::parse(&signed, 8192).unwrap();
    let keys = keys.await.unwrap();
    let verified = VerifiedJwt::<Value>::verify(&jws, &*keys, &rules).unwrap();
    let told = &verified.claims()["token_introspection"];
    assert_eq!(
        *told,
        world.introspect("app", &tokens["access_token"]).await
    );
    // It is no access token and no ID Token, whoever presents it.
    let mut posed = tokens.clone();
    posed["access_token"] = json!(signed);
    assert_eq!(
        refused(world.userinfo(&posed).await),
        Reason::TokenMalformed
    );
}

#[tokio::test]
async fn an_introspection_is_encrypted_for_a_client_that_registered_so() {
    let (world, visitor) = begun().await;
    let (key, jwks) = super::answers::client_key();
    world
        .edit_client(|c| {
            c.jwks = Some(jwks);
            c.features.introspection_encrypted_response_alg = Some(KeyManagement::EcdhEs);
            c.features.introspection_signed_response_alg = Some(SigningAlgorithm::ES256);
        })
        .await;
    let tokens = world.tokens(&visitor, &[]).await;
    let body = parameters(&[("token", tokens["access_token"].as_str().unwrap())]);
    let header = basic("app", SECRET);
    let answer = world
        .provider
        .introspect_signed(Some(header.as_str()), &body, &mut world.context())
        .await
        .unwrap();
    let signed = super::answers::opened(&answer, &key);
    let told = &claims(&json!(signed))["token_introspection"];
    assert_eq!(
        *told,
        world.introspect("app", &tokens["access_token"]).await
    );
}

const DETAILS: &str = r#"[{"type":"ky-so","locations":["https://ky.tinh.example"],"actions":["ký"]},{"type":"tra-cuu"}]"#;

async fn with_details() -> (World, Visitor) {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| {
            client.features.authorization_details_types = vec!["ky-so".into(), "tra-cuu".into()];
        })
        .await;
    (world, visitor)
}

#[tokio::test]
async fn details_go_through_the_grant_into_answer_token_and_introspection() {
    let (world, visitor) = with_details().await;
    let granted: Value = serde_json::from_str(DETAILS).unwrap();
    let asked = [("authorization_details", DETAILS)];
    let tokens = world.tokens(&visitor, &asked).await;
    assert_eq!(tokens["authorization_details"], granted);
    let token = &tokens["access_token"];
    assert_eq!(claims(token)["authorization_details"], granted);
    let told = world.introspect("app", token).await;
    assert_eq!(told["authorization_details"], granted);

    let code = world.code(&visitor, &asked).await;
    let part = r#"[{"type":"tra-cuu"}]"#;
    let redeem = |details: &'static str, code: String| {
        let world = &world;
        async move {
            world
                .token(&[
                    ("grant_type", "authorization_code"),
                    ("code", &code),
                    ("redirect_uri", REDIRECT),
                    ("code_verifier", VERIFIER),
                    ("authorization_details", details),
                ])
                .await
        }
    };
    let answer = redeem(part, code).await.unwrap();
    assert_eq!(
        answer["authorization_details"],
        json!([{"type": "tra-cuu"}])
    );
    let code = world.code(&visitor, &asked).await;
    let more = redeem(r#"[{"type":"ky-so"}]"#, code).await;
    assert_eq!(refused(more), Reason::AuthorizationDetailsExceedGrant);
}

#[tokio::test]
async fn details_are_asked_about_each_time() {
    let (world, visitor) = with_details().await;
    world
        .edit_client(|client| client.consent = ConsentRule::Ask)
        .await;
    for _ in 0..2 {
        let asked = [("authorization_details", DETAILS)];
        world.wait(1);
        let (question, waiting) = super::asked(world.authorize(&visitor, &asked).await);
        assert_eq!(question, Interaction::Consent);
        world.approve(&visitor, &waiting).await;
        super::code_of(&world.resume(&visitor, &waiting).await.unwrap());
    }
    // What was agreed to before covers the scopes alone.
    assert!(!super::code_of(&world.authorize(&visitor, &[]).await.unwrap()).is_empty());
}
