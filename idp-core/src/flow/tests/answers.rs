//! Answers other than a code in the query: response types, response modes, encryption.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{World, begun, claims, refused};
use crate::base::refusal::Reason;
use crate::flow::authorize::{AuthorizeReply, Visitor};
use crate::flow::userinfo::UserinfoAnswer;
use crate::jose::{
    CompactJwe, ContentEncryption, DecryptionKey, JwkSet, KeyManagement, SigningAlgorithm,
    SigningKey, jwe,
};
use crate::model::client::ResponseType;
use crate::oauth::response::Answer;
use crate::oauth::sample::{ISSUER, REDIRECT};
use crate::oidc::id_token::{at_hash, c_hash};

/// A world whose client is registered for every response type.
async fn registered() -> (World, Visitor) {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| client.features.response_types = ResponseType::ALL.to_vec())
        .await;
    (world, visitor)
}

fn answer(reply: AuthorizeReply) -> Answer {
    match reply {
        AuthorizeReply::Answered(answer) | AuthorizeReply::Refused(answer, _) => answer,
        AuthorizeReply::Ask(question) => panic!("asked {question:?}"),
    }
}

/// The parameters of an answer, by whatever way.
fn parameters(answer: &Answer) -> BTreeMap<String, String> {
    match answer {
        Answer::Redirect(address) => {
            let url = url::Url::parse(address).unwrap();
            let text = url.fragment().or(url.query()).unwrap();
            let pairs = url::form_urlencoded::parse(text.as_bytes());
            pairs
                .into_owned()
                .filter(|(name, _)| name != "tenant")
                .collect()
        }
        Answer::Form { to, fields } => {
            assert_eq!(to.as_str(), REDIRECT);
            fields.iter().cloned().collect()
        }
    }
}

async fn asked_for(
    (world, visitor): &(World, Visitor),
    changed: &[(&str, &str)],
) -> BTreeMap<String, String> {
    parameters(&answer(world.authorize(visitor, changed).await.unwrap()))
}

fn token(text: &str) -> Value {
    claims(&text.into())
}

#[tokio::test]
async fn each_response_type_brings_what_it_names_and_nothing_else() {
    let scene = registered().await;
    for &response_type in ResponseType::ALL {
        let wanted = ("response_type", response_type.as_str());
        let got = asked_for(&scene, &[wanted, ("nonce", "n")]).await;
        assert_eq!(got.contains_key("code"), response_type.has_code());
        assert_eq!(got.contains_key("access_token"), response_type.has_token());
        assert_eq!(got.contains_key("id_token"), response_type.has_id_token());
        assert_eq!(
            (got["state"].as_str(), got["iss"].as_str()),
            ("của tôi", ISSUER)
        );
        assert!(!got.contains_key("refresh_token"));
        let Some(id_token) = got.get("id_token").map(|text| token(text)) else {
            continue;
        };
        assert_eq!(
            (&id_token["nonce"], &id_token["aud"]),
            (&json!("n"), &json!("app"))
        );
        let hash = |name: &str, of: fn(&str, SigningAlgorithm) -> String| {
            got.get(name)
                .map_or(Value::Null, |text| of(text, SigningAlgorithm::ES256).into())
        };
        let member = |name: &str| id_token.get(name).cloned().unwrap_or_default();
        assert_eq!(
            member("at_hash"),
            hash("access_token", at_hash),
            "{response_type:?}"
        );
        assert_eq!(member("c_hash"), hash("code", c_hash), "{response_type:?}");
    }
}

#[tokio::test]
async fn tokens_of_the_front_channel_live_and_die_with_their_grant() {
    let scene = registered().await;
    let (world, visitor) = &scene;
    let wanted = [("response_type", "code id_token token"), ("nonce", "n")];
    let got = asked_for(&scene, &wanted).await;
    let access = Map::from_iter([("access_token".into(), got["access_token"].as_str().into())]);
    assert_eq!(world.userinfo(&access).await.unwrap()["name"], "Nguyễn an");
    let tokens = world.redeem(&got["code"]).await.unwrap();
    assert_eq!(
        claims(&tokens["id_token"])["sub"],
        token(&got["id_token"])["sub"]
    );
    assert_eq!(claims(&tokens["id_token"])["nonce"], "n");
    world.userinfo(&access).await.unwrap();
    // The code comes a second time: everything under the grant is over.
    assert_eq!(
        refused(world.redeem(&got["code"]).await),
        Reason::CodeReused
    );
    for tokens in [&access, &tokens] {
        assert_eq!(refused(world.userinfo(tokens).await), Reason::TokenRevoked);
    }
    // The same without a code, by revocation.
    let got = asked_for(
        &scene,
        &[("response_type", "id_token token"), ("nonce", "n")],
    )
    .await;
    let access = Map::from_iter([("access_token".into(), got["access_token"].as_str().into())]);
    world.userinfo(&access).await.unwrap();
    world.revoke("app", &access["access_token"]).await;
    assert_eq!(refused(world.userinfo(&access).await), Reason::TokenRevoked);
    let _ = visitor;
}

#[tokio::test]
async fn answers_and_refusals_travel_in_the_mode_that_was_asked_for() {
    let scene = registered().await;
    let code = ("response_type", "code");
    for mode in ["query", "fragment", "form_post"] {
        let got = asked_for(&scene, &[code, ("response_mode", mode)]).await;
        assert_eq!(got["code"].len(), 43, "{mode}");
        let refused = [code, ("response_mode", mode), ("scope", "openid payroll")];
        let got = asked_for(&scene, &refused).await;
        assert_eq!(got["error"], "invalid_scope", "{mode}");
        assert_eq!(
            (got["state"].as_str(), got["iss"].as_str()),
            ("của tôi", ISSUER)
        );
    }
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        let got = asked_for(&scene, &[code, ("response_mode", mode)]).await;
        assert_eq!(got.keys().collect::<Vec<_>>(), ["response"], "{mode}");
        let told = token(&got["response"]);
        assert_eq!(
            (&told["iss"], &told["aud"]),
            (&json!(ISSUER), &json!("app"))
        );
        assert_eq!(told["state"], "của tôi");
        assert_eq!(told["code"].as_str().unwrap().len(), 43);
        let refused = [code, ("response_mode", mode), ("prompt", "none login")];
        let told = token(&asked_for(&scene, &refused).await["response"]);
        assert_eq!(told["error"], "invalid_request", "{mode}");
    }
}

#[tokio::test]
async fn single_claims_reach_the_place_that_they_were_asked_for() {
    let scene = registered().await;
    let (world, visitor) = &scene;
    let asked = r#"{"id_token":{"given_name":null},"userinfo":{"name":{"essential":true}}}"#;
    let changed = [("scope", "openid"), ("claims", asked)];
    let tokens = world.tokens(visitor, &changed).await;
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["given_name"], "an");
    assert_eq!(id_token.get("name"), None);
    let told = world.userinfo(&tokens).await.unwrap();
    assert_eq!(told["name"], "Nguyễn an");
    assert_eq!(told.get("given_name"), None);
}

#[tokio::test]
async fn a_level_that_nobody_reaches_here_is_told_before_anybody_is_asked() {
    let world = World::new().await;
    let level = ("acr_values", "urn:vn:nd69-2024:loa:3");
    let scene = (world.clone(), world.browser());
    let got = asked_for(&scene, &[level]).await;
    assert_eq!(got["error"], "unmet_authentication_requirements");
    assert_eq!(got["error_description"], "level_unreachable");
}

/// A key of the client, and what it publishes.
pub(super) fn client_key() -> (DecryptionKey, Value) {
    let alg = KeyManagement::EcdhEs;
    let der = SigningKey::generate(SigningAlgorithm::ES256, &super::rng()).unwrap();
    let key = DecryptionKey::from_pkcs8(alg, der.as_bytes()).unwrap();
    let public = JwkSet::new(vec![key.public_jwk("e").unwrap()]);
    (key, serde_json::to_value(public).unwrap())
}

pub(super) fn opened(text: &str, key: &DecryptionKey) -> String {
    let jwe = CompactJwe::parse(text, jwe::DEFAULT_MAX_BYTES).unwrap();
    assert_eq!(jwe.header().kid(), Some("e"));
    String::from_utf8(jwe.decrypt(key).unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_registered_as_encrypted_leaves_encrypted_everywhere() {
    let (key, public) = client_key();
    let scene = registered().await;
    let (world, visitor) = &scene;
    world
        .edit_client(|client| {
            client.jwks = Some(public);
            let features = &mut client.features;
            features.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
            features.userinfo_encrypted_response_alg = Some(KeyManagement::EcdhEsA256Kw);
            features.userinfo_encrypted_response_enc = Some(ContentEncryption::A256Gcm);
            features.authorization_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        })
        .await;
    let tokens = world.tokens(visitor, &[]).await;
    let id_token = opened(tokens["id_token"].as_str().unwrap(), &key);
    assert_eq!(token(&id_token)["aud"], "app");
    let UserinfoAnswer::Jwt(told) = world.userinfo_answer(&tokens).await.unwrap() else {
        panic!("plain");
    };
    // Encrypted and not signed: the claims themselves are inside.
    let told: Value = serde_json::from_str(&opened(&told, &key)).unwrap();
    assert_eq!(
        (&told["name"], &told["aud"]),
        (&json!("Nguyễn an"), &json!("app"))
    );
    world
        .edit_client(|client| {
            client.features.userinfo_signed_response_alg = Some(SigningAlgorithm::ES256);
        })
        .await;
    let UserinfoAnswer::Jwt(told) = world.userinfo_answer(&tokens).await.unwrap() else {
        panic!("plain");
    };
    assert_eq!(token(&opened(&told, &key))["iss"], ISSUER);
    let wanted = [
        ("response_type", "code id_token"),
        ("response_mode", "form_post.jwt"),
        ("nonce", "n"),
    ];
    let response = &asked_for(&scene, &wanted).await["response"];
    let inner = token(&opened(response, &key));
    let id_token = opened(inner["id_token"].as_str().unwrap(), &key);
    assert_eq!(token(&id_token)["nonce"], "n");
}

#[tokio::test]
async fn without_a_key_to_encrypt_to_nothing_leaves() {
    let (world, visitor) = begun().await;
    let signing = super::signing_key().public_jwk("s").unwrap();
    world
        .edit_client(|client| {
            client.jwks = serde_json::to_value(JwkSet::new(vec![signing])).ok();
            client.features.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        })
        .await;
    let code = world.code(&visitor, &[]).await;
    let missing = Reason::ClientEncryptionKeyMissing;
    assert_eq!(refused(world.redeem(&code).await), missing);
}
