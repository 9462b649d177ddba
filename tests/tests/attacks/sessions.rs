//! Sessions that are planted, carried over or guessed.

use idp_tests::relying_party::filled;
use idp_tests::{Agent, RelyingParty, World};

#[tokio::test]
async fn a_sign_in_without_the_browser_that_began_it_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut attacker = Agent::new();
    let page = relying_party
        .open(&mut attacker, &relying_party.request())
        .await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", user.password.as_str()),
    ];
    let (target, fields) = filled(&page, "sign-in", &typed);

    let mut victim = Agent::new();
    let answer = victim.submit(&target, &fields).await;
    let answer = victim.follow_within(&relying_party.issuer, answer).await;
    assert!(
        !answer.is_redirect(),
        "the victim is signed in: {:?}",
        answer.location()
    );
    assert!(answer.status >= 400, "{} {}", answer.status, answer.body);

    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut victim, &silent).await;
    let url = answer.location().expect("an error redirect");
    assert!(url.as_str().contains("login_required"), "{url}");
    world.stop();
}

#[tokio::test]
async fn a_sign_in_posted_from_another_site_is_refused() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let page = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", user.password.as_str()),
    ];
    let (target, fields) = filled(&page, "sign-in", &typed);
    let forged = |value: Option<&str>| -> Vec<(String, String)> {
        let others = fields.iter().filter(|(name, _)| name != "csrf").cloned();
        let csrf = value.map(|value| ("csrf".to_owned(), value.to_owned()));
        others.chain(csrf).collect()
    };
    assert!(fields.iter().any(|(name, _)| name == "csrf"), "{fields:?}");
    for value in [None, Some(""), Some("guessed")] {
        let answer = agent
            .submit_from(&target, "https://attacker.example", &forged(value))
            .await;
        assert!(
            (400..500).contains(&answer.status),
            "{value:?}: {}",
            answer.status
        );
    }
    world.stop();
}

#[tokio::test]
async fn the_session_secret_changes_at_sign_in() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let host = world.host();
    let mut agent = Agent::new();
    relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let before = agent.cookies(&host);
    relying_party.sign_in(&mut agent, world.user()).await;
    let first = agent.cookies(&host);
    assert_ne!(before, first, "signing in sets a new session");

    let again = relying_party.request().with("prompt", "login");
    relying_party
        .sign_in_with(&mut agent, &again, world.user())
        .await;
    let second = agent.cookies(&host);
    let kept: Vec<_> = first.iter().filter(|pair| second.contains(pair)).collect();
    let session_changed = second.iter().any(|pair| !first.contains(pair));
    assert!(
        session_changed,
        "signing in again renews the secret; kept {kept:?}"
    );

    // The cookies of the first session are worth nothing any more.
    let mut old = Agent::new();
    for (name, value) in &first {
        if !second.contains(&(name.clone(), value.clone())) {
            old.plant_cookie(&host, name, value);
        }
    }
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut old, &silent).await;
    let url = answer.location().expect("an error redirect");
    assert!(
        url.as_str().contains("login_required"),
        "the old secret still works: {url}"
    );
    world.stop();
}

#[tokio::test]
async fn a_planted_session_cookie_is_never_adopted() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let host = world.host();
    let mut probe = Agent::new();
    relying_party.sign_in(&mut probe, world.user()).await;
    let names: Vec<String> = probe
        .cookies(&host)
        .into_iter()
        .map(|(name, _)| name)
        .collect();

    let mut agent = Agent::new();
    for name in &names {
        agent.plant_cookie(&host, name, "planted-by-an-attacker");
    }
    relying_party.sign_in(&mut agent, world.user()).await;
    let adopted = agent
        .cookies(&host)
        .iter()
        .any(|(_, value)| value == "planted-by-an-attacker");
    let mut attacker = Agent::new();
    for name in &names {
        attacker.plant_cookie(&host, name, "planted-by-an-attacker");
    }
    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut attacker, &silent).await;
    let url = answer.location().expect("an error redirect");
    assert!(
        url.as_str().contains("login_required"),
        "adopted {adopted}: {url}"
    );
    world.stop();
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_look_alike() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut seen = Vec::new();
    for username in [
        world.user().username.as_str(),
        "khong.ton.tai",
        "001085000001",
        "a@b.example",
    ] {
        let mut agent = Agent::new();
        let page = relying_party
            .open(&mut agent, &relying_party.request())
            .await;
        let typed = [("username", username), ("password", "not the password")];
        let begun = std::time::Instant::now();
        let answer = relying_party
            .press(&mut agent, &page, "sign-in", &typed)
            .await;
        let took = begun.elapsed();
        let body = answer.body.replace(username, "NAME");
        let secrets = answer
            .page()
            .elements
            .into_iter()
            .filter(|element| element.attribute("type") == Some("hidden"));
        let secrets = secrets.filter_map(|element| element.attribute("value").map(str::to_owned));
        let body = secrets.fold(body, |body, secret| body.replace(&secret, "SECRET"));
        seen.push((answer.status, body, took));
    }
    for other in &seen[1..] {
        assert_eq!((seen[0].0, &seen[0].1), (other.0, &other.1));
        let (short, long) = (seen[0].2.min(other.2), seen[0].2.max(other.2));
        let gap = long.saturating_sub(short);
        assert!(gap.as_millis() < 400, "time tells: {short:?} and {long:?}");
    }
    world.stop();
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    let mut statuses = Vec::new();
    for _ in 0..25 {
        let mut agent = Agent::new();
        let page = relying_party
            .open(&mut agent, &relying_party.request())
            .await;
        let typed = [("username", user.username.as_str()), ("password", "guess")];
        let answer = relying_party
            .press(&mut agent, &page, "sign-in", &typed)
            .await;
        statuses.push(answer.status);
        if answer.status == 429 {
            break;
        }
    }
    assert!(
        statuses.contains(&429),
        "25 guesses were all taken: {statuses:?}"
    );
    world.stop();
}
