//! `/authorize` and its resumption.

use super::{World, answered, asked, claims, code_of, error_of, redirect_of, refused};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::authorize::AuthorizeReply;
use crate::flow::{Failure, authorize::Visitor};
use crate::oauth::interaction::Interaction;
use crate::oauth::sample::{ISSUER, REDIRECT};

#[tokio::test]
async fn who_signs_in_comes_back_with_a_code() {
    let world = World::new().await;
    let visitor = world.browser();
    let (question, waiting) = asked(world.authorize(&visitor, &[]).await);
    assert_eq!(question, Interaction::SignIn);
    let again = asked(world.resume(&visitor, &waiting).await);
    assert_eq!(again.0, Interaction::SignIn, "nothing was answered yet");
    assert_eq!(again.1.expose(), waiting.expose());
    let visitor = world.after_sign_in(&visitor, "an").await;
    let members = redirect_of(&world.resume(&visitor, &waiting).await.unwrap());
    assert_eq!(
        (members["state"].as_str(), members["iss"].as_str()),
        ("của tôi", ISSUER)
    );
    assert_eq!(members["code"].len(), 43);
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::PageExpired
    );
    assert_eq!(world.events().await, ["signed_in", "grant_authorized"]);
}

#[tokio::test]
async fn without_a_proved_address_the_answer_is_a_page() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    for (changed, reason) in [
        (("client_id", "nobody"), Reason::ClientUnknown),
        (("client_id", ""), Reason::ClientUnknown),
        (("client_id", "a:b"), Reason::ClientUnknown),
        (
            ("redirect_uri", "https://evil.example/"),
            Reason::RedirectUriMismatch,
        ),
        (("redirect_uri", ""), Reason::RedirectUriMissing),
    ] {
        assert_eq!(refused(world.authorize(&visitor, &[changed]).await), reason);
    }
}

#[tokio::test]
async fn with_prompt_none_every_question_is_an_error() {
    let world = World::new().await;
    let none = ("prompt", "none");
    let (error, reason) = error_of(world.authorize(&world.browser(), &[none]).await);
    assert_eq!(
        (error.as_str(), reason.as_str()),
        ("login_required", "sign_in_needed")
    );
    let visitor = world.signed_in("an").await;
    assert_eq!(world.code(&visitor, &[none]).await.len(), 43);
    world.wait(1);
    let (error, reason) = error_of(world.authorize(&visitor, &[none, ("max_age", "0")]).await);
    assert_eq!(
        (error.as_str(), reason.as_str()),
        ("login_required", "sign_in_too_old")
    );
    let members = redirect_of(&world.authorize(&world.browser(), &[none]).await.unwrap());
    assert_eq!(
        (members["state"].as_str(), members["iss"].as_str()),
        ("của tôi", ISSUER)
    );
    assert!(!members.contains_key("code"));
}

#[tokio::test]
async fn a_request_resumes_only_in_the_browser_that_began_it() {
    let world = World::new().await;
    let beginner = world.browser();
    let (_, waiting) = asked(world.authorize(&beginner, &[]).await);
    let other = world.signed_in("binh").await;
    let reason = refused(world.resume(&other, &waiting).await);
    assert_eq!(reason, Reason::BrowserNotTheBeginner);
    let unknown = SecretText::new("unknown".into());
    assert_eq!(
        refused(world.resume(&other, &unknown).await),
        Reason::PageExpired
    );
    let beginner = world.after_sign_in(&beginner, "an").await;
    assert!(redirect_of(&world.resume(&beginner, &waiting).await.unwrap()).contains_key("code"));
}

#[tokio::test]
async fn a_waiting_request_expires() {
    let world = World::new().await;
    let visitor = world.browser();
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    world.wait(15 * 60 - 1);
    assert_eq!(
        asked(world.resume(&visitor, &waiting).await).0,
        Interaction::SignIn
    );
    world.wait(1);
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::PageExpired
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_resumptions_one_brings_a_code() {
    let world = World::new().await;
    let visitor = world.browser();
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let visitor = world.after_sign_in(&visitor, "an").await;
    let resume = |world: World, visitor: Visitor, waiting: SecretText| async move {
        world.resume(&visitor, &waiting).await
    };
    let tasks: Vec<_> = (0..32)
        .map(|_| tokio::spawn(resume(world.clone(), visitor.clone(), waiting.clone())))
        .collect();
    let mut codes = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(reply) => {
                assert!(redirect_of(&reply).contains_key("code"));
                codes += 1;
            }
            other => {
                let reason = refused(other);
                assert!(
                    matches!(reason, Reason::PageAnswered | Reason::PageExpired),
                    "{reason:?}"
                );
            }
        }
    }
    assert_eq!(codes, 1);
    let grants = world
        .events()
        .await
        .iter()
        .filter(|e| *e == "grant_authorized")
        .count();
    assert_eq!(grants, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_first_requests_of_one_person_share_a_subject() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    // Late enough that every request also wants to mark the session as used.
    world.wait(61);
    let code = |world: World, visitor: Visitor| async move { world.code(&visitor, &[]).await };
    let tasks: Vec<_> = (0..16)
        .map(|_| tokio::spawn(code(world.clone(), visitor.clone())))
        .collect();
    let mut subjects = Vec::new();
    for task in tasks {
        let tokens = world.redeem(&task.await.unwrap()).await.unwrap();
        subjects.push(
            claims(&tokens["id_token"])["sub"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    subjects.dedup();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
}

#[tokio::test]
async fn a_fresh_sign_in_answers_login_and_max_age_and_keeps_the_sid() {
    for changed in [
        ("prompt", "login"),
        ("max_age", "0"),
        ("prompt", "select_account"),
    ] {
        let world = World::new().await;
        let visitor = world.signed_in("an").await;
        let before = claims(&world.tokens(&visitor, &[]).await["id_token"]);
        world.wait(5);
        let (question, waiting) = asked(world.authorize(&visitor, &[changed]).await);
        assert_eq!(question, Interaction::SignIn, "{changed:?}");
        assert_eq!(
            asked(world.resume(&visitor, &waiting).await).0,
            Interaction::SignIn
        );
        world.wait(5);
        let renewed = world.after_sign_in(&visitor, "an").await;
        let code = super::code_of(&world.resume(&renewed, &waiting).await.unwrap());
        let now = claims(&world.redeem(&code).await.unwrap()["id_token"]);
        assert_eq!((&now["sid"], &now["sub"]), (&before["sid"], &before["sub"]));
        assert_eq!(
            now["auth_time"].as_i64().unwrap() - before["auth_time"].as_i64().unwrap(),
            10
        );
        // The old secret is nobody's.
        assert_eq!(
            asked(world.authorize(&visitor, &[]).await).0,
            Interaction::SignIn
        );
    }
}

#[tokio::test]
async fn a_hint_names_who_must_be_signed_in() {
    let world = World::new().await;
    let (an, binh) = (world.signed_in("an").await, world.signed_in("binh").await);
    let tokens = world.tokens(&an, &[]).await;
    world.wait(3600 / 4);
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let none = ("prompt", "none");
    assert_eq!(
        world.code(&an, &[hint, none]).await.len(),
        43,
        "an expired hint is fine"
    );
    let (_, reason) = error_of(world.authorize(&binh, &[hint, none]).await);
    assert_eq!(reason, "signed_in_as_another");
    assert_eq!(
        asked(world.authorize(&binh, &[hint]).await).0,
        Interaction::SignIn
    );
    let access = tokens["access_token"].as_str().unwrap();
    for wrong in ["x", "e30.e30.e30", access] {
        let (error, reason) = error_of(world.authorize(&an, &[("id_token_hint", wrong)]).await);
        assert_eq!(
            (error.as_str(), reason.as_str()),
            ("invalid_request", "id_token_hint_wrong")
        );
    }
}

#[tokio::test]
async fn going_back_to_the_application_ends_the_request() {
    let world = World::new().await;
    let visitor = world.browser();
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let cancel = |browser| {
        let (world, waiting) = (world.clone(), waiting.clone());
        async move {
            let why = (&browser, Reason::ConsentRefused);
            let context = &mut world.context();
            world.provider.cancel(&waiting, why, context).await
        }
    };
    let other = refused(cancel(world.browser().browser).await);
    assert_eq!(other, Reason::BrowserNotTheBeginner);
    let members = answered(&cancel(visitor.browser.clone()).await.unwrap());
    assert_eq!(members["error"], "access_denied");
    assert_eq!(members["error_description"], "consent_refused");
    assert_eq!(members["state"], "của tôi");
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::PageExpired
    );
    assert_eq!(refused(cancel(visitor.browser).await), Reason::PageExpired);
}

#[tokio::test]
async fn what_happened_to_the_client_meanwhile_counts() {
    let world = World::new().await;
    let visitor = world.browser();
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let visitor = world.after_sign_in(&visitor, "an").await;
    world
        .edit_client(|client| client.redirect_uris = vec!["https://rp.example/".into()])
        .await;
    let moved = refused(world.resume(&visitor, &waiting).await);
    assert_eq!(moved, Reason::RedirectUriMismatch);
    world
        .edit_client(|client| client.redirect_uris = vec![REDIRECT.into()])
        .await;
    world.edit_client(|client| client.disabled = true).await;
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::ClientUnknown
    );
    assert_eq!(
        refused(world.authorize(&visitor, &[]).await),
        Reason::ClientUnknown
    );
}

#[tokio::test]
async fn idle_ended_and_disabled_sessions_are_none() {
    type Reply = Result<AuthorizeReply, Failure>;
    let sign_in = |reply: Reply| assert_eq!(asked(reply).0, Interaction::SignIn);
    let world = World::new().await;
    let idle = world.signed_in("an").await;
    world.wait(30 * 60 - 1);
    assert_eq!(
        world.code(&idle, &[]).await.len(),
        43,
        "being used keeps it alive"
    );
    world.wait(30 * 60 - 1);
    assert_eq!(world.code(&idle, &[]).await.len(), 43);
    world.wait(30 * 60);
    sign_in(world.authorize(&idle, &[]).await);
    let total = world.signed_in("an").await;
    for _ in 0..29 {
        world.wait(20 * 60);
        world.code(&total, &[]).await;
    }
    world.wait(20 * 60);
    sign_in(world.authorize(&total, &[]).await);
    let visitor = world.signed_in("an").await;
    world.disable("an").await;
    sign_in(world.authorize(&visitor, &[]).await);
}

#[tokio::test]
async fn one_source_lets_so_many_requests_wait() {
    let mut world = World::new().await;
    let policy = std::sync::Arc::make_mut(&mut world.provider.policy);
    policy.throttle.unfinished_per_source = 3;
    let visitor = world.browser();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(asked(world.authorize(&visitor, &[]).await).1);
    }
    for _ in 0..2 {
        let more = world.authorize(&visitor, &[]).await;
        assert_eq!(refused(more), Reason::TooManyUnfinished);
    }
    // Another source is not held to it, and what waits already goes on.
    let elsewhere = &mut world.context_from("198.51.100.9");
    asked(world.authorize_in(&visitor, &[], elsewhere).await);
    asked(world.resume(&visitor, &waiting[0]).await);
    // A request that was refused makes no room: beginning and refusing would fill the store too.
    let why = (&visitor.browser, Reason::ConsentRefused);
    let mut context = world.context();
    let cancelled = world.provider.cancel(&waiting[1], why, &mut context);
    cancelled.await.unwrap();
    let more = world.authorize(&visitor, &[]).await;
    assert_eq!(refused(more), Reason::TooManyUnfinished);
    // One that somebody finished does.
    let an = world.after_sign_in(&visitor, "an").await;
    code_of(&world.resume(&an, &waiting[0]).await.unwrap());
    asked(world.authorize(&visitor, &[]).await);
    let more = world.authorize(&visitor, &[]).await;
    assert_eq!(refused(more), Reason::TooManyUnfinished);
    // Whoever is signed in needs no page, and is not held up.
    world.code(&an, &[]).await;
    world.wait(15 * 60);
    asked(world.authorize(&visitor, &[]).await);
}

#[tokio::test]
async fn a_known_browser_waits_whatever_others_in_its_network_do() {
    let mut world = World::new().await;
    let policy = std::sync::Arc::make_mut(&mut world.provider.policy);
    policy.throttle.unfinished_per_source = 3;
    let typed = super::typed("an", super::PASSWORD);
    let context = &mut world.context();
    let browser = world.browser();
    let signed_in = world.provider.sign_in(&typed, &browser, context).await;
    let known = Visitor {
        device: Some(signed_in.unwrap().device),
        ..world.browser()
    };
    let stranger = Visitor {
        device: Some(SecretText::new("made up".to_owned())),
        ..world.browser()
    };
    for _ in 0..3 {
        asked(world.authorize(&stranger, &[]).await);
    }
    let more = world.authorize(&stranger, &[]).await;
    assert_eq!(refused(more), Reason::TooManyUnfinished);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(asked(world.authorize(&known, &[]).await).1);
    }
    // It is exempt from others, not from the rule.
    let more = world.authorize(&known, &[]).await;
    assert_eq!(refused(more), Reason::TooManyUnfinished);
    // What it finishes makes room where it was counted.
    let an = world.after_sign_in(&known, "an").await;
    code_of(&world.resume(&an, &waiting[0]).await.unwrap());
    let more = world.authorize(&stranger, &[]).await;
    assert_eq!(refused(more), Reason::TooManyUnfinished);
    asked(world.authorize(&known, &[]).await);
}
