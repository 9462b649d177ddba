//! FAPI 2.0 by openid-client: both profiles in each combination of how the client proves itself,
//! what its tokens are bound to, and the algorithm; with server nonces in every DPoP proof.

use idp_tests::certificates::Authority;
use idp_tests::{Installation, ports};
use serde_json::{Value, json};

use super::Walk;

/// An installation that asks for certificates at an address of its own and for nonces in proofs.
fn strict() -> Installation {
    let mut installation = Installation::init();
    let folder = installation.folder.path().to_owned();
    let authority = Authority::new("CA của tỉnh Mẫu");
    authority.server(&folder);
    let subject = [
        ("C", "VN"),
        ("O", "Sở Nội vụ"),
        ("CN", "mot-cua.tinh.example"),
    ];
    authority.client(&subject).write(&folder);
    std::fs::write(folder.join("client-cas.pem"), authority.pem()).expect("written");
    let port = ports::free_port();
    let file = |name: &str| folder.join(name).display().to_string();
    for (key, value) in [
        ("MUTUAL_TLS__URL", format!("https://localhost:{port}")),
        ("MUTUAL_TLS__ADDRESS", format!("127.0.0.1:{port}")),
        ("MUTUAL_TLS__CERTIFICATE", file("server.pem")),
        ("MUTUAL_TLS__KEY", file("server-key.pem")),
        ("MUTUAL_TLS__TRUSTED_AUTHORITIES", file("client-cas.pem")),
        ("TOKENS__DPOP_NONCE", "required".to_owned()),
    ] {
        let key = format!("IDP__{key}");
        installation.environment.push((key, value));
    }
    installation
}

fn check(name: &str, facts: &Value) {
    let words: Vec<&str> = name.split(' ').collect();
    let [profile, _, binding, _] = words[..] else {
        panic!("{name}");
    };
    let kind = if binding == "dpop" { "dpop" } else { "bearer" };
    assert_eq!(facts["token_type"], kind, "{name}");
    let bound = facts["bound"].as_array().expect("a list");
    assert_eq!(
        bound,
        &[facts["expected"].clone(), facts["expected"].clone()],
        "{name}"
    );
    assert_eq!(
        facts["through_the_browser"],
        json!(["client_id", "request_uri"])
    );
    let answered = if profile == "fapi2_message_signing" {
        json!(["response"])
    } else {
        json!(["code", "iss", "session_state", "state"])
    };
    assert_eq!(facts["answered_by"], answered, "{name}");
    assert_eq!(facts["name"], "Nguyễn Văn Quản", "{name}");
}

#[tokio::test]
async fn openid_client_walks_fapi_2_in_every_combination() {
    let installation = strict();
    for algorithm in ["PS256", "EdDSA"] {
        super::artefacts::signing_key(&installation, algorithm);
    }
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(&installation, &user, &["fapi"]).await;
    for profile in ["fapi2_security", "fapi2_message_signing"] {
        for method in ["private_key_jwt", "tls_client_auth"] {
            for binding in ["dpop", "certificate"] {
                for algorithm in ["ES256", "PS256", "EdDSA"] {
                    let name = format!("{profile} {method} {binding} {algorithm}");
                    let facts = found
                        .get(&name)
                        .unwrap_or_else(|| panic!("{name} is missing"));
                    check(&name, facts);
                }
            }
        }
    }
    serving.terminate();
}
