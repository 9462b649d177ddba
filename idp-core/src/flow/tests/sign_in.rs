//! Signing in: the throttle, other people's sessions, outdated hashes.

use std::sync::atomic::Ordering;

use super::{PASSWORD, World, asked, code_of, redirect_of, refused, sample, typed};
use crate::authn::known_browser::MOST_KNOWN;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::flow::browser::Browser;
use crate::flow::sign_in::SignedInBrowser;
use crate::model::session::SessionEnd;
use crate::model::user::AccountKind;
use crate::store::page::PageRequest;
use crate::store::tickets::TicketOp;

/// An attempt from an address, by a browser with a long-lived cookie.
async fn attempt(
    world: &World,
    (name, password): (&str, &str),
    (source, device): (&str, Option<&str>),
) -> Result<SignedInBrowser, Failure> {
    let typed = typed(name, password);
    let context = &mut world.context_from(source);
    let visitor = Visitor {
        device: device.map(|text| SecretText::new(text.to_owned())),
        ..world.browser()
    };
    world.provider.sign_in(&typed, &visitor, context).await
}

async fn wrong(world: &World, name: &str, source: &str, times: usize) {
    for _ in 0..times {
        let answer = attempt(world, (name, "sai rồi"), (source, None)).await;
        assert_eq!(refused(answer), Reason::CredentialsWrong);
    }
}

#[tokio::test]
async fn whoever_may_not_sign_in_is_told_the_same() {
    let world = World::new().await;
    world.disable("binh").await;
    let mut service = sample::user("may.chu");
    service.kind = AccountKind::Service;
    world
        .add_user(7, service, &format!("plain:{PASSWORD}"), false)
        .await;
    for (name, password) in [
        ("an", "sai rồi"),
        ("binh", PASSWORD),
        ("may.chu", PASSWORD),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("a\u{202e}n", PASSWORD),
    ] {
        let before = world.passwords.checked.load(Ordering::SeqCst);
        let answer = world.sign_in(&world.browser(), name, password).await;
        assert_eq!(refused(answer), Reason::CredentialsWrong, "{name}");
        let after = world.passwords.checked.load(Ordering::SeqCst);
        assert_eq!(after, before + 1, "the same work for {name}");
    }
}

#[tokio::test]
async fn a_name_may_be_typed_in_capitals() {
    let world = World::new().await;
    assert!(
        world
            .sign_in(&world.browser(), "AN", PASSWORD)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_sixth_wrong_attempt_waits_for_known_and_unknown_alike() {
    for name in ["an", "nobody"] {
        let world = World::new().await;
        wrong(&world, name, "a", 5).await;
        let checked = world.passwords.checked.load(Ordering::SeqCst);
        let answer = attempt(&world, (name, PASSWORD), ("a", None)).await;
        match answer {
            Err(Failure::Refused(refusal)) => {
                assert_eq!(refusal.reason, Reason::SignInThrottled);
                assert_eq!(refusal.retry_after, Some(900));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(
            world.passwords.checked.load(Ordering::SeqCst),
            checked,
            "not even looked at"
        );
        world.wait(15 * 60);
        wrong(&world, name, "a", 1).await;
    }
}

#[tokio::test]
async fn one_attacker_locks_nobody_out_elsewhere() {
    let world = World::new().await;
    wrong(&world, "an", "a", 5).await;
    assert!(attempt(&world, ("an", PASSWORD), ("b", None)).await.is_ok());
    assert!(
        attempt(&world, ("binh", PASSWORD), ("a", None))
            .await
            .is_ok()
    );
    let same = attempt(&world, ("an", PASSWORD), ("a", None)).await;
    assert_eq!(refused(same), Reason::SignInThrottled);
}

#[tokio::test]
async fn a_sign_in_gives_the_browser_a_new_cookie_under_which_its_tabs_go_on() {
    let world = World::new().await;
    let before = world.browser();
    let (_, tab) = asked(world.authorize(&before, &[]).await);
    let (_, other_tab) = asked(world.authorize(&before, &[]).await);
    let typed = typed("an", PASSWORD);
    let context = &mut world.context();
    let signed_in = world.provider.sign_in(&typed, &before, context).await;
    let signed_in = signed_in.unwrap();
    let session = Some(signed_in.begun.secret);
    let after = Visitor {
        browser: Browser::new(signed_in.browser),
        session: session.clone(),
        device: Some(signed_in.device),
        embedded: false,
    };
    assert_ne!(after.browser.form_token(), before.browser.form_token());
    for waiting in [tab, other_tab] {
        assert!(redirect_of(&world.resume(&after, &waiting).await.unwrap()).contains_key("code"));
    }
    world.wait(5);
    let (_, later) = asked(world.authorize(&after, &[("prompt", "login")]).await);
    let planted = Visitor { session, ..before };
    let reason = refused(world.resume(&planted, &later).await);
    assert_eq!(reason, Reason::BrowserNotTheBeginner);
}

#[tokio::test]
async fn a_browser_that_is_known_for_the_account_is_exempt_in_its_office() {
    let world = World::new().await;
    let planted = ("office", Some("cookie from elsewhere"));
    let first = attempt(&world, ("an", PASSWORD), planted).await.unwrap();
    assert_ne!(first.device.expose(), "cookie from elsewhere");
    let known = ("office", Some(first.device.expose()));
    assert!(
        attempt(&world, ("binh", "sai rồi"), ("office", Some("other")))
            .await
            .is_err()
    );
    wrong(&world, "an", "office", 5).await;
    wrong(&world, "binh", "office", 4).await;
    let stranger = attempt(&world, ("an", PASSWORD), ("office", Some("made up"))).await;
    assert_eq!(refused(stranger), Reason::SignInThrottled);
    let planted = attempt(&world, ("an", PASSWORD), planted).await;
    assert_eq!(
        refused(planted),
        Reason::SignInThrottled,
        "it never became known"
    );
    let again = attempt(&world, ("an", PASSWORD), known).await.unwrap();
    assert_eq!(again.device.expose(), first.device.expose());
    let binh = attempt(&world, ("binh", PASSWORD), known).await;
    assert_eq!(refused(binh), Reason::SignInThrottled, "known for an only");
    for _ in 0..5 {
        let answer = attempt(&world, ("an", "sai rồi"), known).await;
        assert_eq!(refused(answer), Reason::CredentialsWrong);
    }
    let sixth = attempt(&world, ("an", PASSWORD), known).await;
    assert_eq!(
        refused(sixth),
        Reason::SignInThrottled,
        "exempt from others, not from the rule"
    );
}

#[tokio::test]
async fn success_and_a_busy_server_give_the_attempt_back() {
    let world = World::new().await;
    for _ in 0..20 {
        assert!(
            world
                .sign_in(&world.browser(), "an", PASSWORD)
                .await
                .is_ok()
        );
    }
    world.passwords.busy.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        let answer = world.sign_in(&world.browser(), "an", PASSWORD).await;
        assert_eq!(refused(answer), Reason::SignInBusy);
    }
    world.passwords.busy.store(false, Ordering::SeqCst);
    wrong(&world, "an", "203.0.113.7", 4).await;
    assert!(
        world
            .sign_in(&world.browser(), "an", PASSWORD)
            .await
            .is_ok()
    );
    wrong(&world, "an", "203.0.113.7", 1).await;
    let answer = world.sign_in(&world.browser(), "an", PASSWORD).await;
    assert_eq!(
        refused(answer),
        Reason::SignInThrottled,
        "a success forgives no wrong attempt"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_do_not_pass() {
    let world = World::new().await;
    let guess = |world: World, n: usize| async move {
        let password = if n == 63 {
            PASSWORD.to_owned()
        } else {
            format!("đoán {n}")
        };
        attempt(&world, ("an", &password), ("a", None)).await
    };
    let tasks: Vec<_> = (0..64)
        .map(|n| tokio::spawn(guess(world.clone(), n)))
        .collect();
    let mut wrong = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => {}
            answer => match refused(answer) {
                Reason::CredentialsWrong => wrong += 1,
                reason => assert_eq!(reason, Reason::SignInThrottled),
            },
        }
    }
    assert!(wrong <= 5, "{wrong} guesses were judged");
    assert!(world.passwords.checked.load(Ordering::SeqCst) <= 6);
}

#[tokio::test]
async fn one_source_may_not_try_every_account() {
    let world = World::new().await;
    for n in 0..300 {
        let answer = attempt(&world, (&format!("name{n}"), "x"), ("a", None)).await;
        assert_eq!(refused(answer), Reason::CredentialsWrong, "{n}");
    }
    let answer = attempt(&world, ("an", PASSWORD), ("a", None)).await;
    assert_eq!(refused(answer), Reason::SignInThrottled);
    assert!(attempt(&world, ("an", PASSWORD), ("b", None)).await.is_ok());
}

#[tokio::test]
async fn another_persons_session_in_the_same_browser_ends() {
    let world = World::new().await;
    let logout = Some("https://rp.example/logout".to_owned());
    world
        .edit_client(|client| client.backchannel_logout_uri = logout)
        .await;
    let an = world.signed_in("an").await;
    let tokens = world.tokens(&an, &[]).await;
    let live = world
        .provider
        .live_session(an.session.as_ref(), world.now())
        .await
        .unwrap();
    let binh = world.after_sign_in(&an, "binh").await;
    assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    let ended = world
        .provider
        .records
        .session(live.unwrap().session.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        ended.session.ended,
        Some((world.now(), SessionEnd::Replaced))
    );
    let told = world
        .provider
        .records
        .outbox(None, &PageRequest::first(10))
        .await
        .unwrap();
    assert_eq!(told.entries.len(), 1);
    asked(world.authorize(&an, &[]).await);
    world.code(&binh, &[]).await;
}

#[tokio::test]
async fn an_outdated_hash_is_replaced_at_the_first_sign_in() {
    let world = World::new().await;
    let user = sample::user("chi");
    world
        .add_user(3, user.clone(), &format!("weak:{PASSWORD}"), false)
        .await;
    for _ in 0..2 {
        assert!(
            world
                .sign_in(&world.browser(), "chi", PASSWORD)
                .await
                .is_ok()
        );
    }
    let credentials = world.provider.records.credentials(user.id).await.unwrap();
    let hash = &credentials[0].password().unwrap().hash;
    assert_eq!(*hash, format!("plain:{PASSWORD}"));
    let upgrades = world
        .events()
        .await
        .iter()
        .filter(|e| *e == "password_upgraded")
        .count();
    assert_eq!(upgrades, 1);
}

#[tokio::test]
async fn a_password_that_was_reset_meanwhile_signs_nobody_in() {
    for kind in ["plain", "weak"] {
        let world = World::new().await;
        let user = sample::user("chi");
        let hash = format!("{kind}:{PASSWORD}");
        world.add_user(3, user.clone(), &hash, false).await;
        world.reset_meanwhile(user.id, "plain:mưa rơi trên mái tôn");
        let answer = world.sign_in(&world.browser(), "chi", PASSWORD).await;
        assert_eq!(refused(answer), Reason::CredentialsWrong, "{kind}");
        let now = world.provider.records.credentials(user.id).await.unwrap();
        let hash = &now[0].password().unwrap().hash;
        assert_eq!(hash, "plain:mưa rơi trên mái tôn", "{kind}");
    }
}

#[tokio::test]
async fn a_new_password_forgets_the_browsers_known_by_the_one_before() {
    let world = World::new().await;
    let first = attempt(&world, ("an", PASSWORD), ("office", None)).await;
    let known = first.unwrap().device;
    let known = ("office", Some(known.expose()));
    wrong(&world, "an", "office", 5).await;
    attempt(&world, ("an", PASSWORD), known).await.unwrap();
    // Whoever reset it wanted everybody out who knew the old one.
    world.wait(1);
    world.set_password("an", "mưa rơi trên mái tôn").await;
    let thief = attempt(&world, ("an", "sai rồi"), known).await;
    assert_eq!(refused(thief), Reason::SignInThrottled);
}

#[tokio::test]
async fn so_many_browsers_are_known_for_an_account_and_no_more() {
    let world = World::new().await;
    let mut devices = Vec::new();
    for n in 0..=MOST_KNOWN {
        let source = format!("source {n}");
        let signed_in = attempt(&world, ("an", PASSWORD), (&source, None)).await;
        devices.push(signed_in.unwrap().device);
        // The second is in use all the time.
        if let Some(second) = devices.get(1) {
            let second = ("second", Some(second.expose()));
            attempt(&world, ("an", PASSWORD), second).await.unwrap();
        }
    }
    wrong(&world, "an", "office", 5).await;
    for (n, device) in devices.iter().enumerate() {
        let known = ("office", Some(device.expose()));
        let answer = attempt(&world, ("an", PASSWORD), known).await;
        match n {
            0 => assert_eq!(refused(answer), Reason::SignInThrottled),
            _ => drop(answer.unwrap()),
        }
    }
}

/// What counts downwards: the books that are kept afterwards.
fn gives_back(op: &TicketOp) -> bool {
    matches!(op, TicketOp::Count { by, .. } if *by < 0)
}

#[tokio::test]
async fn books_that_cannot_be_kept_fail_no_sign_in_and_no_code() {
    let world = World::new().await;
    let visitor = world.browser();
    let (_, mine) = asked(world.authorize(&visitor, &[]).await);
    *world.tickets.broken.lock().unwrap() = Some(gives_back);
    let typed = typed("an", PASSWORD);
    let context = &mut world.context();
    let signed_in = world.provider.sign_in(&typed, &visitor, context).await;
    assert_eq!(world.heard.0.lock().unwrap().len(), 1);
    let visitor = Visitor {
        session: Some(signed_in.unwrap().begun.secret),
        ..visitor
    };
    code_of(&world.resume(&visitor, &mine).await.unwrap());
    assert_eq!(
        *world.heard.0.lock().unwrap(),
        ["the store is away", "the store is away"]
    );
}
