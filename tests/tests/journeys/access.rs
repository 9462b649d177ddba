//! What a person allowed, and where they are signed in: seen, and taken back by themselves.

use idp_tests::{Agent, Answer, Browser, Installation, RelyingParty, Request, User};
use url::Url;

/// An installation with an application that asks for consent, and its first administrator.
async fn with_consent(
    installation: &Installation,
) -> (idp_tests::installation::Serving, RelyingParty, User) {
    let serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    let asking = installation.application("Khảo sát", &["--consent", "ask"]);
    let asking = RelyingParty::at(&installation.issuer, asking).await;
    (serving, asking, user)
}

fn asks_for(relying_party: &RelyingParty) -> Request {
    relying_party.request().with("scope", "openid profile")
}

async fn access(installation: &Installation, agent: &mut Agent) -> Answer {
    let page = installation.issuer.join("/account/access");
    let answer = agent.fetch(&page.expect("an address")).await;
    agent.follow_within(&installation.issuer, answer).await
}

#[tokio::test]
async fn consent_that_is_taken_back_ends_tokens_and_is_asked_for_again() {
    let installation = Installation::init();
    let (serving, asking, user) = with_consent(&installation).await;
    let mut agent = Agent::new();
    let tokens = asking
        .sign_in_with(&mut agent, &asks_for(&asking), &user)
        .await;
    let page = access(&installation, &mut agent).await;
    assert!(page.body.contains("Khảo sát"), "{}", page.body);

    let done = asking.press(&mut agent, &page, "withdraw-1", &[]).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.page().has("done") && !done.page().has("withdraw-1"));
    let refreshed = asking.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.oauth_error(), "invalid_grant");
    let told = asking.userinfo(&tokens.text("access_token")).await;
    assert_eq!(told.status, 401);
    let asked = asking.open(&mut agent, &asks_for(&asking)).await;
    assert!(asked.page().has("approve"), "{}", asked.body);
    // The same form once more finds nothing left to do.
    let again = asking.press(&mut agent, &page, "withdraw-1", &[]).await;
    assert_eq!(again.status, 200, "{}", again.body);

    let tail = installation.administer(&["audit", "tail", "-n", "50"]);
    let tail = String::from_utf8(tail.stdout).expect("UTF-8");
    let recorded = tail.matches("\"event\":\"consent_withdrawn\"").count();
    assert_eq!(recorded, 1, "{tail}");
    serving.terminate();
}

#[tokio::test]
async fn a_person_ends_a_session_elsewhere() {
    let installation = Installation::init();
    let (serving, asking, user) = with_consent(&installation).await;
    let (mut here, mut there) = (Agent::new(), Agent::new());
    let kept = asking
        .sign_in_with(&mut here, &asks_for(&asking), &user)
        .await;
    let tokens = asking
        .sign_in_with(&mut there, &asks_for(&asking), &user)
        .await;
    let page = access(&installation, &mut here).await;
    // The newest comes first, and this browser's own has no button.
    assert!(page.page().has("end-session-1") && !page.page().has("end-session-2"));
    let done = asking.press(&mut here, &page, "end-session-1", &[]).await;
    assert!(done.page().has("done") && !done.page().has("end-session-1"));
    let refreshed = asking.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.oauth_error(), "invalid_grant");
    let asked = access(&installation, &mut there).await;
    assert!(
        asked.page().has("username"),
        "whoever was there signs in again"
    );
    assert_eq!(
        asking.refresh(&kept.text("refresh_token")).await.status,
        200
    );
    serving.terminate();
}

#[tokio::test]
async fn no_other_site_takes_anything_back() {
    let installation = Installation::init();
    let (serving, asking, user) = with_consent(&installation).await;
    let mut agent = Agent::new();
    let tokens = asking
        .sign_in_with(&mut agent, &asks_for(&asking), &user)
        .await;
    let client = asking.application.client_id.clone();
    for (path, fields) in [
        ("/account/withdraw", vec![("client", client.as_str())]),
        ("/account/end-session", vec![]),
        (
            "/account/withdraw",
            vec![("client", &*client), ("csrf", "made up")],
        ),
    ] {
        let target = installation.issuer.join(path).expect("an address");
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let answer = agent
            .submit_from(&target, "https://evil.example", &fields)
            .await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    assert_eq!(
        asking.refresh(&tokens.text("refresh_token")).await.status,
        200
    );
    serving.terminate();
}

async fn look_at_the_page_in(language: &str) {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    let installation = Installation::init();
    let (serving, asking, user) = with_consent(&installation).await;
    // Somewhere else, in an ordinary browser.
    let mut elsewhere = Agent::new();
    asking
        .sign_in_with(&mut elsewhere, &asks_for(&asking), &user)
        .await;

    let browser = Browser::start(language).await;
    let at = |path: &str| -> Url { installation.issuer.join(path).expect("an address") };
    browser
        .open(&at(&format!("/sign-in?ui_locales={language}")))
        .await;
    browser.type_into("username", &user.username).await;
    browser.type_into("password", &user.password).await;
    browser.click("sign-in").await;
    browser.element("access").await;
    browser.open(&at(&format!("/?ui_locales={language}"))).await;
    let mut wrong = Vec::new();
    super::pages::look(&browser, "account", language, &mut wrong).await;
    browser
        .open(&at(&format!("/account/access?ui_locales={language}")))
        .await;
    browser.element("withdraw-1").await;
    super::pages::look(&browser, "access", language, &mut wrong).await;

    // By the keyboard alone.
    for id in ["end-session-2", "withdraw-1"] {
        super::browser::reach(&browser, id, TAB).await;
        browser.press(ENTER).await;
        browser.element("done").await;
        assert_eq!(browser.language().await, language);
    }
    assert!(!browser.has("withdraw-1").await && !browser.has("end-session-2").await);
    super::pages::look(&browser, "access-done", language, &mut wrong).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    serving.terminate();
}

#[tokio::test]
async fn the_page_of_access_stands_in_vietnamese() {
    look_at_the_page_in("vi").await;
}

#[tokio::test]
async fn the_page_of_access_stands_in_english() {
    look_at_the_page_in("en").await;
}
