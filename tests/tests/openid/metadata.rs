//! What the provider says of itself.

use std::collections::BTreeSet;

use idp_tests::{Agent, RelyingParty, World};
use url::Url;

#[tokio::test]
async fn discovery_tells_the_truth() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let metadata = &relying_party.metadata;
    assert_eq!(metadata["issuer"].as_str(), Some(world.issuer.as_str()));
    let oauth = world.at("/.well-known/oauth-authorization-server");
    assert_eq!(
        Agent::new().fetch(&oauth).await.json()["issuer"],
        metadata["issuer"]
    );

    for (name, value) in metadata.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            let address = Url::parse(value.as_str().expect("text")).expect("an address");
            assert_eq!(address.origin(), world.issuer_url().origin(), "{name}");
            let answer = Agent::new().fetch(&address).await;
            assert!(
                answer.status != 404 && answer.status < 500,
                "{name}: {}",
                answer.status
            );
        }
    }
    let list = |name: &str| -> BTreeSet<String> {
        let values = metadata[name]
            .as_array()
            .unwrap_or_else(|| panic!("no {name}"));
        values
            .iter()
            .map(|value| value.as_str().expect("text").to_owned())
            .collect()
    };
    assert!(list("response_types_supported").contains("code"));
    assert!(list("scopes_supported").contains("openid"));
    assert!(list("code_challenge_methods_supported").contains("S256"));
    assert!(!list("code_challenge_methods_supported").contains("plain"));
    assert!(list("id_token_signing_alg_values_supported").contains("RS256"));
    assert!(!list("id_token_signing_alg_values_supported").contains("none"));
    let grants = list("grant_types_supported");
    for grant in ["authorization_code", "refresh_token", "client_credentials"] {
        assert!(grants.contains(grant), "{grant}");
    }
    assert!(!grants.contains("password"));
    assert!(list("subject_types_supported").contains("public"));
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(metadata["backchannel_logout_supported"], true);
    world.stop();
}
