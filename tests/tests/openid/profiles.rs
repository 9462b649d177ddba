//! `idp client add --profile`: each profile makes a client that the rules of all clients accept.

use idp_tests::Installation;
use serde_json::{Value, json};

#[test]
fn every_profile_registers_a_client_and_says_what_it_set() {
    let installation = Installation::init();
    let jwks = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }]});
    let file = installation.folder.path().join("jwks.json");
    std::fs::write(&file, jwks.to_string()).unwrap();
    let file = file.display().to_string();
    let code = ["--redirect-uri", "https://rp.example/callback"];
    let key = ["--jwks", file.as_str()];
    for (profile, given, expected) in [
        (
            "web",
            vec![code],
            vec![("/id_token_signed_response_alg", json!("RS256"))],
        ),
        (
            "spa",
            vec![code],
            vec![("/access_token_seconds", json!(300))],
        ),
        (
            "native",
            vec![code],
            vec![("/token_endpoint_auth_method", json!("none"))],
        ),
        ("device", vec![], vec![("/consent", json!("ask"))]),
        (
            "service",
            vec![key],
            vec![("/token_endpoint_auth_method", json!("private_key_jwt"))],
        ),
        (
            "fapi2",
            vec![code, key],
            vec![("/features/dpop_bound_access_tokens", json!(true))],
        ),
        (
            "fapi2-message-signing",
            vec![code, key],
            vec![
                ("/features/require_signed_request_object", json!(true)),
                (
                    "/features/authorization_signed_response_alg",
                    json!("ES256"),
                ),
                ("/id_token_signed_response_alg", json!("ES256")),
            ],
        ),
        (
            "legacy",
            vec![code],
            vec![
                ("/features/pkce_optional", json!(true)),
                ("/id_token_signed_response_alg", json!("RS256")),
            ],
        ),
    ] {
        let mut arguments = vec![
            "--as", "quantri", "--output", "json", "client", "add", profile,
        ];
        arguments.extend(["--name", "Ứng dụng", "--profile", profile]);
        arguments.extend(given.into_iter().flatten());
        let added = installation.idp(&arguments);
        let told = String::from_utf8_lossy(&added.stderr).into_owned();
        assert!(added.status.success(), "{profile}: {told}");
        let client: Value = serde_json::from_slice(&added.stdout).unwrap();
        for (pointer, value) in expected {
            let made = client["client"].pointer(pointer);
            assert_eq!(made, Some(&value), "{profile} {pointer}: {client}");
        }
        assert!(told.contains(" = "), "{profile} explains itself: {told}");
    }
    let check = installation.idp(&[
        "--as", "quantri", "--output", "json", "client", "check", "legacy",
    ]);
    let found: Value = serde_json::from_slice(&check.stdout).unwrap();
    let found = found.to_string();
    assert!(
        found.contains("pkce_optional") && found.contains("secret_in_body"),
        "{found}"
    );
    assert!(!found.contains("rs256"), "{found}");
}
