//! What the provider signs and encrypts, verified and opened by jose (npm), and the other way round.

use idp_tests::Installation;
use serde_json::{Value, json};

use super::{Found, Walk};

/// Makes a key for an algorithm of which there may be none; the first of its kind signs at once.
pub(super) fn signing_key(installation: &Installation, algorithm: &str) {
    rotate(installation, &["--algorithm", algorithm]);
}

fn rotate(installation: &Installation, further: &[&str]) {
    let made = installation.administer(&[&["key", "rotate"], further].concat());
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
}

/// Signed artefacts by their `typ`. Request object and client assertion go the other way: without
/// them there is nothing to verify.
fn signed() -> Value {
    json!({
        "id_token": "",
        "access_token": "at+jwt",
        "userinfo": "",
        "introspection": "token-introspection+jwt",
        "response": "",
        "logout_token": "logout+jwt",
    })
}

#[tokio::test]
async fn jose_verifies_every_signed_artefact_in_every_algorithm() {
    let mut installation = Installation::init();
    for algorithm in ["PS256", "EdDSA"] {
        signing_key(&installation, algorithm);
    }
    let mut user = None;
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        // Access tokens are signed alike for everybody.
        let default = "IDP__ISSUER__DEFAULT_ALGORITHM".to_owned();
        installation.environment = vec![(default, algorithm.to_owned())];
        let serving = installation.serve().await.expect("it serves");
        if user.is_none() {
            user = Some(installation.activate().await);
        }
        let person = user.as_ref().expect("somebody");
        let found = Walk::all(&installation, person, &["artefacts", "signed", algorithm]).await;
        let expected = Found::from([(format!("signed {algorithm}"), signed())]);
        assert_eq!(found, expected);
        serving.terminate();
    }
}

#[tokio::test]
async fn jose_opens_what_is_encrypted_to_it_and_encrypts_to_us() {
    let installation = Installation::init();
    for algorithm in ["ECDH-ES", "RSA-OAEP-256"] {
        rotate(
            &installation,
            &["--purpose", "encryption", "--algorithm", algorithm],
        );
    }
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(&installation, &user, &["artefacts", "encrypted"]).await;
    let mut expected = Found::new();
    for content in ["A128GCM", "A256GCM", "A128CBC-HS256"] {
        for (wrapping, key) in [
            ("RSA-OAEP-256", "RSA-OAEP-256"),
            ("ECDH-ES", "ECDH-ES"),
            ("ECDH-ES+A128KW", "ECDH-ES"),
            ("ECDH-ES+A256KW", "ECDH-ES"),
        ] {
            let opened = json!(["JWT", key, "ES256"]);
            let names = ["id_token", "userinfo", "introspection", "response"];
            let all: Value = names
                .map(|name| (name, opened.clone()))
                .into_iter()
                .collect();
            expected.insert(format!("encrypted to us {wrapping} {content}"), all);
        }
        for wrapping in ["RSA-OAEP-256", "ECDH-ES"] {
            let name = format!("request object encrypted {wrapping} {content}");
            expected.insert(name, json!({"scope": "openid"}));
        }
    }
    assert_eq!(found, expected);
    serving.terminate();
}
