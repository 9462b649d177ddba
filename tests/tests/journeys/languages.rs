//! The language of the sign-in page after a refusal, where it is easily lost: that page answers a
//! form, so that it has no address of its own.

use idp_tests::{Agent, Answer, RelyingParty, World};
use url::Url;

fn language(answer: &Answer) -> String {
    let page = answer.page();
    let html = page
        .elements
        .iter()
        .find(|element| element.tag == "html")
        .expect("a page");
    html.attribute("lang").unwrap_or_default().to_owned()
}

/// Where the switch to this language leads.
fn switch_to(answer: &Answer, language: &str) -> Url {
    let page = answer.page();
    let link = page
        .elements
        .iter()
        .find(|element| element.attribute("hreflang") == Some(language));
    let link = link.unwrap_or_else(|| panic!("no switch to {language}: {}", answer.body));
    answer
        .url
        .join(link.attribute("href").expect("a link"))
        .expect("an address")
}

#[tokio::test]
async fn ui_locales_outlasts_refusals() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    // The agent's own `Accept-Language` says Vietnamese throughout.
    let mut agent = Agent::new();
    let request = relying_party.request().with("ui_locales", "en-GB fr");
    let mut page = relying_party.open(&mut agent, &request).await;
    assert_eq!(language(&page), "en");
    for _ in 0..2 {
        let typed = [("username", "an.nv"), ("password", "not the password")];
        page = relying_party
            .press(&mut agent, &page, "sign-in", &typed)
            .await;
        assert_eq!((page.status, language(&page).as_str()), (401, "en"));
        assert!(page.page().has("error-message"));
    }
    let plain = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    assert_eq!(
        language(&plain),
        "vi",
        "the application's wish is kept for its request alone"
    );
    world.stop();
}

#[tokio::test]
async fn the_switch_on_a_refused_page_leads_to_the_same_request() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let user = world.user();
    let mut agent = Agent::new();
    let request = relying_party.request();
    let page = relying_party.open(&mut agent, &request).await;
    let typed = [
        ("username", user.username.as_str()),
        ("password", "not the password"),
    ];
    let refused = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    assert_eq!((refused.status, language(&refused).as_str()), (401, "vi"));

    let english = agent.fetch(&switch_to(&refused, "en")).await;
    assert_eq!((english.status, language(&english).as_str()), (200, "en"));
    let refused = relying_party
        .press(&mut agent, &english, "sign-in", &typed)
        .await;
    assert_eq!(
        (refused.status, language(&refused).as_str()),
        (401, "en"),
        "the choice is kept"
    );
    let back = agent.fetch(&switch_to(&refused, "vi")).await;
    assert_eq!((back.status, language(&back).as_str()), (200, "vi"));

    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let mut answer = relying_party
        .press(&mut agent, &back, "sign-in", &typed)
        .await;
    if answer.page().has("choose-position") {
        answer = relying_party
            .press(&mut agent, &answer, "choose-position", &[])
            .await;
    }
    let callback = answer.location().expect("a redirect to the client");
    assert!(
        callback
            .as_str()
            .contains(&format!("state={}", request.state)),
        "{callback}"
    );
    world.stop();
}
