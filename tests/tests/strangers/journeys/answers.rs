//! Ways of proving oneself, of asking and of being answered, by openid-client.

use idp_tests::Installation;
use serde_json::{Value, json};

use super::{Found, Walk};

/// What each journey finds.
fn expected() -> Found {
    let own = json!({"own": true});
    let whole = "openid profile";
    let by_reference = ["client_id", "request_uri"];
    let mut expected: Vec<(String, Value)> = [
        (
            "pushed",
            json!({"through_the_browser": by_reference, "name": "Nguyễn Văn Quản"}),
        ),
        (
            "pushed, its code bound to a key",
            json!({"token_type": "dpop", "refused": "code_key_wrong"}),
        ),
        (
            "request object by value",
            json!({"through_the_browser": ["client_id", "request"], "scope": whole}),
        ),
        ("form_post", json!({"posted": true, "scope": whole})),
        ("fragment", json!({"query": "", "scope": whole})),
        (
            "code id_token",
            json!({"same": true, "told": ["code", "id_token", "iss", "session_state", "state"]}),
        ),
        ("id_token", json!({"name": "Nguyễn Văn Quản"})),
        (
            "refreshed, introspected, revoked",
            json!({"rotated": true, "before": true, "after": false}),
        ),
        (
            "bound token at an API",
            json!({
                "same": true,
                "aud": "https://api.tinh.example/ho-so",
                "with_another_key": "OAUTH_JWT_CLAIM_COMPARISON_FAILED",
            }),
        ),
        ("client_secret_basic", own.clone()),
        ("client_secret_post", own.clone()),
        ("client_secret_jwt", own.clone()),
    ]
    .map(|(name, facts)| (name.to_owned(), facts))
    .into();
    for algorithm in ["ES256", "ES384", "EdDSA", "PS256", "RS256"] {
        expected.push((format!("private_key_jwt {algorithm}"), own.clone()));
    }
    expected.into_iter().collect()
}

#[tokio::test]
async fn openid_client_asks_and_is_answered_in_every_way() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(&installation, &user, &["answers"]).await;
    assert_eq!(found, expected());
    serving.terminate();
}
