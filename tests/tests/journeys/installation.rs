//! A real installation: first administrator, clients by command line, services, logout tokens.

use std::time::Duration;

use idp_tests::receiver::Receiver;
use idp_tests::request::random;
use idp_tests::{Agent, Installation, RelyingParty, jwt};
use reqwest::Method;

#[tokio::test]
async fn an_installation_serves_and_stops_when_told() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let address = installation
        .issuer
        .join("/.well-known/openid-configuration")
        .expect("address");
    let metadata = Agent::new().fetch(&address).await.json();
    let issuer = metadata["issuer"]
        .as_str()
        .expect("an issuer")
        .trim_end_matches('/')
        .to_owned();
    assert_eq!(issuer, installation.issuer.as_str().trim_end_matches('/'));
    let checked = installation.idp(&["config", "check"]);
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    let (status, log) = serving.terminate();
    assert!(
        status.is_some_and(|status| status.success()),
        "{status:?}\n{log}"
    );
}

/// What a page asks people to quote leads to the rule in the log.
#[tokio::test]
async fn a_refusal_is_found_in_the_log_by_what_its_page_quotes() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let address = installation.issuer.join("/authorize?client_id=nobody");
    let answer = Agent::new().fetch(&address.expect("address")).await;
    let quoted = answer.header("x-request-id").to_owned();
    assert!(
        !quoted.is_empty() && answer.body.contains(&quoted),
        "{}",
        answer.body
    );
    let (_, log) = serving.terminate();
    let told = |line: &str| line.contains(&quoted) && line.contains("client_unknown");
    assert!(log.lines().any(told), "{quoted}:\n{log}");
}

/// Whoever presses Ctrl-C while the demonstration is being made ends it as cleanly as later.
#[test]
fn a_demonstration_is_interrupted_cleanly_while_it_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = idp_tests::ports::free_triple();
    let mut child = std::process::Command::new(idp_tests::world::binary())
        .args([
            "demo",
            "--output",
            "json",
            "--port",
            &port.to_string(),
            "--dir",
        ])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    let begun = std::time::Instant::now();
    while !folder.path().join("master.key").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    idp_tests::world::interrupt(child.id());
    let status = idp_tests::world::wait(&mut child, Duration::from_secs(60));
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}

#[tokio::test]
async fn the_first_administrator_activates_the_account_and_signs_in() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let application = installation.application("Ứng dụng", &[]);
    let relying_party = RelyingParty::at(&installation.issuer, application).await;
    let tokens = relying_party
        .sign_in(&mut Agent::new(), &administrator)
        .await;
    assert!(relying_party.id_token(&tokens).await["sub"].is_string());
    serving.terminate();
}

#[tokio::test]
async fn a_logout_token_reaches_every_client_that_registered_an_address() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let receiver = Receiver::start().await;
    let address = receiver.url.as_str();
    let application = installation.application("Nhận", &["--backchannel-logout-uri", address]);
    let ours = RelyingParty::at(&installation.issuer, application).await;
    let mut agent = Agent::new();
    let tokens = ours.sign_in(&mut agent, &administrator).await;
    let id_token = ours.id_token(&tokens).await;

    let page = agent
        .fetch(&installation.issuer.join("/sign-out").expect("an address"))
        .await;
    ours.press(&mut agent, &page, "confirm-sign-out", &[]).await;
    let token = receiver
        .logout_token(Duration::from_secs(15))
        .await
        .expect("a logout token");
    let audience = Some(ours.application.client_id.as_str());
    let issuer = ours.metadata["issuer"].as_str().expect("an issuer");
    let claims = jwt::verified(&token, &ours.keys().await, issuer, audience);
    assert_eq!(jwt::header(&token)["typ"], "logout+jwt");
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert!(claims["events"][event].is_object(), "{claims}");
    assert_eq!(
        (&claims["sid"], &claims["sub"]),
        (&id_token["sid"], &id_token["sub"])
    );
    assert!(
        claims.get("nonce").is_none() && claims["jti"].is_string(),
        "{claims}"
    );
    serving.terminate();
}

/// Signs out of the provider by its own page.
async fn sign_out(installation: &Installation, relying_party: &RelyingParty, agent: &mut Agent) {
    let page = installation.issuer.join("/sign-out").expect("an address");
    let page = agent.fetch(&page).await;
    relying_party
        .press(agent, &page, "confirm-sign-out", &[])
        .await;
}

#[tokio::test]
async fn a_receiver_that_never_answers_keeps_no_other_waiting() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let administrator = installation.activate().await;
    let (deaf, quick) = (Receiver::deaf().await, Receiver::start().await);
    let mut parties = Vec::new();
    for (name, receiver) in [("Chậm", &deaf), ("Nhanh", &quick)] {
        let address = receiver.url.as_str();
        let application = installation.application(name, &["--backchannel-logout-uri", address]);
        parties.push(RelyingParty::at(&installation.issuer, application).await);
    }
    let [slow, fast] = [0, 1].map(|n| (&parties[n], Agent::new()));
    for (relying_party, mut agent) in [slow, fast] {
        relying_party.sign_in(&mut agent, &administrator).await;
        sign_out(&installation, relying_party, &mut agent).await;
        // The first is being spoken to when the second signs out.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let patience = Duration::from_secs(3);
    assert!(quick.logout_token(patience).await.is_some());
    serving.terminate();
}

#[tokio::test]
async fn a_service_gets_a_token_of_its_own() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let application = installation.service("Trục liên thông");
    let service = RelyingParty::at(&installation.issuer, application).await;
    let answer = service
        .ask("token_endpoint", &[("grant_type", "client_credentials")])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    assert!(
        body.get("refresh_token").is_none() && body.get("id_token").is_none(),
        "{body}"
    );
    let token = body["access_token"].as_str().expect("a token");
    assert_eq!(jwt::header(token)["typ"], "at+jwt", "RFC 9068 §2.1");
    let issuer = service.metadata["issuer"].as_str().expect("an issuer");
    let claims = jwt::verified(token, &service.keys().await, issuer, None);
    assert_eq!(
        claims["client_id"].as_str(),
        Some(service.application.client_id.as_str())
    );
    for required in ["iss", "exp", "aud", "sub", "iat", "jti"] {
        assert!(
            claims.get(required).is_some(),
            "RFC 9068 §2.2: {required} in {claims}"
        );
    }
    serving.terminate();
}

#[tokio::test]
async fn health_is_for_everybody_and_metrics_for_administrators() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let mut agent = Agent::new();
    let at = |path: &str| installation.issuer.join(path).expect("an address");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(agent.fetch(&at(path)).await.status, 200, "{path}");
    }
    assert_eq!(
        agent.fetch(&at("/metrics")).await.status,
        404,
        "not for everybody"
    );
    let metrics = installation.fetch_over_socket("/metrics");
    assert!(metrics.contains("# TYPE"), "{metrics}");
    let missing = agent
        .fetch(&at(&format!("/no-such-page/{}", random())))
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        agent
            .send(Method::DELETE, &at("/token"), &[], None)
            .await
            .status,
        405
    );
    serving.terminate();
}
