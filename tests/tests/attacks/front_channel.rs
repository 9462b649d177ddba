//! Attacks on what passes through the browser (RFC 9700 §2.1, §4.5, §4.8; Multiple Response Types §3).

use idp_tests::Tokens;
use serde_json::json;

use crate::openid::answers::{Scene, set};

/// Response type confusion: whoever can change a request must not turn a code into tokens.
#[tokio::test]
async fn a_request_for_more_than_is_registered_brings_nothing() {
    let (mut scene, serving) = Scene::with(&[]).await;
    for wanted in [
        "id_token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    ] {
        let got = scene.parameters(&[("response_type", wanted)]).await;
        assert_eq!(got["error"], "unauthorized_client", "{wanted}");
        assert_eq!(got["error_description"], "response_type_not_allowed");
    }
    for wanted in ["token", "none", "code code", "id_token id_token"] {
        let got = scene.parameters(&[("response_type", wanted)]).await;
        assert_eq!(got["error"], "unsupported_response_type", "{wanted}");
    }
    serving.terminate();
}

/// PKCE downgrade (RFC 9700 §4.8.2): the attacker removes the challenge from the request.
#[tokio::test]
async fn a_challenge_that_was_taken_out_on_the_way_is_noticed() {
    let (mut scene, serving) = Scene::with(&set(&["pkce_optional=true"])).await;
    let taken_out = [("code_challenge", ""), ("code_challenge_method", "")];
    let got = scene.parameters(&taken_out).await;
    let verifier = "a".repeat(43);
    let answer = scene.party.redeem(&got["code"], &verifier).await;
    assert_eq!(answer.oauth_error(), "invalid_grant");
    assert_eq!(
        answer.json()["error_description"],
        "pkce_verifier_unexpected"
    );
    serving.terminate();
}

/// Code replay: what left the authorization endpoint with the code is revoked as well.
#[tokio::test]
async fn a_replayed_code_takes_the_tokens_of_the_front_channel_with_it() {
    let registered = ["response_types=code token", "response_types=code"];
    let (mut scene, serving) = Scene::with(&set(&registered)).await;
    let request = scene.party.request().with("response_type", "code token");
    let got = scene.walked(&request).await;
    let redeemed = scene
        .party
        .redeem(&got["code"], &request.pkce.verifier)
        .await;
    let tokens = Tokens {
        body: redeemed.json(),
    };
    let all = [got["access_token"].clone(), tokens.text("access_token")];
    for token in &all {
        assert_eq!(scene.party.userinfo(token).await.status, 200);
    }
    let again = scene
        .party
        .redeem(&got["code"], &request.pkce.verifier)
        .await;
    assert_eq!(again.oauth_error(), "invalid_grant");
    for token in &all {
        assert_eq!(scene.party.userinfo(token).await.status, 401);
        assert_eq!(
            scene.party.introspect(token).await,
            json!({"active": false})
        );
    }
    serving.terminate();
}

/// Injection into the page that posts: what the request carries must stay text.
#[tokio::test]
async fn a_state_full_of_markup_is_posted_as_it_came() {
    let (mut scene, serving) = Scene::with(&[]).await;
    let state = "\"></form><script>alert(1)</script>' onload=x";
    let changed = [("response_mode", "form_post"), ("state", state)];
    let answer = scene.ask(&changed).await;
    assert_eq!(
        answer.body.matches("<script>").count(),
        1,
        "{}",
        answer.body
    );
    let got = scene.parameters(&changed).await;
    assert_eq!(got["state"], state);
    serving.terminate();
}
