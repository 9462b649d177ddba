//! Guesses spread over everything that an account is called.

use idp_tests::{Agent, RelyingParty, World};

/// `throttle.per_account_and_source` as documented.
const ALLOWED: usize = 5;

/// The statuses of wrong passwords for these names, one after the other, each in a new browser.
async fn guess(relying_party: &RelyingParty, names: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for name in names {
        let mut agent = Agent::new();
        let page = relying_party
            .open(&mut agent, &relying_party.request())
            .await;
        let typed = [("username", *name), ("password", "not the password")];
        let answer = relying_party
            .press(&mut agent, &page, "sign-in", &typed)
            .await;
        statuses.push(answer.status);
    }
    statuses
}

#[tokio::test]
async fn all_names_of_an_account_share_one_count() {
    let world = World::demo();
    let relying_party = RelyingParty::of(&world, 0).await;
    let (name, mail, number) = ("an.nv", "an.nv@hoaban.example", "001085000001");
    let user = world
        .users
        .iter()
        .find(|user| user.username == name)
        .expect("an.nv");

    // The same person behind all three: otherwise the counts below would prove nothing.
    for typed in [name, mail, number] {
        let by_this_name = idp_tests::User {
            username: typed.to_owned(),
            ..user.clone()
        };
        relying_party
            .sign_in(&mut Agent::new(), &by_this_name)
            .await;
    }

    let tried = [name, mail, number, "AN.NV@HOABAN.EXAMPLE", " an.nv "];
    assert_eq!(tried.len(), ALLOWED);
    assert_eq!(guess(&relying_party, &tried).await, [401; ALLOWED]);
    assert_eq!(guess(&relying_party, &[name, mail, number]).await, [429; 3]);
    // It was this account's count that ended the guessing, not the source's.
    assert_eq!(guess(&relying_party, &["anh.dtn"]).await, [401]);

    let mut agent = Agent::new();
    let page = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let typed = [("username", number), ("password", user.password.as_str())];
    let answer = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    assert_eq!(
        answer.status, 429,
        "not even the right password is judged now"
    );
    assert!(!answer.header("retry-after").is_empty());
    world.stop();
}
