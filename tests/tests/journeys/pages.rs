//! Every page in desktop and phone width, both languages, light and dark: pictures to look at, no
//! sideways scrolling, and no finding of axe-core.

use idp_tests::browser::Scheme;
use idp_tests::{Browser, RelyingParty, World};

const WIDTHS: [(u32, u32); 2] = [(1280, 900), (390, 844)];
const SCHEMES: [Scheme; 2] = [Scheme::Light, Scheme::Dark];

/// Takes the pictures of the page that is open now and collects what is wrong with it.
pub(super) async fn look(browser: &Browser, page: &str, language: &str, wrong: &mut Vec<String>) {
    for (width, height) in WIDTHS {
        browser.screen(width, height).await;
        for scheme in SCHEMES {
            browser.colours(scheme).await;
            let shade = if scheme == Scheme::Dark {
                "dark"
            } else {
                "light"
            };
            let name = format!("{page}-{language}-{width}-{shade}");
            browser.picture(&name).await;
            if browser.overflows().await {
                wrong.push(format!("{name}: wider than the screen"));
            }
            for violation in browser.accessibility_violations().await.unwrap_or_default() {
                wrong.push(format!("{name}: {violation}"));
            }
        }
    }
    let spoken = browser.language().await;
    if spoken != language {
        wrong.push(format!("{page}: lang is {spoken:?}, not {language:?}"));
    }
}

/// Opens the sign-in page for the first application in a language.
async fn open_sign_in(browser: &Browser, world: &World, language: &str) {
    let relying_party = RelyingParty::of(world, 0).await;
    let request = relying_party.request().with("ui_locales", language);
    browser
        .open(&relying_party.authorization_url(&request))
        .await;
    browser.element("username").await;
}

async fn look_at_the_pages_of(language: &str) {
    let world = World::demo();
    let user = world.user().clone();
    let browser = Browser::start(language).await;
    let mut wrong = Vec::new();

    open_sign_in(&browser, &world, language).await;
    look(&browser, "sign-in", language, &mut wrong).await;
    browser.type_into("username", &user.username).await;
    browser.type_into("password", "not the password").await;
    browser.click("sign-in").await;
    browser.element("error-message").await;
    look(&browser, "wrong-password", language, &mut wrong).await;

    browser
        .open(&world.at(&format!(
            "/authorize?client_id=unknown&ui_locales={language}"
        )))
        .await;
    browser.element("error-message").await;
    look(&browser, "error", language, &mut wrong).await;
    browser
        .open(&world.at(&format!("/password/forgotten?ui_locales={language}")))
        .await;
    look(&browser, "password-forgotten", language, &mut wrong).await;

    open_sign_in(&browser, &world, language).await;
    browser.type_into("username", &user.username).await;
    browser.type_into("password", &user.password).await;
    browser.click("sign-in").await;
    // This request was not begun by the application, which says so on a page of its own.
    browser
        .one_of(&["error-message", "person-name", "choose-position"])
        .await;
    browser.open(&world.applications[0].url).await;
    browser.click("app-sign-in").await;
    if browser.one_of(&["choose-position", "person-name"]).await == "choose-position" {
        look(&browser, "choose-position", language, &mut wrong).await;
        browser.click("choose-position").await;
    }
    browser.element("person-name").await;
    let switched = browser.language().await;
    look(&browser, "application", &switched, &mut wrong).await;
    browser
        .open(&world.at(&format!("/sign-out?ui_locales={language}")))
        .await;
    browser.element("confirm-sign-out").await;
    look(&browser, "sign-out", language, &mut wrong).await;
    browser.click("confirm-sign-out").await;
    browser.element("signed-out").await;
    look(&browser, "signed-out", language, &mut wrong).await;

    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stop();
}

#[tokio::test]
async fn the_pages_stand_in_vietnamese() {
    look_at_the_pages_of("vi").await;
}

#[tokio::test]
async fn the_pages_stand_in_english() {
    look_at_the_pages_of("en").await;
}

#[tokio::test]
async fn vietnamese_is_the_default_and_a_person_can_switch_to_english() {
    let world = World::demo();
    let browser = Browser::start("vi").await;
    let relying_party = RelyingParty::of(&world, 0).await;
    browser
        .open(&relying_party.authorization_url(&relying_party.request()))
        .await;
    let before = browser.text_of("sign-in").await;
    assert_eq!(browser.language().await, "vi");
    let switch = "document.querySelector('a[hreflang=en]').click()";
    browser.run(switch).await;
    browser.element("sign-in").await;
    for _ in 0..50 {
        if browser.language().await == "en" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(browser.language().await, "en");
    assert_ne!(browser.text_of("sign-in").await, before);
    browser.close().await;
    world.stop();
}
