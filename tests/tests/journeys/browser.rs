//! An official signs in once, uses two applications, and signs out of both, in Chromium.

use std::time::{Duration, Instant};

use idp_tests::{Browser, User, World};

/// Opens an application and goes on to the first page that asks or shows something.
async fn enter(browser: &Browser, world: &World, index: usize) -> &'static str {
    browser.open(&world.applications[index].url).await;
    if browser.has("app-sign-in").await {
        browser.click("app-sign-in").await;
    }
    through_choices(browser).await
}

/// Takes the offered position where a choice is asked; says what stands on the page after that.
async fn through_choices(browser: &Browser) -> &'static str {
    loop {
        let shown = browser
            .one_of(&["person-name", "username", "choose-position"])
            .await;
        if shown != "choose-position" {
            return shown;
        }
        browser.click("choose-position").await;
    }
}

/// Opens the first application and signs in on the provider's page.
async fn sign_in(browser: &Browser, world: &World, user: &User) {
    assert_eq!(enter(browser, world, 0).await, "username");
    browser.type_into("username", &user.username).await;
    browser.type_into("password", &user.password).await;
    browser.click("sign-in").await;
    browser.one_of(&["person-name", "choose-position"]).await;
    assert_eq!(through_choices(browser).await, "person-name");
}

#[tokio::test]
async fn signing_in_once_opens_both_applications_and_signing_out_closes_both() {
    let world = World::demo();
    let user = world.user().clone();
    let browser = Browser::start("vi").await;

    sign_in(&browser, &world, &user).await;
    assert_eq!(browser.text_of("person-name").await, user.name);
    let unit = [
        browser.text_of("unit-name").await,
        browser.text_of("unit-code").await,
    ];
    assert!(unit.contains(&user.unit), "{unit:?}, not {}", user.unit);
    let roles = browser.text_of("roles").await;
    for role in &user.roles {
        assert!(
            roles.contains(role.as_str()),
            "{role} is missing in {roles}"
        );
    }
    let sub = browser.text_of("sub").await;
    assert!(
        !sub.is_empty() && !sub.contains(&user.username),
        "sub tells the name: {sub}"
    );

    assert_eq!(
        enter(&browser, &world, 1).await,
        "person-name",
        "nothing is asked again"
    );
    assert_eq!(browser.text_of("person-name").await, user.name);
    assert_eq!(browser.text_of("sub").await, sub, "one person, one sub");

    browser.open(&world.applications[0].url).await;
    browser.click("app-sign-out").await;
    if browser.one_of(&["confirm-sign-out", "signed-out"]).await == "confirm-sign-out" {
        browser.click("confirm-sign-out").await;
        browser.element("signed-out").await;
    }
    browser.open(&world.applications[0].url).await;
    assert!(
        !browser.has("person-name").await,
        "still signed in at the first application"
    );
    assert!(
        signed_out_at(&browser, &world, 1, Duration::from_secs(15)).await,
        "the back-channel logout never reached the second application"
    );

    assert_eq!(
        enter(&browser, &world, 1).await,
        "username",
        "the provider asks again"
    );
    browser.close().await;
    world.stop();
}

/// Reloads an application until its own session is gone.
async fn signed_out_at(browser: &Browser, world: &World, index: usize, patience: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        browser.open(&world.applications[index].url).await;
        if !browser.has("person-name").await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    false
}

#[tokio::test]
async fn the_link_to_the_other_application_needs_no_second_sign_in() {
    let world = World::demo();
    let user = world.user().clone();
    let browser = Browser::start("vi").await;
    sign_in(&browser, &world, &user).await;
    browser.click("other-app").await;
    if browser
        .one_of(&["app-sign-in", "person-name", "choose-position"])
        .await
        == "app-sign-in"
    {
        browser.click("app-sign-in").await;
    }
    assert_eq!(through_choices(&browser).await, "person-name");
    assert_eq!(browser.text_of("person-name").await, user.name);
    let port = world.applications[1].url.port();
    assert_eq!(browser.url().await.port(), port, "the second application");
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn everybody_of_the_demonstration_can_sign_in() {
    let world = World::demo();
    let browser = Browser::start("vi").await;
    for user in &world.users {
        browser.forget_cookies().await;
        sign_in(&browser, &world, user).await;
        assert_eq!(browser.text_of("person-name").await, user.name);
    }
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn a_wrong_password_is_told_where_a_screen_reader_finds_it() {
    let world = World::demo();
    let user = world.user().clone();
    let browser = Browser::start("vi").await;
    assert_eq!(enter(&browser, &world, 0).await, "username");
    browser.type_into("username", &user.username).await;
    browser.type_into("password", "not the password").await;
    browser.click("sign-in").await;

    let message = browser.element("error-message").await;
    let role = message
        .attr("role")
        .await
        .expect("an attribute")
        .unwrap_or_default();
    let live = message
        .attr("aria-live")
        .await
        .expect("an attribute")
        .unwrap_or_default();
    assert!(
        role == "alert" || live == "assertive",
        "role {role:?}, aria-live {live:?}"
    );
    assert!(!message.text().await.expect("text").trim().is_empty());
    assert!(
        browser.has("username").await,
        "the form stays for another try"
    );

    browser.type_into("username", &user.username).await;
    browser.type_into("password", &user.password).await;
    browser.click("sign-in").await;
    browser.one_of(&["person-name", "choose-position"]).await;
    assert_eq!(through_choices(&browser).await, "person-name");
    browser.close().await;
    world.stop();
}

#[tokio::test]
async fn the_keyboard_alone_is_enough() {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    let world = World::demo();
    let user = world.user().clone();
    let browser = Browser::start("vi").await;
    assert_eq!(enter(&browser, &world, 0).await, "username");
    reach(&browser, "username", TAB).await;
    browser.press(&user.username).await;
    reach(&browser, "password", TAB).await;
    browser.press(&user.password).await;
    reach(&browser, "sign-in", TAB).await;
    browser.press(ENTER).await;
    browser.one_of(&["person-name", "choose-position"]).await;
    assert_eq!(through_choices(&browser).await, "person-name");
    browser.close().await;
    world.stop();
}

/// Presses Tab until the element with this id has the focus; at most fifteen times.
pub(super) async fn reach(browser: &Browser, id: &str, tab: &str) {
    let mut seen = Vec::new();
    for _ in 0..15 {
        let focus = browser.focus().await;
        if focus == id {
            return;
        }
        seen.push(focus);
        browser.press(tab).await;
    }
    panic!("Tab never reaches #{id}; it passed {seen:?}");
}
