//! Codes become tokens, once.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{World, basic, begun, inactive, refused};
use crate::base::refusal::Reason;
use crate::jose::{CompactJws, ExpectedTyp, ExpiryRule, JwtRules, SigningAlgorithm, VerifiedJwt};
use crate::oauth::sample::{ISSUER, REDIRECT, SECRET, VERIFIER, named, parameters};
use crate::oidc::id_token::at_hash;

#[tokio::test]
async fn a_code_becomes_tokens_that_count_everywhere() {
    let (world, visitor) = begun().await;
    let tokens = world.tokens(&visitor, &[("nonce", "số một")]).await;
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    assert_eq!(tokens["scope"], "openid profile roles unit");
    let keys = world
        .provider
        .signer
        .published(&world.provider.policy.issuer_key)
        .await
        .unwrap();
    let rules = JwtRules {
        algorithms: &[SigningAlgorithm::ES256],
        typ: ExpectedTyp::AbsentOrOneOf(&["JWT"]),
        issuer: Some(ISSUER),
        audience: Some(&["app"]),
        expiry: ExpiryRule::Required,
        max_age_seconds: Some(60),
        skew_seconds: 0,
        now_ms: world.now().millis(),
    };
    let jws = CompactJws::parse(tokens["id_token"].as_str().unwrap(), 8192).unwrap();
    let verified = VerifiedJwt::<Value>::verify(&jws, &*keys, &rules).unwrap();
    let id_token = verified.claims();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        id_token["at_hash"],
        at_hash(access, SigningAlgorithm::ES256)
    );
    assert_eq!(
        (&id_token["nonce"], &id_token["azp"]),
        (&json!("số một"), &json!("app"))
    );
    assert_eq!(id_token["unit"]["code"], "H42.05");
    assert!(id_token.get("name").is_none(), "names are for userinfo");
    let told = world.userinfo(&tokens).await.unwrap();
    assert_eq!(
        (&told["sub"], &told["name"]),
        (&id_token["sub"], &json!("Nguyễn an"))
    );
    assert_eq!(told["unit"]["path"][0]["code"], "H42");
    let shown = world.introspect("app", &tokens["access_token"]).await;
    assert_eq!(
        (&shown["active"], &shown["sub"]),
        (&json!(true), &id_token["sub"])
    );
    assert_eq!(
        world.events().await.last().map(String::as_str),
        Some("token_issued")
    );
}

#[tokio::test]
async fn a_replayed_code_ends_what_came_of_it() {
    let (world, visitor) = begun().await;
    let code = world.code(&visitor, &[]).await;
    let tokens = world.redeem(&code).await.unwrap();
    assert_eq!(refused(world.redeem(&code).await), Reason::CodeReused);
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    assert_eq!(
        refused(world.refresh(&tokens["refresh_token"]).await),
        Reason::GrantEnded
    );
    assert_eq!(
        world.introspect("app", &tokens["access_token"]).await,
        inactive()
    );
    assert_eq!(
        world.introspect("app", &tokens["refresh_token"]).await,
        inactive()
    );
    assert_eq!(refused(world.redeem(&code).await), Reason::CodeReused);
}

#[tokio::test]
async fn a_wrong_verifier_burns_the_code_and_a_wrong_client_secret_does_not() {
    let (world, visitor) = begun().await;
    let code = world.code(&visitor, &[]).await;
    let body = |verifier: &'static str| {
        parameters(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ])
    };
    let context = &mut world.context();
    let wrong = basic("app", "sai");
    let answer = world
        .provider
        .token(Some(wrong.as_str()), &body(VERIFIER), context)
        .await;
    assert_eq!(refused(answer), Reason::ClientSecretWrong);
    let right = basic("app", SECRET);
    let other = "một verifier khác";
    let answer = world
        .provider
        .token(Some(right.as_str()), &body(other), context)
        .await;
    assert_eq!(refused(answer), Reason::PkceVerifierMalformed);
    assert_eq!(refused(world.redeem(&code).await), Reason::CodeReused);
    let untouched = world.code(&visitor, &[]).await;
    world.redeem(&untouched).await.unwrap();
}

#[tokio::test]
async fn codes_last_a_minute_and_are_remembered_longer() {
    let (world, visitor) = begun().await;
    let (first, second) = (
        world.code(&visitor, &[]).await,
        world.code(&visitor, &[]).await,
    );
    world.wait(60);
    assert_eq!(refused(world.redeem(&first).await), Reason::CodeExpired);
    assert_eq!(refused(world.redeem(&first).await), Reason::CodeReused);
    world.wait(600);
    assert_eq!(refused(world.redeem(&second).await), Reason::CodeUnknown);
    assert_eq!(
        refused(world.redeem("never issued").await),
        Reason::CodeUnknown
    );
}

#[tokio::test]
async fn another_clients_code_is_refused_and_spent() {
    let (world, visitor) = begun().await;
    world.add_client(named("other")).await;
    let code = world.code(&visitor, &[]).await;
    let body = parameters(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]);
    let context = &mut world.context();
    let answer = world
        .provider
        .token(Some(basic("other", SECRET).as_str()), &body, context)
        .await;
    assert_eq!(refused(answer), Reason::CodeOfAnotherClient);
    assert_eq!(refused(world.redeem(&code).await), Reason::CodeReused);
}

#[tokio::test]
async fn signing_out_or_disabling_between_code_and_token_counts() {
    let (world, visitor) = begun().await;
    let code = world.code(&visitor, &[]).await;
    world.after_sign_in(&visitor, "binh").await;
    assert_eq!(refused(world.redeem(&code).await), Reason::GrantEnded);
    let (world, visitor) = begun().await;
    let code = world.code(&visitor, &[]).await;
    world.disable("an").await;
    assert_eq!(refused(world.redeem(&code).await), Reason::PersonDisabled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_redemptions_at_most_one_carries_tokens_and_the_grant_is_dead() {
    for _ in 0..8 {
        let (world, visitor) = begun().await;
        let code = Arc::new(world.code(&visitor, &[]).await);
        let redeem = |world: World, code: Arc<String>| async move { world.redeem(&code).await };
        let tasks: Vec<_> = (0..64)
            .map(|_| tokio::spawn(redeem(world.clone(), Arc::clone(&code))))
            .collect();
        let mut carried: Vec<Map<String, Value>> = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(tokens) => carried.push(tokens),
                answer => {
                    let reason = refused(answer);
                    assert!(
                        matches!(reason, Reason::CodeReused | Reason::GrantEnded),
                        "{reason:?}"
                    );
                }
            }
        }
        assert!(
            carried.len() <= 1,
            "{} answers carried tokens",
            carried.len()
        );
        for tokens in &carried {
            assert_eq!(refused(world.userinfo(tokens).await), Reason::TokenRevoked);
            let again = world.refresh(&tokens["refresh_token"]).await;
            assert_eq!(refused(again), Reason::GrantEnded);
        }
    }
}
