//! Clients that register themselves, by openid-client.

use idp_tests::Installation;
use serde_json::json;

use super::{Found, Walk};

#[tokio::test]
async fn openid_client_registers_signs_in_and_gives_its_registration_up() {
    let mut installation = Installation::init();
    let open = ("IDP__REGISTRATION__MODE".to_owned(), "open".to_owned());
    installation.environment.push(open);
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(&installation, &user, &["registered"]).await;
    let facts = json!({"name": user.name, "shown": true, "removed": 204, "again": 401});
    let expected = ["client_secret_basic", "private_key_jwt"]
        .map(|method| (format!("registered by itself, {method}"), facts.clone()));
    assert_eq!(found, Found::from(expected));
    serving.terminate();
}
