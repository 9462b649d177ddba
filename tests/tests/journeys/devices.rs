//! A person lets a device in, in a browser; every page in both widths, both languages and both
//! colour schemes, without a finding of axe-core.

use idp_tests::{Browser, World};

use super::pages::look;
use crate::openid::device::{codes, poll, screen};

async fn let_a_device_in(language: &str) {
    let world = World::demo();
    let user = world.user().clone();
    let device = screen(&world, "Màn hình công khai").await;
    let codes = codes(&device).await;
    let browser = Browser::start(language).await;
    let mut wrong = Vec::new();

    browser
        .open(&world.at(&format!("/device?ui_locales={language}")))
        .await;
    browser.element("user-code").await;
    look(&browser, "device", language, &mut wrong).await;
    let code = codes["user_code"].as_str().expect("a code");
    browser.type_into("user-code", code).await;
    browser.click("continue").await;
    browser.type_into("username", &user.username).await;
    browser.type_into("password", &user.password).await;
    browser.click("sign-in").await;
    browser.click("continue").await;
    browser.element("approve").await;
    assert_eq!(browser.text_of("shown-code").await, code);
    look(&browser, "device-confirm", language, &mut wrong).await;
    browser.click("approve").await;
    browser.element("device-approved").await;
    look(&browser, "device-approved", language, &mut wrong).await;
    assert_eq!(poll(&device, &codes).await.status, 200);

    browser
        .open(&world.at(&format!("/device?ui_locales={language}")))
        .await;
    browser.type_into("user-code", "BCDF-GHJK").await;
    browser.click("continue").await;
    browser.element("error-message").await;
    look(&browser, "device-wrong", language, &mut wrong).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stop();
}

#[tokio::test]
async fn a_person_lets_a_device_in_in_vietnamese() {
    let_a_device_in("vi").await;
}

#[tokio::test]
async fn a_person_lets_a_device_in_in_english() {
    let_a_device_in("en").await;
}
