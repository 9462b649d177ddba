//! Devices, token exchange, exact rights and opaque tokens, by openid-client.

use idp_tests::Installation;
use serde_json::json;

use super::{Found, Walk};

#[tokio::test]
async fn openid_client_lets_devices_in_and_calls_the_next_service() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(&installation, &user, &["grants"]).await;
    let wanted = json!([{"type": "ky-van-ban", "actions": ["ký"], "identifier": "H42-0001"}]);
    let details = json!({"told": [wanted, wanted], "wanted": wanted});
    let expected = [
        ("device", json!({"bound": true, "name": user.name})),
        (
            "token exchange",
            json!({
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "same": true,
                "aud": "https://api.tinh.example/ho-so",
                "acts": true,
            }),
        ),
        (
            "jwt-bearer",
            json!({"same": true, "refused": "assertion_replayed"}),
        ),
        ("authorization details", details.clone()),
        ("authorization details, signed and pushed", details),
        (
            "opaque token, signed introspection",
            json!({"parts": 1, "active": [true, false], "same": true}),
        ),
    ];
    let expected = expected.map(|(name, facts)| (name.to_owned(), facts));
    assert_eq!(found, Found::from(expected));
    serving.terminate();
}
