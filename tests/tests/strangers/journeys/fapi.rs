//! FAPI 2.0 by openid-client: both profiles in each combination of how the client proves itself,
//! what its tokens are bound to, and the algorithm; with server nonces in every DPoP proof.

use idp_tests::certificates::Authority;
use idp_tests::nginx::TlsProxy;
use idp_tests::{Installation, ports};
use serde_json::{Value, json};

use super::Walk;

/// An installation at which clients show certificates of one authority, and where they do it.
fn certified() -> (Installation, u16) {
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
    let authorities = folder.join("client-cas.pem");
    std::fs::write(&authorities, authority.pem()).expect("written");
    let (port, authorities) = (ports::free_port(), authorities.display().to_string());
    let url = format!("https://localhost:{port}");
    set(&mut installation, "MUTUAL_TLS__URL", &url);
    set(
        &mut installation,
        "MUTUAL_TLS__TRUSTED_AUTHORITIES",
        &authorities,
    );
    (installation, port)
}

fn set(installation: &mut Installation, key: &str, value: &str) {
    let variable = (format!("IDP__{key}"), value.to_owned());
    installation.environment.push(variable);
}

/// Walks those of the combinations with these words in their names, and checks each.
async fn walk(installation: &Installation, words: &[&str]) -> usize {
    for algorithm in ["PS256", "EdDSA"] {
        super::artefacts::signing_key(installation, algorithm);
    }
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let found = Walk::all(installation, &user, &[&["fapi"], words].concat()).await;
    for name in names().filter(|name| {
        words
            .iter()
            .all(|word| name.split(' ').any(|one| one == *word))
    }) {
        let facts = found.get(&name);
        check(&name, facts.unwrap_or_else(|| panic!("{name} is missing")));
    }
    serving.terminate();
    found.len()
}

fn names() -> impl Iterator<Item = String> {
    let profiles = ["fapi2_security", "fapi2_message_signing"].into_iter();
    let algorithms = ["ES256", "PS256", "EdDSA"];
    let methods = [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ];
    profiles
        .flat_map(move |profile| methods.map(|method| format!("{profile} {method}")))
        .flat_map(|name| ["dpop", "certificate"].map(|binding| format!("{name} {binding}")))
        .flat_map(move |name| algorithms.map(|algorithm| format!("{name} {algorithm}")))
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
    let (mut installation, port) = certified();
    let folder = installation.folder.path().to_owned();
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file("server.pem"), file("server-key.pem"));
    let address = format!("127.0.0.1:{port}");
    set(&mut installation, "MUTUAL_TLS__ADDRESS", &address);
    set(&mut installation, "MUTUAL_TLS__CERTIFICATE", &certificate);
    set(&mut installation, "MUTUAL_TLS__KEY", &key);
    set(&mut installation, "TOKENS__DPOP_NONCE", "required");
    assert_eq!(walk(&installation, &[]).await, 36);
}

#[tokio::test]
async fn openid_client_walks_fapi_2_behind_nginx_that_passes_its_certificate_on() {
    let (mut installation, port) = certified();
    set(&mut installation, "LISTEN__TRUSTED_PROXIES", "127.0.0.2/32");
    set(
        &mut installation,
        "MUTUAL_TLS__PROXY_HEADER",
        "x-client-cert",
    );
    let _nginx = TlsProxy::start(port, installation.port, installation.folder.path());
    assert_eq!(walk(&installation, &["tls_client_auth", "ES256"]).await, 4);
}
