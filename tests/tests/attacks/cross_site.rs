//! Forms that another site makes the browser send. `SameSite=Lax` cookies stay at home then, so the
//! server sees a browser that seems to have none.

use idp_tests::agent::fields;
use idp_tests::{Agent, Answer, Callback, RelyingParty, Request, World};

const ELSEWHERE: &str = "https://attacker.example";

/// Every address that takes a form from a person's browser.
const FORMS: [&str; 8] = [
    "/authorize",
    "/sign-in",
    "/sign-out",
    "/sign-out/confirm",
    "/consent",
    "/choose-position",
    "/activate",
    "/password/change",
];

fn set_cookies(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines.filter_map(|line| line.to_str().ok()).collect()
}

/// The same request as a form of another site sends it: by POST, without cookies.
async fn posted_bare(url: &url::Url, parameters: &[(String, String)]) -> Answer {
    Agent::new().submit_from(url, ELSEWHERE, parameters).await
}

/// The address to which a bare POST is sent again, after the checks that hold for every one.
fn sent_again(answer: &Answer, path: &str) -> url::Url {
    assert_eq!(answer.status, 303, "a POST becomes a GET: {}", answer.body);
    assert_eq!(set_cookies(answer), [""; 0], "{path}");
    let location = answer.location().expect("an address");
    assert_eq!(location.path(), path);
    location
}

#[tokio::test]
async fn an_authorization_request_by_post_reaches_the_session_all_the_same() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut browser = Agent::new();
    relying_party.sign_in(&mut browser, world.user()).await;

    let request: Request = relying_party.request().with("prompt", "none");
    let url = relying_party.endpoint("authorization_endpoint");
    let answer = posted_bare(&url, &request.parameters).await;
    let again = sent_again(&answer, "/authorize");
    let sent: Vec<(String, String)> = again.query_pairs().into_owned().collect();
    assert_eq!(sent, request.parameters, "every parameter, in its order");

    let answer = browser.fetch(&again).await;
    let answer = browser.follow_within(&relying_party.issuer, answer).await;
    let callback = Callback {
        url: answer.location().expect("a redirect to the client"),
    };
    assert_eq!(callback.parameter("state"), request.state);
    let answer = relying_party
        .redeem(&callback.code(), &request.pkce.verifier)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.stop();
}

#[tokio::test]
async fn a_sign_out_by_post_reaches_the_session_all_the_same() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut browser = Agent::new();
    let tokens = relying_party.sign_in(&mut browser, world.user()).await;

    let url = relying_party.endpoint("end_session_endpoint");
    let hint = fields(&[("id_token_hint", &tokens.text("id_token"))]);
    let again = sent_again(&posted_bare(&url, &hint).await, "/sign-out");
    browser.fetch(&again).await;

    let silent = relying_party.request().with("prompt", "none");
    let answer = relying_party.open(&mut browser, &silent).await;
    let url = answer.location().expect("an error redirect");
    assert!(
        url.as_str().contains("login_required"),
        "still signed in: {url}"
    );
    world.stop();
}

#[tokio::test]
async fn no_form_of_another_site_sets_or_removes_a_cookie() {
    let world = World::demo();
    let long = "x".repeat(8_000);
    let bodies = [
        Vec::new(),
        fields(&[
            ("csrf", "guessed"),
            ("pending", "guessed"),
            ("token", "guessed"),
        ]),
        fields(&[("client_id", "nobody"), ("id_token_hint", "a.b.c")]),
        // Too long for an address: it cannot be sent again as GET.
        fields(&[("state", &long), ("nonce", &long), ("logout_hint", &long)]),
    ];
    for path in FORMS {
        for body in &bodies {
            let answer = posted_bare(&world.at(path), body).await;
            let size: usize = body
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum();
            assert!(answer.status < 500, "{path}: {}", answer.status);
            assert_eq!(
                set_cookies(&answer),
                [""; 0],
                "{path}, {size} octets: {}",
                answer.status
            );
        }
    }
    world.stop();
}

#[tokio::test]
async fn a_waiting_sign_in_outlives_the_forms_of_another_site() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let mut browser = Agent::new();
    let request = relying_party.request();
    let page = relying_party.open(&mut browser, &request).await;
    let before = browser.cookies(&world.host());
    for path in FORMS {
        // What another site's form brings back is kept by the same browser.
        let answer = posted_bare(&world.at(path), &fields(&[("csrf", "guessed")])).await;
        for line in set_cookies(&answer) {
            let (name, value) = line
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a pair");
            browser.plant_cookie(&world.host(), name, value);
        }
    }
    assert_eq!(browser.cookies(&world.host()), before);
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let answer = relying_party
        .press(&mut browser, &page, "sign-in", &typed)
        .await;
    assert!(
        answer.is_redirect() || answer.page().has("choose-position"),
        "{}",
        answer.body
    );
    world.stop();
}

#[tokio::test]
async fn a_page_full_of_images_lets_no_sign_in_wait() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let ask = async |purpose: &str, prompt: Option<&str>| {
        let mut request = relying_party.request();
        if let Some(prompt) = prompt {
            request = request.with("prompt", prompt);
        }
        let url = relying_party.authorization_url(&request);
        let client = idp_tests::agent::http_client();
        let answer = client.get(url).header("sec-fetch-dest", purpose).send();
        answer.await.expect("an answer")
    };
    for purpose in ["image", "iframe", "script", "empty"] {
        let answer = ask(purpose, None).await;
        assert_eq!(answer.status(), 403, "{purpose}");
    }
    assert!(ask("document", None).await.status().is_redirection());
    // A silent question waits for nobody, and is what frames are for.
    assert!(ask("iframe", Some("none")).await.status().is_redirection());
    world.stop();
}
