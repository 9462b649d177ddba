//! Attacks on devices and the people in front of them (RFC 8628 §5, security sentences 4 and 6).

use idp_tests::{Agent, RelyingParty, World};

use crate::openid::device::{codes, confirmation, poll, screen};

/// RFC 8628 §5.3: a code that was overheard is worth nothing to another client.
#[tokio::test]
async fn a_stolen_device_code_is_refused_to_another_client() {
    let world = World::demo();
    let (device, thief) = (
        screen(&world, "Màn hình").await,
        screen(&world, "Kẻ trộm").await,
    );
    let codes = codes(&device).await;
    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    device.press(&mut agent, &page, "approve", &[]).await;
    assert_eq!(poll(&thief, &codes).await.oauth_error(), "invalid_grant");
    let own = poll(&device, &codes).await;
    assert_eq!(own.status, 200, "nothing was spent: {}", own.body);
    world.stop();
}

/// RFC 8628 §5.1: guesses are held up, also the one that would have been right.
#[tokio::test]
async fn guessing_user_codes_is_held_up() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let codes = codes(&device).await;
    let mut agent = Agent::new();
    confirmation(&world, &mut agent, &codes).await;
    let alphabet = "BCDFGHJKLM";
    for letter in alphabet.chars().take(5) {
        let guess = format!("BCDFGHJ{letter}");
        let page = agent.fetch(&world.at("/device")).await;
        let typed = [("user-code", guess.as_str())];
        let page = device.press(&mut agent, &page, "continue", &typed).await;
        assert_eq!(page.status, 404, "{guess}");
    }
    let right = codes["user_code"].as_str().expect("a code");
    let page = agent.fetch(&world.at("/device")).await;
    let typed = [("user-code", right)];
    let page = device.press(&mut agent, &page, "continue", &typed).await;
    assert_eq!(page.status, 429);
    assert!(!page.page().has("approve"));
    world.stop();
}

/// RFC 8628 §5.4: the page says what a person who was sent a link must know, and the link by itself
/// does nothing.
#[tokio::test]
async fn a_link_that_somebody_sent_warns_and_does_nothing_by_itself() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let codes = codes(&device).await;
    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    assert!(page.page().has("device-warning"), "{}", page.body);
    assert!(page.body.contains("hãy từ chối"), "{}", page.body);
    // Signed in or not, opening the link asks nothing and answers nothing.
    let link = codes["verification_uri_complete"].as_str().expect("a link");
    let opened = agent.fetch(&link.parse().expect("an address")).await;
    assert!(!opened.page().has("approve"));
    assert_eq!(
        poll(&device, &codes).await.oauth_error(),
        "authorization_pending"
    );
    world.stop();
}

/// A form of another site, or of a page that was shown to somebody else, is no answer.
#[tokio::test]
async fn an_answer_without_the_pages_own_token_is_refused() {
    let world = World::demo();
    let device = screen(&world, "Màn hình").await;
    let codes = codes(&device).await;
    let mut agent = Agent::new();
    let page = confirmation(&world, &mut agent, &codes).await;
    let (target, mut fields) = idp_tests::relying_party::filled(&page, "approve", &[]);
    fields.retain(|(name, _)| name != "csrf");
    let answer = agent.submit(&target, &fields).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let relying_party = RelyingParty::of(&world, 0).await;
    assert_eq!(relying_party.metadata["issuer"], world.issuer.as_str());
    assert_eq!(
        poll(&device, &codes).await.oauth_error(),
        "authorization_pending"
    );
    world.stop();
}
