//! An issuer vouches that a client works for a person who let it in (RFC 7523 §2.1).

use serde_json::{Map, Value, json};

use super::{World, begun, claims, refused, rng, signing_key};
use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::flow::access::Elsewhere;
use crate::flow::authorize::Visitor;
use crate::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, jws};
use crate::model::client::{AssertionIssuer, ClientAuthenticationMethod, GrantType};
use crate::oauth::sample::{ISSUER, parameters};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LGSP: &str = "https://lgsp.example";
const KEYS_AT: &str = "https://lgsp.example/jwks";

/// The integration platform's issuer, and the world in which the application heeds it.
struct Platform {
    world: World,
    visitor: Visitor,
    key: SigningKey,
}

impl Platform {
    async fn new() -> Self {
        let (world, visitor) = begun().await;
        let key = signing_key();
        let set = JwkSet::new(vec![key.public_jwk("k1").unwrap()]);
        let set = serde_json::to_vec(&set).unwrap();
        let bodies = &world.outside.bodies;
        bodies.lock().unwrap().insert(KEYS_AT.into(), set);
        world
            .edit_client(|client| {
                client.grant_types.push(GrantType::JwtBearer);
                client.features.assertion_issuers = vec![AssertionIssuer {
                    issuer: LGSP.into(),
                    jwks_uri: Some(KEYS_AT.into()),
                    jwks: None,
                }];
            })
            .await;
        Self {
            world,
            visitor,
            key,
        }
    }

    /// An assertion with some claims replaced or (when null) left out.
    fn assertion(&self, sub: &Value, jti: &str, changed: &Value) -> String {
        let now = self.world.now().seconds();
        let mut claims = json!({"iss": LGSP, "sub": sub, "aud": ISSUER, "exp": now + 300, "iat": now, "jti": jti});
        let members = claims.as_object_mut().unwrap();
        members.extend(changed.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let header = Header::new(SigningAlgorithm::ES256).with_kid("k1");
        jws::sign(&header, claims.to_string().as_bytes(), &self.key, &rng()).unwrap()
    }

    async fn present(
        &self,
        assertion: &str,
        more: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Failure> {
        let mut body = vec![("grant_type", GRANT), ("assertion", assertion)];
        body.extend(more);
        self.world.token(&body).await
    }

    async fn sub(&self) -> Value {
        let tokens = self.world.tokens(&self.visitor, &[]).await;
        claims(&tokens["id_token"])["sub"].clone()
    }
}

#[tokio::test]
async fn an_assertion_stands_for_what_the_person_granted() {
    let platform = Platform::new().await;
    let sub = platform.sub().await;
    let assertion = platform.assertion(&sub, "1", &json!({}));
    let narrow = [("scope", "openid profile")];
    let answer = platform.present(&assertion, &narrow).await.unwrap();
    assert!(!answer.contains_key("refresh_token") && !answer.contains_key("id_token"));
    let told = claims(&answer["access_token"]);
    assert_eq!((&told["sub"], &told["client_id"]), (&sub, &json!("app")));
    assert_eq!(told["scope"], "openid profile");
    assert!(platform.world.userinfo(&answer).await.is_ok());
    // Signing out takes the grant away, the token with it, and what could still be asserted.
    let everywhere = platform.world.signed_in("an").await;
    platform
        .world
        .provider
        .end_own_sessions(Elsewhere::All, &everywhere, &mut platform.world.context())
        .await
        .unwrap();
    let over = refused(platform.world.userinfo(&answer).await);
    assert_eq!(over, Reason::TokenRevoked);
    let assertion = platform.assertion(&sub, "2", &json!({}));
    let over = refused(platform.present(&assertion, &[]).await);
    assert_eq!(over, Reason::AssertionWithoutGrant);
}

#[tokio::test]
async fn of_several_presentations_one_counts() {
    let platform = Platform::new().await;
    let sub = platform.sub().await;
    let assertion = platform.assertion(&sub, "1", &json!({}));
    let (one, two) = tokio::join!(
        platform.present(&assertion, &[]),
        platform.present(&assertion, &[])
    );
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(refused(lost), Reason::AssertionReplayed);
}

#[tokio::test]
async fn each_rule_has_its_refusal() {
    let platform = Platform::new().await;
    let sub = platform.sub().await;
    let now = platform.world.now().seconds();
    for (changed, expected) in [
        (
            json!({"iss": "https://khac.example"}),
            Reason::AssertionIssuerUnknown,
        ),
        (json!({"iss": null}), Reason::AssertionIssuerUnknown),
        (json!({"iss": ISSUER}), Reason::AssertionIssuerUnknown),
        (
            json!({"aud": "https://khac.example"}),
            Reason::AssertionClaimsWrong,
        ),
        (json!({"aud": null}), Reason::AssertionClaimsWrong),
        (json!({"exp": null}), Reason::AssertionClaimsWrong),
        (json!({"exp": now - 120}), Reason::AssertionClaimsWrong),
        (json!({"exp": now + 7200}), Reason::AssertionClaimsWrong),
        (json!({"nbf": now + 300}), Reason::AssertionClaimsWrong),
        (json!({"jti": null}), Reason::AssertionClaimsWrong),
        (
            json!({"jti": "x".repeat(257)}),
            Reason::AssertionClaimsWrong,
        ),
        (json!({"sub": null}), Reason::AssertionClaimsWrong),
        (json!({"sub": "nobody"}), Reason::AssertionWithoutGrant),
        (json!({"sub": "app"}), Reason::AssertionWithoutGrant),
    ] {
        let assertion = platform.assertion(&sub, &changed.to_string(), &changed);
        let refused = refused(platform.present(&assertion, &[]).await);
        assert_eq!(refused, expected, "{changed}");
    }
    let good = |jti: &str| platform.assertion(&sub, jti, &json!({}));
    let wide = [("scope", "openid email")];
    let wider = refused(platform.present(&good("wide"), &wide).await);
    assert_eq!(wider, Reason::ScopeExceedsGrant);
    let mut forged = good("forged");
    forged.replace_range(forged.len() - 6.., "AAAAAA");
    let forged = refused(platform.present(&forged, &[]).await);
    assert_eq!(forged, Reason::AssertionSignatureWrong);
    for malformed in ["", "a.b", "eyJhbGciOiJub25lIn0.e30."] {
        let refused = refused(platform.present(malformed, &[]).await);
        assert!(matches!(
            refused,
            Reason::AssertionMalformed | Reason::ParameterMissing
        ));
    }
}

#[tokio::test]
async fn a_person_who_let_in_another_client_or_nobody_is_not_spoken_for() {
    let platform = Platform::new().await;
    let sub = platform.sub().await;
    let assertion = platform.assertion(&sub, "1", &json!({}));
    platform.world.disable("an").await;
    let disabled = refused(platform.present(&assertion, &[]).await);
    assert_eq!(disabled, Reason::AssertionWithoutGrant);
    // Another client that heeds the same issuer has no grant of this person.
    let mut other = platform.world.client().await;
    other.id = crate::admin::sample::client_id("other");
    platform.world.add_client(other).await;
    let header = super::basic("other", crate::oauth::sample::SECRET);
    let assertion = platform.assertion(&sub, "2", &json!({}));
    let body = parameters(&[("grant_type", GRANT), ("assertion", &assertion)]);
    let mut context = platform.world.context();
    let provider = &platform.world.provider;
    let answer = provider.token(Some(header.as_str()), &body, &mut context);
    assert_eq!(refused(answer.await), Reason::AssertionWithoutGrant);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_and_clients_that_prove_nothing_are_told_so() {
    let platform = Platform::new().await;
    let sub = platform.sub().await;
    let assertion = platform.assertion(&sub, "1", &json!({}));
    platform.world.outside.bodies.lock().unwrap().clear();
    let unreachable = refused(platform.present(&assertion, &[]).await);
    assert_eq!(unreachable, Reason::AssertionKeysUnavailable);
    platform
        .world
        .edit_client(|client| {
            client.authentication = ClientAuthenticationMethod::None;
            client.secrets.clear();
        })
        .await;
    let body = [
        ("grant_type", GRANT),
        ("assertion", assertion.as_str()),
        ("client_id", "app"),
    ];
    let mut context = platform.world.context();
    let provider = &platform.world.provider;
    let body = parameters(&body);
    let answer = provider.token(None::<&str>, &body, &mut context);
    assert_eq!(refused(answer.await), Reason::AssertionClientUnfit);
}
