//! Certificates of clients (RFC 8705): shown to the server itself, and to nginx in front of it.

use std::path::Path;
use std::process::Command;

use idp_tests::certificates::{Authority, Shown, trusting};
use idp_tests::installation::Serving;
use idp_tests::nginx::TlsProxy;
use idp_tests::{Answer, Installation, RelyingParty, jwt, ports};
use serde_json::{Value, json};

/// An installation whose clients show certificates to it, and where.
struct Direct {
    installation: Installation,
    authority: Authority,
    url: String,
    _serving: Serving,
}

async fn direct() -> Direct {
    let mut installation = Installation::init();
    let authority = Authority::new("CA của tỉnh Mẫu");
    let folder = installation.folder.path().to_owned();
    authority.server(&folder);
    let file = folder.join("client-cas.pem");
    std::fs::write(&file, authority.pem()).expect("written");
    let port = ports::free_port();
    let url = format!("https://localhost:{port}");
    for (key, value) in [
        ("URL", url.clone()),
        ("ADDRESS", format!("127.0.0.1:{port}")),
        (
            "CERTIFICATE",
            folder.join("server.pem").display().to_string(),
        ),
        ("KEY", folder.join("server-key.pem").display().to_string()),
        ("TRUSTED_AUTHORITIES", file.display().to_string()),
    ] {
        let key = format!("IDP__MUTUAL_TLS__{key}");
        installation.environment.push((key, value));
    }
    let serving = installation.serve().await.expect("serving");
    Direct {
        installation,
        authority,
        url,
        _serving: serving,
    }
}

/// Asks for a token as a client that only says who it is.
async fn ask(shown: Option<&Shown>, authority: &Authority, url: &str, client: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", client)];
    trusting(authority, shown)
        .post(&format!("{url}/token"), &form, &[])
        .await
}

fn reason(answer: &Answer) -> String {
    let description = &answer.json()["error_description"];
    description.as_str().unwrap_or_default().to_owned()
}

const NAME: &str = "tls_client_auth_subject_dn=cn=his.tinh.example, o=Sở Y tế, c=vn";

#[tokio::test]
async fn a_certificate_proves_a_client_and_binds_its_tokens() {
    let world = direct().await;
    let further = [
        "--kind",
        "service",
        "--auth-method",
        "tls_client_auth",
        "--introspects",
        "--set",
        NAME,
        "--set",
        "tls_client_certificate_bound_access_tokens=true",
    ];
    let client = world.installation.client("HIS", &further);
    let rp = RelyingParty::at(&world.installation.issuer, client.clone()).await;
    let alias = &rp.metadata["mtls_endpoint_aliases"]["token_endpoint"];
    assert_eq!(alias, &json!(format!("{}/token", world.url)));
    let methods = rp.metadata["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains("\"tls_client_auth\""), "{methods}");

    let own = world
        .authority
        .client(&[("C", "VN"), ("O", "Sở Y tế"), ("CN", "his.tinh.example")]);
    let answer = ask(Some(&own), &world.authority, &world.url, &client.client_id).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let bound = jwt::unverified(&token)["cnf"]["x5t#S256"].clone();
    assert_eq!(bound, json!(own.thumbprint()));
    let asked = [
        ("token", token.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    let told = trusting(&world.authority, Some(&own))
        .post(&format!("{}/introspect", world.url), &asked, &[])
        .await
        .json();
    assert_eq!(
        (&told["active"], &told["cnf"]["x5t#S256"]),
        (&json!(true), &bound)
    );

    let other = world
        .authority
        .client(&[("C", "VN"), ("CN", "his.tinh.example")]);
    let strange = Authority::new("CA của tỉnh Mẫu");
    let forged = strange.client(&[("C", "VN"), ("O", "Sở Y tế"), ("CN", "his.tinh.example")]);
    for (shown, expected) in [
        (None, "client_certificate_missing"),
        (Some(&other), "client_certificate_name_wrong"),
        (Some(&forged), "client_certificate_untrusted"),
    ] {
        let refused = ask(shown, &world.authority, &world.url, &client.client_id).await;
        assert_eq!((refused.status, reason(&refused).as_str()), (401, expected));
        assert_eq!(refused.oauth_error(), "invalid_client");
    }
    let pages = trusting(&world.authority, Some(&own));
    let page = pages.get(&format!("{}/sign-in", world.url), &[]).await;
    assert_eq!(
        page.status, 404,
        "no page is served where certificates are asked for"
    );
}

#[tokio::test]
async fn a_certificate_made_by_openssl_is_taken_for_its_registered_key() {
    let world = direct().await;
    let folder = world.installation.folder.path();
    let shown = self_signed_by_openssl(folder);
    let jwks = folder.join("jwks.json");
    std::fs::write(&jwks, json!({"keys": [shown.jwk()]}).to_string()).expect("written");
    let further = [
        "--kind",
        "service",
        "--auth-method",
        "self_signed_tls_client_auth",
        "--jwks",
        &jwks.display().to_string(),
    ];
    let client = world.installation.client("Kho dữ liệu", &further);
    let answer = ask(
        Some(&shown),
        &world.authority,
        &world.url,
        &client.client_id,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let claims = jwt::unverified(answer.json()["access_token"].as_str().expect("a token"));
    assert!(
        claims.get("cnf").is_none(),
        "binding is registered by itself"
    );
    let other = world.authority.client(&[("CN", "khac")]);
    let refused = ask(
        Some(&other),
        &world.authority,
        &world.url,
        &client.client_id,
    )
    .await;
    assert_eq!(reason(&refused), "client_certificate_key_wrong");
}

/// A self-signed P-256 certificate of Debian's openssl.
fn self_signed_by_openssl(folder: &Path) -> Shown {
    let (key, certificate) = (folder.join("own-key.pem"), folder.join("own.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args([
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=kho.tinh.example",
            "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl runs (Debian package openssl)");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let read = |path: &Path| std::fs::read_to_string(path).expect("read");
    Shown::of(&read(&certificate), &read(&key))
}

#[tokio::test]
async fn nginx_passes_a_certificate_on_and_nobody_else_may() {
    let mut installation = Installation::init();
    let authority = Authority::new("CA của tỉnh Mẫu");
    authority.server(installation.folder.path());
    let file = installation.folder.path().join("client-cas.pem");
    std::fs::write(&file, authority.pem()).expect("written");
    let port = ports::free_port();
    let url = format!("https://localhost:{port}");
    for (key, value) in [
        ("LISTEN__TRUSTED_PROXIES", "127.0.0.2/32".to_owned()),
        ("MUTUAL_TLS__URL", url.clone()),
        ("MUTUAL_TLS__PROXY_HEADER", "x-client-cert".to_owned()),
        (
            "MUTUAL_TLS__TRUSTED_AUTHORITIES",
            file.display().to_string(),
        ),
    ] {
        installation
            .environment
            .push((format!("IDP__{key}"), value));
    }
    let serving = installation.serve().await.expect("serving");
    let _nginx = TlsProxy::start(port, installation.port, installation.folder.path());
    let further = [
        "--kind",
        "service",
        "--auth-method",
        "tls_client_auth",
        "--set",
        NAME,
    ];
    let client = installation.client("HIS", &further);
    let own = authority.client(&[("C", "VN"), ("O", "Sở Y tế"), ("CN", "his.tinh.example")]);
    let answer = ask(Some(&own), &authority, &url, &client.client_id).await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    // Who has only the certificate, which is public, writes it into the header.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &client.client_id),
    ];
    let smuggled = [("x-client-cert", own.escaped())];
    let smuggled: Vec<_> = smuggled.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let past = trusting(&authority, None);
    let through = past.post(&format!("{url}/token"), &form, &smuggled).await;
    assert_eq!(
        reason(&through),
        "client_certificate_missing",
        "nginx replaces the header"
    );
    let plain = format!("{}token", installation.issuer);
    let around = past.post(&plain, &form, &smuggled).await;
    let told: Value = around.json();
    assert_eq!(
        (around.status, &told["error"]),
        (400, &json!("invalid_request"))
    );
    assert_eq!(reason(&around), "client_certificate_foreign");
    drop(serving);
}
