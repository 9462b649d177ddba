//! Assertions as grants (RFC 7523 §2.1) on the wire.

use std::time::{SystemTime, UNIX_EPOCH};

use idp_tests::request_object::ObjectKey;
use idp_tests::{Agent, RelyingParty, World, jwt};
use serde_json::{Value, json};

use super::resources::administer;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LGSP: &str = "https://lgsp.tinh.example";

#[allow(clippy::disallowed_methods, reason = "tests read the clock")]
fn assertion(key: &ObjectKey, relying_party: &RelyingParty, (sub, jti): (&str, &str)) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let exp = now.expect("a clock").as_secs() + 300;
    let issuer = relying_party.metadata["issuer"].clone();
    let claims = json!({"iss": LGSP, "sub": sub, "aud": issuer, "exp": exp, "jti": jti});
    key.sign(&json!({"alg": "ES256", "kid": "k1"}), &claims)
}

#[tokio::test]
async fn a_platform_speaks_for_a_person_who_let_the_application_in() {
    let world = World::demo();
    let client = world.applications[0].client_id.clone();
    let key = ObjectKey::new();
    let issuers = json!([{"issuer": LGSP, "jwks": key.set()}]);
    let issuers = format!("assertion_issuers={issuers}");
    let mut arguments = vec!["client", "edit", &client, "--set", &issuers];
    for grant_type in ["authorization_code", "refresh_token", GRANT] {
        arguments.extend(["--grant-type", grant_type]);
    }
    administer(&world, &arguments);
    let relying_party = RelyingParty::of(&world, 0).await;
    let grants = &relying_party.metadata["grant_types_supported"];
    assert!(
        grants
            .as_array()
            .is_some_and(|all| all.contains(&GRANT.into()))
    );

    let mut agent = Agent::new();
    let tokens = relying_party.sign_in(&mut agent, world.user()).await;
    let claims = relying_party.id_token(&tokens).await;
    let sub = claims["sub"].as_str().expect("a subject");
    let present = |assertion: String| {
        let relying_party = &relying_party;
        async move {
            let body = [
                ("grant_type", GRANT),
                ("assertion", assertion.as_str()),
                ("scope", "openid profile"),
            ];
            relying_party.ask("token_endpoint", &body).await
        }
    };
    let good = assertion(&key, &relying_party, (sub, "1"));
    let answer = present(good.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = answer.json();
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    let token = answer["access_token"].as_str().expect("text");
    assert_eq!(jwt::unverified(token)["sub"], sub);
    assert_eq!(relying_party.userinfo(token).await.status, 200);

    let foreign = ObjectKey::new();
    for (assertion, reason) in [
        (good, "assertion_replayed"),
        (
            assertion(&key, &relying_party, ("nobody", "2")),
            "assertion_without_grant",
        ),
        (
            assertion(&foreign, &relying_party, (sub, "3")),
            "assertion_signature_wrong",
        ),
    ] {
        let refused = present(assertion).await;
        assert_eq!(refused.oauth_error(), "invalid_grant");
        assert!(refused.body.contains(reason), "{reason}: {}", refused.body);
    }
    world.stop();
}
