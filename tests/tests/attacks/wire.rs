//! Malformed, oversized and wrongly encoded messages.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use idp_tests::agent::{encode, fields};
use idp_tests::{Agent, RelyingParty, World};
use reqwest::Method;

/// The server is alive and has not panicked; called after each bad input.
async fn assert_alive(world: &World) {
    assert_eq!(
        Agent::new().fetch(&world.at("/health/live")).await.status,
        200
    );
    let log = world.log();
    assert!(!log.contains("panicked at"), "{log}");
}

#[tokio::test]
async fn oversized_messages_are_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let basic = relying_party.basic();
    let headers = [("authorization", basic.as_str())];
    let body = format!(
        "grant_type=authorization_code&code={}",
        "x".repeat(3_000_000)
    );
    // The server may close while we still write: that is an answer, too.
    if let Ok(answer) = relying_party
        .try_ask("token_endpoint", &headers, body)
        .await
    {
        assert!(matches!(answer.status, 400 | 413), "{}", answer.status);
    }

    let many: String = (0..5_000).map(|index| format!("p{index}=1&")).collect();
    let answer = relying_party
        .ask_raw("token_endpoint", &headers, many)
        .await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);

    let request = relying_party.request().with("state", &"s".repeat(40_000));
    let answer = relying_party.open(&mut Agent::new(), &request).await;
    assert!(
        (400..500).contains(&answer.status) || answer.is_redirect(),
        "{}",
        answer.status
    );
    assert_alive(&world).await;
    world.stop();
}

#[tokio::test]
async fn wrong_content_types_and_encodings_are_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let basic = relying_party.basic();
    let json = r#"{"grant_type":"client_credentials"}"#.to_owned();
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "",
    ] {
        let headers = [("authorization", basic.as_str()), ("content-type", kind)];
        let answer = relying_party
            .ask_raw("token_endpoint", &headers, json.clone())
            .await;
        assert_eq!(answer.status, 400, "{kind:?}: {}", answer.body);
        assert_eq!(answer.oauth_error(), "invalid_request", "{kind:?}");
    }
    let headers = [("authorization", basic.as_str())];
    for body in [
        "grant_type=%ff%fe",
        "grant_type=%zz",
        "%00=%00",
        "&&&=&=",
        "grant_type",
    ] {
        let answer = relying_party
            .ask_raw("token_endpoint", &headers, body.to_owned())
            .await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        let error = answer.oauth_error();
        assert!(
            matches!(error.as_str(), "invalid_request" | "unsupported_grant_type"),
            "{error}"
        );
    }
    assert_alive(&world).await;
    world.stop();
}

#[tokio::test]
async fn the_password_grant_and_invented_grants_do_not_exist() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    for grant in ["password", "implicit", "urn:example:invented", ""] {
        let parameters = [
            ("grant_type", grant),
            ("username", user.username.as_str()),
            ("password", user.password.as_str()),
        ];
        let answer = relying_party.ask("token_endpoint", &parameters).await;
        assert_eq!(answer.status, 400, "{grant}: {}", answer.body);
        assert!(answer.json().get("access_token").is_none());
    }
    world.stop();
}

#[tokio::test]
async fn an_error_never_repeats_what_was_sent() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let marker = "marker-of-the-test\r\nSet-Cookie: x=1";
    let parameters = fields(&[("grant_type", marker), ("code", marker), ("scope", marker)]);
    let basic = relying_party.basic();
    let headers = [("authorization", basic.as_str())];
    let answer = relying_party
        .ask_raw("token_endpoint", &headers, encode(&parameters))
        .await;
    assert!(
        !answer.body.contains("marker-of-the-test"),
        "{}",
        answer.body
    );
    assert!(answer.header("set-cookie").is_empty());
    world.stop();
}

#[tokio::test]
async fn strange_methods_and_hosts_do_no_harm() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ] {
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let url = relying_party.endpoint(name);
            let answer = Agent::new().send(method.clone(), &url, &[], None).await;
            assert_eq!(answer.status, 405, "{method} {name}");
        }
    }
    let address = world.at("/.well-known/openid-configuration");
    let headers = [("x-forwarded-host".to_owned(), "attacker.example".to_owned())];
    let answer = Agent::new()
        .send(Method::GET, &address, &headers, None)
        .await;
    assert!(
        !answer.body.contains("attacker.example"),
        "the issuer is configuration"
    );
    assert_alive(&world).await;
    world.stop();
}

#[tokio::test]
async fn raw_nonsense_on_the_socket_ends_that_connection_only() {
    let world = World::demo();
    let long_header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "y".repeat(1_000_000)
    );
    let many_cookies = format!(
        "GET /sign-in HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
        "a=b; ".repeat(200_000)
    );
    let nonsense: [&[u8]; 6] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /token\x00 HTTP/1.1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        long_header.as_bytes(),
        many_cookies.as_bytes(),
    ];
    for bytes in nonsense {
        let mut socket = TcpStream::connect(("127.0.0.1", world.port)).expect("a connection");
        socket
            .set_read_timeout(Some(Duration::from_secs(3)))
            .expect("a timeout");
        // The server may close while we still write: that is an answer too.
        let _ = socket.write_all(bytes);
        let mut answer = [0_u8; 64];
        let count = socket.read(&mut answer).unwrap_or_default();
        let start = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(
            !start.starts_with("HTTP/1.1 2") && !start.starts_with("HTTP/1.1 5"),
            "{start}"
        );
        drop(socket);
        assert_alive(&world).await;
    }
    world.stop();
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user().clone();
    let request = relying_party.request().with("scope", "openid profile");
    let mut agent = Agent::new();
    let callback = relying_party.authorize(&mut agent, &request, &user).await;
    let answer = relying_party
        .redeem(&callback.code(), &request.pkce.verifier)
        .await
        .json();
    relying_party
        .redeem(&callback.code(), &request.pkce.verifier)
        .await;
    let mut secrets = vec![
        callback.code(),
        user.password.clone(),
        relying_party.application.client_secret.clone(),
    ];
    for name in ["access_token", "id_token", "refresh_token"] {
        secrets.extend(answer[name].as_str().map(str::to_owned));
    }
    secrets.extend(
        agent
            .cookies(&world.host())
            .into_iter()
            .map(|(_, value)| value),
    );
    let log = world.log();
    for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
        assert!(
            !log.contains(secret.as_str()),
            "a secret is in the log: {secret}"
        );
    }
    world.stop();
}
