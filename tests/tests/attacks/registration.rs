//! Attacks through the door by which clients register themselves.

use idp_tests::Installation;
use idp_tests::agent::http_client;
use idp_tests::installation::Serving;
use serde_json::{Value, json};

async fn open(per_source: &str) -> (Installation, Serving) {
    let mut installation = Installation::init();
    for (name, value) in [
        ("IDP__REGISTRATION__MODE", "open"),
        ("IDP__REGISTRATION__PER_SOURCE", per_source),
    ] {
        installation
            .environment
            .push((name.to_owned(), value.to_owned()));
    }
    // What a stranger names must not lead into the operator's own machine.
    let own = (
        "IDP__OUTGOING__DANGER_ALLOW_LOOPBACK".to_owned(),
        "false".to_owned(),
    );
    installation.environment.push(own);
    let serving = installation.serve().await.expect("it serves");
    (installation, serving)
}

async fn send(
    installation: &Installation,
    (method, path, token): (reqwest::Method, &str, Option<&str>),
    body: &Value,
) -> (u16, Value) {
    let address = installation.issuer.join(path).expect("an address");
    let mut request = http_client()
        .request(method, address)
        .body(body.to_string());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn register(installation: &Installation, body: &Value) -> (u16, Value) {
    send(
        installation,
        (reqwest::Method::POST, "register", None),
        body,
    )
    .await
}

#[tokio::test]
async fn nobody_registers_more_than_strangers_may_have() {
    let (installation, _serving) = open("1000").await;
    for (metadata, code, reason) in [
        (
            json!({"redirect_uris": ["https://rp.example/cb"], "scope": "openid payroll:write"}),
            "invalid_client_metadata",
            "registration_scope_forbidden",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["authorization_code", "client_credentials"]}),
            "invalid_client_metadata",
            "registration_grant_forbidden",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb"], "response_types": ["code id_token"]}),
            "invalid_client_metadata",
            "registration_grant_forbidden",
        ),
        (
            json!({"redirect_uris": ["https://rp.example@evil.example/cb"]}),
            "invalid_redirect_uri",
            "client_redirect_user",
        ),
        (
            json!({"redirect_uris": ["https://rp.example/cb#f"]}),
            "invalid_redirect_uri",
            "client_redirect_fragment",
        ),
    ] {
        let (status, told) = register(&installation, &metadata).await;
        let refused = (
            status,
            told["error"].as_str(),
            told["error_description"].as_str(),
        );
        assert_eq!(refused, (400, Some(code), Some(reason)), "{metadata}");
    }
    let own = json!({
        "redirect_uris": ["https://rp.example/cb"], "consent": "never", "introspects": true,
        "pkce_optional": true, "unit": "H42", "client_id": "admin", "client_secret": "chosen",
    });
    let (status, told) = register(&installation, &own).await;
    assert_eq!(status, 201, "{told}");
    assert_ne!(told["client_id"], "admin");
    assert_ne!(told["client_secret"], "chosen");
    let id = told["client_id"].as_str().expect("an id");
    let shown = installation.administer(&["client", "show", id]);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(
        (&shown["consent"], &shown["introspects"]),
        (&json!("ask"), &json!(false))
    );
    assert!(shown.get("unit").is_none_or(Value::is_null), "{shown}");
}

#[tokio::test]
async fn a_registration_cannot_be_turned_into_another_client() {
    let (installation, _serving) = open("1000").await;
    let metadata = json!({"redirect_uris": ["https://rp.example/cb"]});
    let (_, victim) = register(&installation, &metadata).await;
    let (_, thief) = register(&installation, &metadata).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let token = text(&thief["registration_access_token"]);
    let (own, other) = (text(&thief["client_id"]), text(&victim["client_id"]));
    let stolen = json!({"redirect_uris": ["https://evil.example/cb"], "client_id": other});
    let put = |path: String| {
        let (installation, token, stolen) = (&installation, token.clone(), stolen.clone());
        async move {
            let request = (reqwest::Method::PUT, path.as_str(), Some(token.as_str()));
            send(installation, request, &stolen).await
        }
    };
    let (status, told) = put(format!("register/{own}")).await;
    assert_eq!(
        (status, &told["error_description"]),
        (400, &json!("registration_client_id_changed"))
    );
    let (status, told) = put(format!("register/{other}")).await;
    assert_eq!(
        (status, &told["error_description"]),
        (401, &json!("registration_access_wrong"))
    );
}

#[tokio::test]
async fn addresses_in_metadata_lead_nowhere_inside() {
    let (installation, _serving) = open("1000").await;
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    for uri in [
        format!("https://127.0.0.1:{port}/uris"),
        format!("https://[::ffff:127.0.0.1]:{port}/uris"),
        format!("https://localhost:{port}/uris"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let metadata = json!({
            "redirect_uris": ["https://rp.example/cb"], "subject_type": "pairwise",
            "sector_identifier_uri": uri,
        });
        let (status, told) = register(&installation, &metadata).await;
        let refused = (status, told["error_description"].as_str());
        assert_eq!(refused, (400, Some("client_sector_unavailable")), "{uri}");
    }
    assert!(listener.accept().is_err(), "nobody connected");
}

#[tokio::test]
async fn a_flood_of_registrations_is_stopped_and_told_when_to_come_back() {
    let (installation, _serving) = open("3").await;
    let metadata = json!({"redirect_uris": ["https://rp.example/cb"]});
    for _ in 0..3 {
        assert_eq!(register(&installation, &metadata).await.0, 201);
    }
    let (status, told) = register(&installation, &metadata).await;
    assert_eq!(
        (status, told["error"].as_str()),
        (429, Some("too_many_requests"))
    );
    let (status, _) = register(&installation, &json!({})).await;
    assert_eq!(status, 429, "what is malformed counts too");
}
